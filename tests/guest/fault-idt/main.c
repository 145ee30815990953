/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: an IDT that is not mapped turns any exception into a triple fault. Expected: a reset on bare
 * hardware, and on Xen a report that names the exception that began it. Both end with 120. */
#include "guest.h"

void test(void)
{
    struct table_pointer pointer = {4095, WINDOW};

    print("loads a bad IDT\n");
    asm volatile("lidt %0" ::"m"(pointer));
    asm volatile("ud2");
}
