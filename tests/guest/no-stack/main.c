/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: kernels notice that their stack has overflowed by the double fault, or by a page fault on a
 * stack of its own. A hypervisor that cannot push its own frame on such a stack ends the guest
 * instead (Xen does: docs on the back end for Xen). Expected: an exception or int whose frame
 * cannot be pushed becomes #DF(0), or #PF when that has an IST stack, with the RSP that was bad in
 * the frame. */
#include "guest.h"

static uint8_t stacks[3][4096] __attribute__((aligned(16)));
static uint64_t frame_address;

static bool hook(struct frame *frame)
{
    frame_address = (uint64_t)&frame->ss + 8;
    return false;
}

static void where(const char *name)
{
    for (unsigned i = 0; i < 3; i++)
        if (frame_address == (uint64_t)stacks[i] + 4096) {
            print("%s: IST %u\n", name, i + 1);
            return;
        }
    print("%s: no IST stack\n", name);
}

void test(void)
{
    uint64_t stack;

    trap_hook = hook;
    for (unsigned i = 0; i < 3; i++)
        tss.ist[i] = (uint64_t)stacks[i] + 4096;
    gate_set(8, trap_stubs[8], 1, GATE_INTERRUPT);
    /* The stack is gone: #PF, and another one when its frame is pushed. */
    fault.frame.vector = NO_FAULT;
    asm volatile(
        "movq %%rsp, %0; movq %1, %%rsp\n801: ud2\n802: movq %0, %%rsp" EXPECT("801b", "802b", 0)
        : "=&r"(stack)
        : "r"(WINDOW + 0x800)
        : "memory");
    outcome("ud2 without a stack");
    where("its stack");
    gate_set(14, trap_stubs[14], 3, GATE_INTERRUPT);
    fault.frame.vector = NO_FAULT;
    asm volatile(
        "movq %%rsp, %0; movq %1, %%rsp\n801: ud2\n802: movq %0, %%rsp" EXPECT("801b", "802b", 0)
        : "=&r"(stack)
        : "r"(WINDOW + 0x800)
        : "memory");
    outcome("the same, #PF with an IST");
    where("its stack");
    check("RSP in the frame", fault.frame.rsp == WINDOW + 0x800);
    fault.frame.vector = NO_FAULT;
    asm volatile("movq %%rsp, %0; movq %1, %%rsp\n801: pushq %%rax\n802: movq %0, %%rsp" EXPECT(
                     "801b", "802b", 0)
                 : "=&r"(stack)
                 : "r"(WINDOW + 0x800)
                 : "memory");
    outcome("push without a stack");
    gate_set(14, trap_stubs[14], 0, GATE_INTERRUPT);
    fault.frame.vector = NO_FAULT;
    asm volatile("movq %%rsp, %0; movq %1, %%rsp\n801: pushq %%rax\n802: movq %0, %%rsp" EXPECT(
                     "801b", "802b", 0)
                 : "=&r"(stack)
                 : "r"(WINDOW + 0x800)
                 : "memory");
    outcome("the same, #PF without an IST");
    check("RSP in the frame", fault.frame.rsp == WINDOW + 0x800);
    fault.frame.vector = NO_FAULT;
    asm volatile("movq %%rsp, %0; movq %1, %%rsp\n801: int $0x80\n802: movq %0, %%rsp" EXPECT(
                     "801b", "802b", 0)
                 : "=&r"(stack)
                 : "r"(WINDOW + 0x800)
                 : "memory");
    outcome("int without a stack");
}
