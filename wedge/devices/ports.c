/* SPDX-License-Identifier: BSD-2-Clause */
/* Which device an I/O port belongs to. The devices are a byte wide, as on the ISA bus, whose bridge
 * splits what is wider into bytes at consecutive ports (Intel PIIX3 data sheet, 290550-002, ISA
 * interface). What is no device's goes to the back end in one piece.
 */
#include "wedge/backend.h"
#include "wedge/devices.h"

/* Lone ports. */
#define KEYBOARD_DATA    0x60
#define KEYBOARD_COMMAND 0x64
#define POST_CODE        0x80 /* also written by kernels for its delay */
#define SYSTEM_A         0x92 /* PS/2 system control port A */
#define RESET_CONTROL    0xcf9

/* The ISA bus's DMA controllers and their page registers (PIIX3 data sheet): there are none, since
 * they would use the guest's page numbers for the machine's. */
#define DMA_1     0x00
#define DMA_PAGES 0x80
#define DMA_2     0xc0

#define SYSTEM_A_RESET 0x01
#define SYSTEM_A_A20   0x02

/* PIIX3 data sheet, RC: a rise of bit 2 resets, bit 1 says how hard. */
#define RESET_CPU  0x04
#define RESET_KEPT 0x0a

/* IBM PS/2 technical reference, keyboard controller, commands 0xf0 to 0xff: pulses the output lines
 * whose bits are 0. Line 0 is the processor's reset. */
#define KEYBOARD_PULSE_MASK  0xf1
#define KEYBOARD_PULSE_RESET 0xf0

static uint8_t system_a = SYSTEM_A_A20, reset_control;

enum owner { BACKEND, PIC, PIT, RTC, UART, LONE };

static enum owner owner_of(uint16_t port)
{
    switch (port) {
    case 0x20 ... 0x21:
    case 0xa0 ... 0xa1:
    case 0x4d0 ... 0x4d1:
        return PIC;
    case 0x40 ... 0x43:
    case 0x61:
        return PIT;
    case 0x70 ... 0x71:
        return RTC;
    case 0x3f8 ... 0x3ff:
        return UART;
    case KEYBOARD_DATA:
    case KEYBOARD_COMMAND:
    case RESET_CONTROL:
    case DMA_1 ... DMA_1 + 15:
    case DMA_PAGES ... DMA_PAGES + 15: /* POST_CODE among them */
    case SYSTEM_A:
    case DMA_2 ... DMA_2 + 31:
        return LONE;
    default:
        return BACKEND;
    }
}

/* Whether an access is made of bytes because some of it is a device's. The reset register is only
 * there for accesses that begin at it: it lies in the middle of PCI's address register. */
static bool is_split(uint16_t port, int width)
{
    for (int i = 0; i < width; i++) {
        uint16_t part = (uint16_t)(port + i);

        if (owner_of(part) != BACKEND && (part != RESET_CONTROL || !i))
            return true;
    }
    return false;
}

static uint8_t read_lone(uint16_t port)
{
    switch (port) {
    case SYSTEM_A:
        return system_a;
    case RESET_CONTROL:
        return reset_control;
    default:
        /* There is no keyboard controller, nor one for DMA: nothing drives the bus. All ones in its
         * status is what machines without one give, and what kernels take for that; zeros would be
         * a controller that they then wait for. */
        return 0xff;
    }
}

static void write_lone(uint16_t port, uint8_t value)
{
    switch (port) {
    case KEYBOARD_COMMAND: /* the one thing that kernels expect of it nevertheless */
        if ((value & KEYBOARD_PULSE_MASK) == KEYBOARD_PULSE_RESET)
            backend->end(BACKEND_END_REBOOT);
        break;
    case SYSTEM_A:
        if (value & SYSTEM_A_RESET)
            backend->end(BACKEND_END_REBOOT);
        system_a = value;
        break;
    case RESET_CONTROL:
        if (value & RESET_CPU)
            backend->end(BACKEND_END_REBOOT);
        reset_control = value & RESET_KEPT;
        break;
    default:
        break;
    }
}

static uint8_t read_byte(uint16_t port)
{
    switch (owner_of(port)) {
    case PIC:
        return pic_read(port);
    case PIT:
        return pit_read(port, backend->clock());
    case RTC:
        return rtc_read(port, backend->clock());
    case UART:
        return uart_read(port);
    case LONE:
        return read_lone(port);
    case BACKEND:
        break;
    }
    return (uint8_t)backend->port_read(port, 1);
}

static void write_byte(uint16_t port, uint8_t value)
{
    switch (owner_of(port)) {
    case PIC:
        pic_write(port, value);
        break;
    case PIT:
        pit_write(port, value, backend->clock());
        break;
    case RTC:
        rtc_write(port, value, backend->clock());
        break;
    case UART:
        uart_write(port, value);
        break;
    case LONE:
        write_lone(port, value);
        break;
    case BACKEND:
        backend->port_write(port, 1, value);
        break;
    }
}

uint32_t ports_read(uint16_t port, int width)
{
    uint32_t value = 0;

    if (!is_split(port, width))
        return pci_is_port(port) ? pci_read(port, width) : backend->port_read(port, width);
    for (int i = 0; i < width; i++)
        value |= (uint32_t)read_byte((uint16_t)(port + i)) << 8 * i;
    return value;
}

void ports_write(uint16_t port, int width, uint32_t value)
{
    if (!is_split(port, width)) {
        if (pci_is_port(port))
            pci_write(port, width, value);
        else
            backend->port_write(port, width, value);
        return;
    }
    for (int i = 0; i < width; i++)
        write_byte((uint16_t)(port + i), (uint8_t)(value >> 8 * i));
}

bool ports_disturbs(uint16_t port, bool in)
{
    enum owner owner = owner_of(port);

    /* What the interrupt controllers say of their requests depends on the time; their masks do not.
     */
    return owner != BACKEND && owner != LONE &&
           (!in || (owner != PIT && (owner != PIC || port == 0x20 || port == 0xa0)));
}
