/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: a fault on the way to a handler is how kernels notice that something is very wrong, and they
 * put such handlers on stacks of their own. Expected: contributory exceptions that meet make
 * #DF(0), on the IST stack of its gate, with the state of the first; a benign one or an interrupt
 * that meets a fault makes that fault; IST stacks are used by the other gates too, from user mode
 * as well. */
#include "ist.h"

USER_CODE(user_undefined, "ud2");

void test(void)
{
    struct frame frame;

    ist_start();
    gate_set(8, trap_stubs[8], 1, GATE_INTERRUPT);
    gate_set(6, trap_stubs[6], 2, GATE_INTERRUPT);
    TRY("ud2", ::: "memory");
    outcome("ud2");
    where("its stack");
    check("RSP in the frame", fault.frame.rsp > (uint64_t)boot_stack_top - 0x8000 &&
                                  fault.frame.rsp < (uint64_t)boot_stack_top);
    user_prepare(&frame, user_undefined);
    user_run(&frame);
    user_outcome("user mode, ud2", &frame, user_undefined);

    /* #GP whose gate is not there: #NP on the way, both contributory. */
    idt[13].type &= 0x7f;
    TRY("movl %0, %%fs", ::"r"(0x100));
    outcome("#GP without a gate");
    where("its stack");
    idt[13].type |= 0x80;
    /* #UD is benign: what is delivered is the #NP of its gate. */
    idt[6].type &= 0x7f;
    TRY("ud2", ::: "memory");
    print("#UD without a gate: %s\n",
          fault.frame.vector == 11 && !fault.behind &&
                  (fault.frame.error == 6 * 8 + 2 || fault.frame.error == 6 * 16 + 2)
              ? "#NP with its vector"
              : "WRONG");
    idt[6].type |= 0x80;
    /* A page fault whose gate leads nowhere. */
    idt[14].selector = 0x100;
    TRY("movb (%0), %%al", ::"r"(WINDOW) : "rax");
    outcome("#PF with a bad selector in its gate");
    idt[14].selector = KERNEL_CS;
}
