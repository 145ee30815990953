/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: rdtsc is every kernel's clock; the virtual CPU may switch it off for user mode.
 * Expected: rdtsc grows, clears the upper halves, and CR4.TSD forbids it to user mode with #GP(0)
 * and not to the kernel; rdpmc raises #UD or #GP(0) where there are no counters; rdtscp is there
 * exactly when CPUID says so. */
#include "guest.h"

USER_CODE(user_rdtsc, "rdtsc; ud2");

void test(void)
{
    uint64_t last = rdtsc(), now, a = ~0ul, d = ~0ul;
    struct frame frame;
    uint32_t id[4];

    for (unsigned i = 0; i < 10000; i++) {
        now = rdtsc();
        if (now < last)
            give_up("rdtsc went back from %lu to %lu", last, now);
        last = now;
    }
    print("rdtsc: 10000 times, never back\n");
    asm volatile("rdtsc" : "+a"(a), "+d"(d));
    show("above EAX and EDX", a >> 32 | d >> 32);
    cr4_write(cr4_read() | 4);
    TRY("rdtsc", ::: "rax", "rdx");
    outcome("rdtsc in the kernel with TSD");
    user_prepare(&frame, user_rdtsc);
    user_run(&frame);
    user_outcome("rdtsc in user mode with TSD", &frame, user_rdtsc);
    cr4_write(cr4_read() & ~4ul);
    user_prepare(&frame, user_rdtsc);
    user_run(&frame);
    user_outcome("rdtsc in user mode without", &frame, user_rdtsc);

    cpuid(0x80000001, 0, id);
    fault.frame.vector = NO_FAULT;
    TRY("rdtscp", ::: "rax", "rcx", "rdx");
    check("rdtscp is there if CPUID says so",
          (fault.frame.vector == NO_FAULT) == (id[3] >> 27 & 1));
    TRY("rdpmc", ::"c"(0x3fffffff) : "rax", "rdx");
    check("rdpmc of a counter that is not there raises #UD or #GP(0)",
          fault.frame.vector == 6 || (fault.frame.vector == 13 && !fault.frame.error));
}
