/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: a wedge takes faults that no processor would, and what a fault leaves behind must not show;
 * and what user mode does to its flags and segments must neither be lost nor disturb the kernel.
 * Expected: CR2 stays as it was when a page is used the first time; user mode's NT and AC are in
 * the frame, and the kernel has no NT; a segment whose descriptor has become one that cannot be
 * loaded does not matter as long as nobody loads it. */
#include "guest.h"

USER_CODE(user_flags, "pushfq; orl $0x44000, (%rsp); popfq; ud2");
USER_CODE(user_load, "movl %eax, %fs; movl %eax, %ds; movl %eax, %es; int $0x80");
USER_CODE(user_again, "movl $0x55, %ebx; int $0x80");

#define MARK 0x123456789000

void test(void)
{
    static struct frame frame;
    uint64_t data = 0x10000000;

    map(data, page_new(), PTE_P | PTE_W | PTE_U);
    cr2_write(MARK);
    *(volatile uint64_t *)data = 1;
    show("CR2 after the first use of a page", cr2_read());
    map(data, page_new(), PTE_P | PTE_W | PTE_U);
    invlpg(data);
    check("another page", *(volatile uint64_t *)data == 0);
    show("CR2", cr2_read());

    user_prepare(&frame, user_flags);
    frame.rflags = 0x202;
    user_run(&frame);
    user_outcome("NT and AC", &frame, user_flags);
    show("flags", frame.rflags & ~0x108d5ul);
    show("the kernel's", flags_read() & FLAG_NT);

    gate_set(0x80, trap_stubs[0x80], 0, GATE_INTERRUPT | GATE_DPL3);
    gdt[FREE_SELECTOR / 8] = 0x00cff3000000ffff;
    user_prepare(&frame, user_load);
    frame.rax = FREE_SELECTOR + 3;
    frame.rflags = 0x202;
    user_run(&frame);
    user_outcome("loads a segment", &frame, user_load);
    gdt[FREE_SELECTOR / 8] = 0x00cff8000000ffff; /* code that may not be read */
    user_prepare(&frame, user_again);
    frame.rflags = 0x202;
    user_run(&frame);
    user_outcome("goes on when it has changed", &frame, user_again);
    show("RBX", frame.rbx);
}
