/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: user memory comes by demand: most page faults are user mode's, and each must show the kernel
 * what happened and go on at the same instruction. Expected: first touches of pages, growth of a
 * stack, copy on write, and access by the kernel to user pages, for many pages; a page that is
 * taken away is gone. */
#include "guest.h"

#define PLACE 0x10000000ul

USER_CODE(user_touch, "1: movq %rdi, (%rdi); movq (%rdi), %rax; cmpq %rdi, %rax; jne 2f; addq "
                      "$4096, %rdi; decq %rcx; jnz 1b; int $0x80\n2: ud2");
USER_CODE(user_stack, "1: pushq %rcx; decq %rcx; jnz 1b; int $0x80");
USER_CODE(user_read, "1: addq (%rdi), %rax; addq $4096, %rdi; decq %rcx; jnz 1b; int $0x80");

static unsigned faults;

/* Runs, and maps what is missing, until int $0x80. */
static void serve(struct frame *frame, uint64_t flags)
{
    for (;;) {
        user_run(frame);
        if (frame->vector != 14)
            return;
        faults++;
        if (frame->error & 1) { /* copy on write */
            uint64_t *entry = entry_in(kernel_root, user_cr2, 1), page = page_new();

            memcpy(at(page), at(*entry & PTE_ADDRESS), PAGE_SIZE);
            *(volatile uint64_t *)entry = page | PTE_P | PTE_W | PTE_U;
            invlpg(user_cr2);
        } else {
            map(user_cr2 & ~0xffful, page_new(), flags);
        }
        if (faults > 2000)
            give_up("a fault again and again at 0x%lx, error 0x%lx", user_cr2, frame->error);
    }
}

static uint64_t start(struct frame *frame, const char *code, uint64_t count)
{
    user_prepare(frame, code);
    frame->rdi = PLACE;
    frame->rcx = count;
    faults = 0;
    return count;
}

void test(void)
{
    struct frame frame;
    uint64_t zero = page_new();

    gate_set(0x80, trap_stubs[0x80], 0, GATE_INTERRUPT | GATE_DPL3);
    start(&frame, user_touch, 300);
    serve(&frame, PTE_P | PTE_W | PTE_U);
    show("ended with", frame.vector);
    show("faults", faults);
    show("the kernel reads it", *(volatile uint64_t *)(PLACE + 299 * PAGE_SIZE));
    start(&frame, user_touch, 300);
    serve(&frame, PTE_P | PTE_W | PTE_U);
    show("faults, once more", faults);
    start(&frame, user_stack, 8192);
    frame.rsp = 0x30000000;
    serve(&frame, PTE_P | PTE_W | PTE_U);
    show("a stack grew by pages", faults);
    show("its end", 0x30000000 - frame.rsp);

    for (unsigned i = 0; i < 300; i++) {
        map(PLACE + i * PAGE_SIZE, zero, PTE_P | PTE_U);
        invlpg(PLACE + i * PAGE_SIZE);
    }
    start(&frame, user_read, 300);
    serve(&frame, 0);
    show("all one page: sum", frame.rax);
    start(&frame, user_touch, 300);
    serve(&frame, 0);
    show("copies on write", faults);
    show("ended with", frame.vector);
    show("the page is as it was", *(uint64_t *)at(zero));
    for (unsigned i = 0; i < 300; i += 2)
        unmap(PLACE + i * PAGE_SIZE);
    start(&frame, user_touch, 300);
    serve(&frame, PTE_P | PTE_W | PTE_U);
    show("half of them taken away: faults", faults);
}
