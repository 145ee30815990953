/* SPDX-License-Identifier: BSD-2-Clause */
/* Xen's clock, from the time stamp counter as it says in the page it shares, and its one-shot
 * timer. */
#include "wedge/print.h"
#include "wedge/time-stamp.h"
#include "xen-console.h"

static uint64_t programmed = UINT64_MAX;

static uint64_t clock_now(void)
{
    const volatile struct xen_vcpu_time_info *time = &xen_vcpu_info()->time;
    uint64_t delta, result;
    uint32_t version;

    do {
        version = time->version;
        asm volatile("lfence" ::: "memory");
        delta = time_stamp() - time->tsc_timestamp;
        delta = time->tsc_shift < 0 ? delta >> -time->tsc_shift : delta << time->tsc_shift;
        result = time->system_time +
                 (uint64_t)((unsigned __int128)delta * time->tsc_to_system_mul >> 32);
    } while (version & 1 || version != time->version);
    return result;
}

static void timer_set(uint64_t deadline)
{
    struct xen_set_singleshot_timer timer;

    if (deadline > xen_ring_deadline())
        deadline = xen_ring_deadline();
    timer = (struct xen_set_singleshot_timer){.timeout_abs_ns = deadline};
    if (deadline == programmed && deadline > clock_now())
        return;
    programmed = deadline;
    if (deadline == UINT64_MAX)
        xen_check(XEN_HYPERCALL(XEN_VCPU_OP, XEN_VCPUOP_STOP_SINGLESHOT_TIMER, 0, 0, 0),
                  "vcpu_op: stop timer");
    else
        xen_check(XEN_HYPERCALL(XEN_VCPU_OP, XEN_VCPUOP_SET_SINGLESHOT_TIMER, 0, &timer, 0),
                  "vcpu_op: timer");
}

static uint64_t wall_clock(void)
{
    const volatile struct xen_shared_info *shared = xen_shared_info();

    return ((uint64_t)shared->wc_sec_hi << 32 | shared->wc_sec) + clock_now() / 1000000000;
}

void xen_time_init(void)
{
    XEN_HYPERCALL(XEN_VCPU_OP, XEN_VCPUOP_STOP_PERIODIC_TIMER, 0, 0, 0);
    backend->clock = clock_now;
    backend->timer_set = timer_set;
    backend->wall_clock = wall_clock;
}
