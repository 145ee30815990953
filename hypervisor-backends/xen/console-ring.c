/* SPDX-License-Identifier: BSD-2-Clause */
/* The console of a domain that is not the first: a page of two rings, shared with a program in the
 * first domain (public/io/console.h), which an event channel wakes. */
#include "wedge/memory.h"
#include "wedge/vcpu.h"
#include "xen-console.h"

struct xen_ring {
    char in[1024], out[2048];
    uint32_t in_taken, in_put, out_taken, out_put; /* counts; places are modulo the size */
};
_Static_assert(sizeof(struct xen_ring) == 3088, "Xen's public header io/console.h");

/* That program takes 30 events in 200 ms, so that it is told at this distance. */
#define NANOSECONDS_BETWEEN 7000000u
#define DRAIN_NANOSECONDS   2000000000u
#define POLL_NANOSECONDS    10000000u
#define YIELDS_MOST         1000000u /* where there is no clock */

static struct xen_ring *ring;
static uint32_t channel;
static bool untold;    /* it has not been told of the last bytes */
static bool in_a_line; /* the guest is */
static uint64_t told;  /* when */

static void tell(uint32_t port)
{
    XEN_HYPERCALL(XEN_EVENT_CHANNEL_OP, XEN_EVTCHNOP_SEND, &port, 0, 0);
}

static uint32_t room(const struct xen_ring *of)
{
    return sizeof(of->out) - (of->out_put - __atomic_load_n(&of->out_taken, __ATOMIC_ACQUIRE));
}

static void append(struct xen_ring *to, char byte)
{
    to->out[to->out_put % sizeof(to->out)] = byte;
    __atomic_store_n(&to->out_put, to->out_put + 1, __ATOMIC_RELEASE);
}

void xen_ring_say(struct xen_ring *to, uint32_t port, const char *text, size_t length)
{
    for (size_t i = 0; i < length && room(to); i++)
        append(to, text[i]);
    tell(port);
    for (unsigned i = 0; i < YIELDS_MOST && room(to) < sizeof(to->out); i++)
        XEN_HYPERCALL(XEN_SCHED_OP, XEN_SCHEDOP_YIELD, 0, 0, 0);
}

void xen_ring_flush(void)
{
    if (!untold)
        return;
    tell(channel);
    untold = false;
    told = backend->clock();
}

uint64_t xen_ring_deadline(void)
{
    return untold ? told + NANOSECONDS_BETWEEN : UINT64_MAX;
}

/* A little while, or until the program has done something. */
static void pause(void)
{
    struct xen_sched_poll poll = {
        .ports = &channel, .nr_ports = 1, .timeout = backend->clock() + POLL_NANOSECONDS};

    /* With an event that waits Xen would not. */
    if (xen_take_event(channel))
        xen_console_event();
    XEN_HYPERCALL(XEN_SCHED_OP, XEN_SCHEDOP_POLL, &poll, 0, 0);
}

/* As long as it takes: who turns the console off wants the guest to wait. */
static void put(uint8_t byte)
{
    while (!room(ring)) {
        tell(channel);
        pause();
    }
    append(ring, (char)byte);
    in_a_line = byte != '\n';
    untold = true;
    if (backend->clock() >= xen_ring_deadline())
        xen_ring_flush();
    vcpu_page.disturbed = true; /* for the timer, should nothing follow */
}

static void log_text(const char *text, size_t length)
{
    bool apart = in_a_line;

    if (apart) {
        put('\r');
        put('\n');
    }
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\n')
            put('\r');
        put((uint8_t)text[i]);
    }
}

void xen_ring_drain(void)
{
    uint64_t end = backend->clock() + DRAIN_NANOSECONDS;

    tell(channel);
    /* The clock may stand still, as long as Xen has no place for it. */
    for (unsigned i = 0;
         i < YIELDS_MOST && room(ring) < sizeof(ring->out) && backend->clock() < end; i++)
        pause();
}

static bool take(void)
{
    if (xen_boot.first_domain)
        return false;
    ring = physical(xen_boot.console_page << PAGE_SHIFT);
    channel = xen_boot.console_channel;
    return true;
}

static bool has_input(void)
{
    return __atomic_load_n(&ring->in_put, __ATOMIC_ACQUIRE) != ring->in_taken;
}

static uint8_t get(void)
{
    uint8_t byte = (uint8_t)ring->in[ring->in_taken % sizeof(ring->in)];

    __atomic_store_n(&ring->in_taken, ring->in_taken + 1, __ATOMIC_RELEASE);
    if (!has_input())
        tell(channel); /* there is room */
    return byte;
}

static uint32_t listen(void)
{
    xen_unmask(channel);
    return channel;
}

static void acknowledge(void)
{
}

const struct xen_console xen_console_ring = {
    .take = take,
    .log = log_text,
    .put = put,
    .has_input = has_input,
    .get = get,
    .listen = listen,
    .acknowledge = acknowledge,
};
