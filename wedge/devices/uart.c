/* SPDX-License-Identifier: BSD-2-Clause */
/* A 16550A UART as a PC's first serial port has it: line 4, gated by OUT2. Source: National
 * Semiconductor PC16550D data sheet (TL/C/8652), section 8, by its registers' names.
 *
 * Sending takes no time, so the transmitter is always empty, and its FIFO never holds anything. In
 * place of the four character times of the receiver's time-out, any byte below the trigger level
 * times out at once.
 */
#include "wedge/backend.h"
#include "wedge/devices.h"

#define FIFO_SIZE 16

/* Registers. */
enum { DATA, INTERRUPT_ENABLE, IDENTITY, LINE_CONTROL, MODEM_CONTROL, LINE, MODEM, SCRATCH };

#define ENABLE_RECEIVE  0x01
#define ENABLE_TRANSMIT 0x02
#define ENABLE_LINE     0x04
#define ENABLE_MODEM    0x08
#define ENABLE_ALL      0x0f

#define IDENTITY_MODEM    0x00
#define IDENTITY_NONE     0x01
#define IDENTITY_TRANSMIT 0x02
#define IDENTITY_RECEIVE  0x04
#define IDENTITY_LINE     0x06
#define IDENTITY_TIME_OUT 0x0c
#define IDENTITY_FIFO     0xc0

#define FIFO_ENABLE        0x01
#define FIFO_CLEAR_RECEIVE 0x02

#define LINE_CONTROL_DIVISOR 0x80

#define MODEM_CONTROL_DTR      0x01
#define MODEM_CONTROL_RTS      0x02
#define MODEM_CONTROL_OUT1     0x04
#define MODEM_CONTROL_OUT2     0x08
#define MODEM_CONTROL_LOOPBACK 0x10
#define MODEM_CONTROL_ALL      0x1f

#define LINE_READY   0x01
#define LINE_OVERRUN 0x02
#define LINE_EMPTY   0x60 /* the holding register and the transmitter */

#define MODEM_CTS           0x10
#define MODEM_DSR           0x20
#define MODEM_RING          0x40
#define MODEM_CARRIER       0x80
#define MODEM_LEVELS        0xf0
#define MODEM_CHANGES       0x0f
#define MODEM_CHANGED_SHIFT 4

static uint8_t interrupt_enable, line_control, modem_control, scratch;
static uint8_t divisor[2];
static uint8_t fifo_control;
static uint8_t modem;        /* the status register: levels, and what changed */
static bool overrun;         /* the one receive error there is */
static bool transmit_wanted; /* the "holding register empty" interrupt, until it was identified */

static uint8_t received[FIFO_SIZE];
static unsigned first, count;
static uint8_t last_read;

static bool has_fifo(void)
{
    return fifo_control & FIFO_ENABLE;
}

static unsigned capacity(void)
{
    return has_fifo() ? FIFO_SIZE : 1;
}

static unsigned trigger(void)
{
    static const uint8_t levels[] = {1, 4, 8, 14};

    return has_fifo() ? levels[fifo_control >> 6] : 1;
}

/* Table of the interrupt control functions: the one of highest priority. */
static uint8_t identity(void)
{
    if (interrupt_enable & ENABLE_LINE && overrun)
        return IDENTITY_LINE;
    if (interrupt_enable & ENABLE_RECEIVE && count >= trigger())
        return IDENTITY_RECEIVE;
    if (interrupt_enable & ENABLE_RECEIVE && count)
        return IDENTITY_TIME_OUT;
    if (interrupt_enable & ENABLE_TRANSMIT && transmit_wanted)
        return IDENTITY_TRANSMIT;
    if (interrupt_enable & ENABLE_MODEM && modem & MODEM_CHANGES)
        return IDENTITY_MODEM;
    return IDENTITY_NONE;
}

/* On a PC, OUT2 connects the chip to the line; in loopback its pin is off. */
static void drive_line(void)
{
    bool connected =
        (modem_control & (MODEM_CONTROL_OUT2 | MODEM_CONTROL_LOOPBACK)) == MODEM_CONTROL_OUT2;

    pic_set_line(PIC_LINE_SERIAL, connected && identity() != IDENTITY_NONE);
}

static void put_received(uint8_t byte)
{
    received[(first + count) % FIFO_SIZE] = byte;
    count++;
}

/* What the modem's inputs are at: somebody is always there, and nobody rings. In loopback the
 * outputs come back. */
