/* SPDX-License-Identifier: BSD-2-Clause */
/* Ports of no device of the wedge: the machine's, for the first domain; another one has none. */
#include "xen.h"

/* With an I/O privilege level Xen carries IN and OUT out, but takes CLI and STI without a word:
 * only for the moment. */
static void privilege(uint32_t level)
{
    xen_check(XEN_HYPERCALL(XEN_PHYSDEV_OP, XEN_PHYSDEVOP_SET_IOPL, &level, 0, 0),
              "physdev_op: set_iopl");
}

uint32_t xen_port_read(uint16_t port, int width)
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

void xen_port_write(uint16_t port, int width, uint32_t value)
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

/* What a bus gives where nothing answers. */
static uint32_t no_port_read(uint16_t port, int width)
{
    (void)port;
    return width == 4 ? UINT32_MAX : (1u << 8 * width) - 1;
}

/* The port by which guests end a run with an exit code of their own (QEMU's isa-debug-exit) is the
 * domain's end, too: its administrator sees the code behind EXIT_CODE. */
#define PORT_EXIT_CODE 0xf4

static void no_port_write(uint16_t port, int width, uint32_t value)
{
    (void)width;
    if (port == PORT_EXIT_CODE)
        xen_end(XEN_SHUTDOWN_EXIT_CODE + (value & 0x7f));
}

void xen_ports_init(void)
{
    backend->port_read = xen_boot.first_domain ? xen_port_read : no_port_read;
    backend->port_write = xen_boot.first_domain ? xen_port_write : no_port_write;
}
