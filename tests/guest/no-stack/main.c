/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: kernels notice that their stack has overflowed by the double fault, or by a page fault on a
 * stack of its own. A hypervisor that cannot push its own frame on such a stack ends the guest
 * instead (Xen does: docs on the back end for Xen). Expected: an exception or int whose frame
 * cannot be pushed becomes #DF(0), or #PF when that has an IST stack, with the RSP that was bad in
 * the frame. */
#include "ist.h"

/* Carries out an instruction with RSP where nothing is mapped. */
#define WITHOUT_STACK(instruction)                                                                 \
    do {                                                                                           \
        uint64_t stack_;                                                                           \
        fault.frame.vector = NO_FAULT;                                                             \
        asm volatile("movq %%rsp, %0; movq %1, %%rsp\n801: " instruction                           \
                     "\n802: movq %0, %%rsp" EXPECT("801b", "802b", 0)                             \
                     : "=&r"(stack_)                                                               \
                     : "r"(WINDOW + 0x800)                                                         \
                     : "memory");                                                                  \
    } while (0)

void test(void)
{
    ist_start();
    gate_set(8, trap_stubs[8], 1, GATE_INTERRUPT);
    /* The stack is gone: #PF, and another one when its frame is pushed. */
    WITHOUT_STACK("ud2");
    outcome("ud2 without a stack");
    where("its stack");
    gate_set(14, trap_stubs[14], 3, GATE_INTERRUPT);
    WITHOUT_STACK("ud2");
    outcome("the same, #PF with an IST");
    where("its stack");
    check("RSP in the frame", fault.frame.rsp == WINDOW + 0x800);
    WITHOUT_STACK("pushq %%rax");
    outcome("push without a stack");
    gate_set(14, trap_stubs[14], 0, GATE_INTERRUPT);
    WITHOUT_STACK("pushq %%rax");
    outcome("the same, #PF without an IST");
    check("RSP in the frame", fault.frame.rsp == WINDOW + 0x800);
    WITHOUT_STACK("int $0x80");
    outcome("int without a stack");
}