static uint8_t modem_levels(void)
{
    uint8_t control = modem_control;

    if (!(control & MODEM_CONTROL_LOOPBACK))
        return MODEM_CTS | MODEM_DSR | MODEM_CARRIER;
    return (uint8_t)((control & MODEM_CONTROL_RTS ? MODEM_CTS : 0) |
                     (control & MODEM_CONTROL_DTR ? MODEM_DSR : 0) |
                     (control & MODEM_CONTROL_OUT1 ? MODEM_RING : 0) |
                     (control & MODEM_CONTROL_OUT2 ? MODEM_CARRIER : 0));
}

static void update_modem(void)
{
    uint8_t levels = modem_levels(), changed = (modem ^ levels) & MODEM_LEVELS;

    if (changed & MODEM_RING && levels & MODEM_RING)
        changed &= (uint8_t)~MODEM_RING; /* only the end of a ring is told */
    modem = levels | (modem & MODEM_CHANGES) | (uint8_t)(changed >> MODEM_CHANGED_SHIFT);
}

static void transmit(uint8_t byte)
{
    transmit_wanted = true; /* it is empty again */
    if (!(modem_control & MODEM_CONTROL_LOOPBACK)) {
        backend->guest_console(byte);
        return;
    }
    if (count < capacity()) {
        put_received(byte);
        return;
    }
    /* Line status register, overrun: a full FIFO loses the new byte, the lone register the old one.
     */
    overrun = true;
    if (!has_fifo())
        received[first] = byte;
}

static void write_fifo_control(uint8_t value)
{
    bool changes = (fifo_control ^ value) & FIFO_ENABLE;

    if (changes || (value & FIFO_ENABLE && value & FIFO_CLEAR_RECEIVE))
        count = 0;
    /* FIFO control register: the other bits only count together with the first. */
    fifo_control = value & FIFO_ENABLE ? value : 0;
}

static uint8_t read_received(void)
{
    if (count) { /* else the last one again */
        last_read = received[first];
        first = (first + 1) % FIFO_SIZE;
        count--;
    }
    return last_read;
}

static uint8_t read_register(unsigned number)
{
    uint8_t value = 0;

    if (line_control & LINE_CONTROL_DIVISOR && number <= INTERRUPT_ENABLE)
        return divisor[number];
    switch (number) {
    case DATA:
        return read_received();
    case INTERRUPT_ENABLE:
        return interrupt_enable;
    case IDENTITY:
        value = identity();
        if (value == IDENTITY_TRANSMIT)
            transmit_wanted = false;
        return value | (has_fifo() ? IDENTITY_FIFO : 0);
    case LINE_CONTROL:
        return line_control;
    case MODEM_CONTROL:
        return modem_control;
    case LINE:
        value = LINE_EMPTY | (count ? LINE_READY : 0) | (overrun ? LINE_OVERRUN : 0);
        overrun = false;
        return value;
    case MODEM:
        value = modem;
        modem &= MODEM_LEVELS;
        return value;
    default:
        return scratch;
    }
}

static void write_register(unsigned number, uint8_t value)
{
    if (line_control & LINE_CONTROL_DIVISOR && number <= INTERRUPT_ENABLE) {
        divisor[number] = value;
        return;
    }
    switch (number) {
    case DATA:
        transmit(value);
        break;
    case INTERRUPT_ENABLE:
        /* Enabling the interrupt while the register is empty, which it is, asks for it. Drivers
         * start sending like this, and test for chips that do not. */
        if (value & ENABLE_TRANSMIT & (uint8_t)~interrupt_enable)
            transmit_wanted = true;
        interrupt_enable = value & ENABLE_ALL;
        break;
    case IDENTITY:
        write_fifo_control(value);
        break;
    case LINE_CONTROL:
        line_control = value;
        break;
    case MODEM_CONTROL:
        modem_control = value & MODEM_CONTROL_ALL;
        update_modem();
        break;
    case SCRATCH:
        scratch = value;
        break;
    default: /* the status registers: not to be written, except in a factory */
        break;
    }
}

/* Table of the reset configuration. */
void uart_reset(void)
{
    interrupt_enable = line_control = modem_control = scratch = fifo_control = 0;
    divisor[0] = divisor[1] = 0;
    modem = modem_levels();
    overrun = transmit_wanted = false;
    first = count = 0;
    last_read = 0;
    drive_line();
}

uint8_t uart_read(uint16_t port)
{
    uint8_t value = read_register(port & 7);

    drive_line();
    return value;
}

void uart_write(uint16_t port, uint8_t value)
{
    write_register(port & 7, value);
    drive_line();
}

/* In loopback nobody listens to the wire; the byte waits where it is. */
bool uart_can_receive(void)
{
    return count < capacity() && !(modem_control & MODEM_CONTROL_LOOPBACK);
}

bool uart_receive(uint8_t byte)
{
    if (!uart_can_receive())
        return false;
    put_received(byte);
    drive_line();
    return true;
}
