/* SPDX-License-Identifier: BSD-2-Clause */
/* The guest's console: the machine's first serial port where the first domain may use it, a ring
 * shared with the first domain in others, else Xen's own console. The wedge's words: Xen's console
 * for the first domain, else the ring. The end. */
#include "wedge/devices.h"
#include "xen-console.h"

/* --- Xen's console */

static char input[64];
static unsigned input_at, input_end;

static bool xen_take(void)
{
    return true;
}

void xen_log(const char *text, size_t length)
{
    XEN_HYPERCALL(XEN_CONSOLE_IO, XEN_CONSOLEIO_WRITE, length, text, 0);
}

static void xen_put(uint8_t byte)
{
    char text = (char)byte;

    xen_log(&text, 1);
}

static bool xen_has_input(void)
{
    long size;

    if (input_at < input_end)
        return true;
    size = XEN_HYPERCALL(XEN_CONSOLE_IO, XEN_CONSOLEIO_READ, sizeof(input), input, 0);
    input_at = 0;
    input_end = size > 0 ? (unsigned)size : 0;
    return input_end;
}

static uint8_t xen_get(void)
{
    return (uint8_t)input[input_at++];
}

static uint32_t xen_listen(void)
{
    return xen_bind_virq(XEN_VIRQ_CONSOLE);
}

static void xen_acknowledge(void)
{
}

static const struct xen_console xen_console = {
    .take = xen_take,
    .log = xen_log,
    .put = xen_put,
    .has_input = xen_has_input,
    .get = xen_get,
    .listen = xen_listen,
    .acknowledge = xen_acknowledge,
};

/* --- Whichever it is */

uint32_t xen_console_port;

static const struct xen_console *console;
static bool input_waits; /* there may be some */

static void guest_console(uint8_t byte)
{
    console->put(byte);
}

void xen_console_event(void)
{
    input_waits = true;
    console->acknowledge();
}

/* What the guest's port has no room for stays where it is; the guest makes room by reading, which
 * brings us here again. */
void xen_console_input(void)
{
    while (input_waits && uart_can_receive()) {
        input_waits = console->has_input();
        if (input_waits)
            uart_receive(console->get());
    }
}

void xen_console_input_init(void)
{
    xen_console_port = console->listen();
}

void xen_end(uint32_t reason)
{
    if (!xen_boot.first_domain)
        xen_ring_drain();
    for (;;)
        XEN_HYPERCALL(XEN_SCHED_OP, XEN_SCHEDOP_SHUTDOWN, &reason, 0, 0);
}

static void __attribute__((noreturn)) end(enum backend_end how)
{
    xen_end(how == BACKEND_END_POWER_OFF ? XEN_SHUTDOWN_POWEROFF
            : how == BACKEND_END_REBOOT  ? XEN_SHUTDOWN_REBOOT
                                         : XEN_SHUTDOWN_CRASH);
}

void xen_console_init(void)
{
    static const struct xen_console *const consoles[] = {&xen_console_com1, &xen_console_ring,
                                                         &xen_console};
    unsigned i = 0;

    backend->guest_console = guest_console;
    backend->end = end;
    while (!consoles[i]->take())
        i++;
    console = consoles[i];
    backend->log = console->log;
}
