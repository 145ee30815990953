/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: a kernel that loops with interrupts off takes nothing from outside any more. Expected: the
 * run ends with 124 when its time is over. */
#include "guest.h"

void test(void)
{
    print("loops\n");
    asm volatile("cli\n1: jmp 1b");
}
