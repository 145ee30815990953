/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: user mode's own instructions are not annotated, and some show or keep state of the real
 * processor without a trap: what they say differs where that is not the guest's. Programs for
 * x86_64 do not depend on it, since processors with UMIP forbid most of them; here is what they
 * see. Expected: on bare hardware the guest's IOPL, IF, CR0, LDT and TSS; on Xen IOPL 0, IF set,
 * and Xen's selectors (expected.xen). popf with IOPL 3 changes IF on bare hardware only. */
#include "guest.h"

USER_CODE(user_pushf, "pushfq; popq %rax; ud2");
USER_CODE(user_popf, "pushq $2; popfq; ud2");
USER_CODE(user_tables, "sldt %eax; str %ecx; smsw %edx; ud2");

void test(void)
{
    struct frame frame;

    user_try("pushf with IOPL 3", &frame, user_pushf, 0x3202);
    show("flags", frame.rax & 0x3200);
    user_try("popf with IOPL 3", &frame, user_popf, 0x3202);
    show("flags", frame.rflags & 0x3200);
    user_try("sldt, str, smsw", &frame, user_tables, 2);
    show("LDT", frame.rax);
    show("TSS", frame.rcx);
    show("CR0: PE", frame.rdx & 1);
}
