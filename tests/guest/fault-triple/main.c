/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: kernels reset the machine by a triple fault when all else fails. Expected: it is a reset,
 * with a report on Xen; the run ends with 120. */
#include "guest.h"

void test(void)
{
    struct table_pointer pointer = {0, 0};

    print("an empty IDT\n");
    asm volatile("lidt %0\n\tint3" ::"m"(pointer));
}
