/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: 64-bit kernels run a little 32-bit code in ring 0 (firmware calls, their own way up), in
 * compatibility mode, where instructions exist that 64-bit mode has not.
 * Expected: the sensitive instructions of code.S do what they do there; exceptions and interrupts
 * of that code reach 64-bit handlers, with its CS and 32-bit RIP, and go back to it. */
#include "guest.h"

extern uint32_t results[], result_count;
extern const char result_names[];
void run32(void);

static bool hook(struct frame *frame)
{
    if (frame->cs != KERNEL_CS32)
        return false;
    print("in 32 bits: ");
    print_exception(frame->vector, frame->error, frame->vector == 14 ? cr2_read() : 0);
    print(", RIP %s, rax 0x%lx rdx 0x%lx ss 0x%lx\n",
          frame->rip >> 32 ? "IS TOO LARGE" : "below 4 GB", frame->rax, frame->rdx, frame->ss);
    if (frame->vector == 6)
        frame->rip += 2;
    if (frame->vector == 14)
        frame->rip += 6;
    return true;
}

void test(void)
{
    const char *name = result_names;

    /* Our image, where it is in physical memory. */
    for (uint64_t page = KERNEL_PHYSICAL; page < KERNEL_PHYSICAL + 0x40000; page += PAGE_SIZE)
        map(page, page, PTE_P | PTE_W);
    trap_hook = hook;
    run32();
    for (unsigned i = 0; i < result_count; i++) {
        show(name, results[i]);
        while (*name++)
            ;
    }
}
