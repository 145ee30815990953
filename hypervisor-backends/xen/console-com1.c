/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine's first serial port, which the first domain may use.
 *
 * Source: National Semiconductor PC16550D data sheet (TL/C/8652), section 8. */
#include "wedge/print.h"
#include "xen-console.h"

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

static unsigned can_send; /* bytes that the port takes without being asked */

static void port_write(unsigned number, uint8_t value)
{
    xen_port_write((uint16_t)(COM1 + number), 1, value);
}

static uint8_t port_read(unsigned number)
{
    return (uint8_t)xen_port_read((uint16_t)(COM1 + number), 1);
}

/* All ones are of no port, or of one that Xen keeps to itself. */
static bool take(void)
{
    if (!xen_boot.first_domain || port_read(LINE_STATUS) == 0xff)
        return false;
    port_write(INTERRUPT_ENABLE, 0);
    port_write(LINE_CONTROL, LINE_DIVISOR | LINE_8N1);
    port_write(0, 1);
    port_write(1, 0);
    port_write(LINE_CONTROL, LINE_8N1);
    port_write(FIFO_CONTROL, FIFO_ON_AND_CLEAR);
    port_write(MODEM_CONTROL, MODEM_ON);
    return true;
}

static void put(uint8_t byte)
{
    while (!can_send)
        can_send = port_read(LINE_STATUS) & CAN_SEND ? FIFO_SIZE : 0;
    port_write(0, byte);
    can_send--;
}

static bool has_input(void)
{
    return port_read(LINE_STATUS) & CAN_READ;
}

static uint8_t get(void)
{
    return port_read(0);
}

static uint32_t listen(void)
{
    uint32_t port = xen_bind_irq(COM1_IRQ);

    if (port)
        port_write(INTERRUPT_ENABLE, ENABLE_RECEIVE);
    else
        wedge_print("COM1 sends only: Xen does not give its interrupt away");
    return port;
}

/* Lines that the place does not want acknowledged are none the worse for it. */
static void acknowledge(void)
{
    uint32_t irq = COM1_IRQ;

    XEN_HYPERCALL(XEN_PHYSDEV_OP, XEN_PHYSDEVOP_EOI, &irq, 0, 0);
}

const struct xen_console xen_console_com1 = {
    .take = take,
    .log = xen_log,
    .put = put,
    .has_input = has_input,
    .get = get,
    .listen = listen,
    .acknowledge = acknowledge,
};
