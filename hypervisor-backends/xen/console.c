/* SPDX-License-Identifier: BSD-2-Clause */
/* Xen's console for the wedge's words; the machine's ports, which the first domain may use, for the
 * guest's; the end. */
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

#define COM1 0x3f8

static void guest_console(uint8_t byte)
{
    port_write(COM1, 1, byte);
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
}
