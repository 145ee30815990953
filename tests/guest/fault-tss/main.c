/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: with a TSS that leads to no stack the first exception of user mode ends a kernel. Expected:
 * a reset on bare hardware, and on Xen a report that names the exception. Both end with 120. */
#include "guest.h"

USER_CODE(user_undefined, "ud2");

void test(void)
{
    struct frame frame;

    tss.rsp[0] = WINDOW + 0x800;
    print("user mode, and no kernel stack in the TSS\n");
    user_prepare(&frame, user_undefined);
    user_run(&frame);
}
