/* SPDX-License-Identifier: BSD-2-Clause */
/* Xen's console for the wedge's words; for the guest's, the machine's first serial port where the
 * first domain may use it, else Xen's console, too. Ports of no device of the wedge; the end.
 *
 * The serial port: National Semiconductor PC16550D data sheet (TL/C/8652), section 8. */
#include "wedge/devices.h"
#include "wedge/print.h"
#include "xen.h"

static void log_text(const char *text, size_t length)
{
    XEN_HYPERCALL(XEN_CONSOLE_IO, XEN_CONSOLEIO_WRITE, length, text, 0);
}

/* With an I/O privilege level Xen carries IN and OUT out, but takes CLI and STI without a word:
 * only for the moment. */
static void privilege(uint32_t level)
{
    xen_check(XEN_HYPERCALL(XEN_PHYSDEV_OP, XEN_PHYSDEVOP_SET_IOPL, &level, 0, 0),
              "physdev_op: set_iopl");
}

static uint32_t port_read(uint16_t port, int width)
{
    uint32_t value = 0;

    privilege(1);
    if (width == 1)
        asm volatile("inb %%dx, %%al" : "+a"(value) : "d"(port));
    else if (width == 2)
        asm volatile("inw %%dx, %%ax" : "+a"(value) : "d"(port));
    else
        asm volatile("inl %%dx, %%eax" : "=a"(value) : "d"(port));
    privilege(0);
    return value;
}

static void port_write(uint16_t port, int width, uint32_t value)
{
    privilege(1);
    if (width == 1)
        asm volatile("outb %%al, %%dx" ::"a"(value), "d"(port));
    else if (width == 2)
        asm volatile("outw %%ax, %%dx" ::"a"(value), "d"(port));
    else
        asm volatile("outl %%eax, %%dx" ::"a"(value), "d"(port));
    privilege(0);
}

/* --- The guest's console
 * ------------------------------------------------------------------------------------------------
 */

#define COM1              0x3f8 /* then its registers */
#define INTERRUPT_ENABLE  1
#define FIFO_CONTROL      2
#define LINE_CONTROL      3
#define MODEM_CONTROL     4
#define LINE_STATUS       5
#define ENABLE_RECEIVE    0x01
#define FIFO_ON_AND_CLEAR 0x07
#define LINE_8N1          0x03
#define LINE_DIVISOR      0x80 /* registers 0 and 1 are the divisor: 1 for 115200 baud */
#define MODEM_ON          0x0b /* DTR, RTS, and the line to the interrupt controller */
#define CAN_READ          0x01
#define CAN_SEND          0x20
#define FIFO_SIZE         16
#define COM1_IRQ          4

uint32_t xen_console_port;

static bool has_com1;
static unsigned can_send; /* bytes that the port takes without being asked */
static bool input_waits;  /* there may be some, at COM1 or Xen's console */
static char input[64];    /* from Xen's */
static unsigned input_at, input_end;

static void com1_write(unsigned number, uint8_t value)
{
    port_write((uint16_t)(COM1 + number), 1, value);
}

static uint8_t com1_read(unsigned number)
{
    return (uint8_t)port_read((uint16_t)(COM1 + number), 1);
}

/* All ones are of no port, or of one that Xen keeps to itself. */
static bool com1_take(void)
{
    if (com1_read(LINE_STATUS) == 0xff)
        return false;
    com1_write(INTERRUPT_ENABLE, 0);
    com1_write(LINE_CONTROL, LINE_DIVISOR | LINE_8N1);
    com1_write(0, 1);
    com1_write(1, 0);
    com1_write(LINE_CONTROL, LINE_8N1);
    com1_write(FIFO_CONTROL, FIFO_ON_AND_CLEAR);
    com1_write(MODEM_CONTROL, MODEM_ON);
    return true;
}

static void guest_console(uint8_t byte)
{
    char text = (char)byte;

    if (!has_com1) {
        log_text(&text, 1);
        return;
    }
    while (!can_send)
        can_send = com1_read(LINE_STATUS) & CAN_SEND ? FIFO_SIZE : 0;
    com1_write(0, byte);
    can_send--;
}

void xen_console_event(void)
{
    uint32_t irq = COM1_IRQ;

    input_waits = true;
    /* Lines that the place does not want acknowledged are none the worse for it. */
    if (has_com1)
        XEN_HYPERCALL(XEN_PHYSDEV_OP, XEN_PHYSDEVOP_EOI, &irq, 0, 0);
}

/* Whether there is a byte of input; it is not taken. */
static bool look_at_input(void)
{
    long size;

    if (has_com1)
        return com1_read(LINE_STATUS) & CAN_READ;
    if (input_at < input_end)
        return true;
    size = XEN_HYPERCALL(XEN_CONSOLE_IO, XEN_CONSOLEIO_READ, sizeof(input), input, 0);
    input_at = 0;
    input_end = size > 0 ? (unsigned)size : 0;
    return input_end;
}

/* What the guest's port has no room for stays where it is; the guest makes room by reading, which
 * brings us here again. */
void xen_console_input(void)
{
    while (input_waits && uart_can_receive()) {
        input_waits = look_at_input();
        if (input_waits)
            uart_receive(has_com1 ? com1_read(0) : (uint8_t)input[input_at++]);
    }
}

void xen_console_input_init(void)
{
    xen_console_port = has_com1 ? xen_bind_irq(COM1_IRQ) : xen_bind_virq(XEN_VIRQ_CONSOLE);
    if (has_com1 && xen_console_port)
        com1_write(INTERRUPT_ENABLE, ENABLE_RECEIVE);
    else if (has_com1)
        wedge_print("COM1 sends only: Xen does not give its interrupt away");
}

static void __attribute__((noreturn)) end(enum backend_end how)
{
    uint32_t reason = how == BACKEND_END_POWER_OFF ? XEN_SHUTDOWN_POWEROFF
                      : how == BACKEND_END_REBOOT  ? XEN_SHUTDOWN_REBOOT
                                                   : XEN_SHUTDOWN_CRASH;

    for (;;)
        XEN_HYPERCALL(XEN_SCHED_OP, XEN_SCHEDOP_SHUTDOWN, &reason, 0, 0);
}

void xen_console_init(void)
{
    backend->log = log_text;
    backend->port_read = port_read;
    backend->port_write = port_write;
    backend->guest_console = guest_console;
    backend->end = end;
    has_com1 = com1_take();
}
