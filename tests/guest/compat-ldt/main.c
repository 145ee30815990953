/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: 32-bit programs get segments of their own in an LDT (Wine, DOS emulators), or in entries of
 * the GDT that change at each switch (threads). Expected: a selector of the LDT shows memory at its
 * descriptor's base, in 32-bit and in 64-bit user mode; another LDT shows another place; a GDT
 * entry that is stored shows at the next load. */
#include "guest.h"

USER_CODE32(user_segment, "movl %eax, %gs; movl %gs:0x10, %ebx; movl %gs, %ecx; int $0x80");
USER_CODE(user_segment64, "movl %eax, %fs; movl %fs:0x10, %ebx; movl %fs, %ecx; int $0x80");

USER_CODE(user_look, "movl $0xdead, %ebx; larl %eax, %ebx; sete %cl; movl $0xdead, %edx\n"
                     "lsll %eax, %edx; sete %ch; movzwl %cx, %ecx; int $0x80");
USER_CODE(user_load, "movl %eax, %fs; int $0x80");
USER_CODE(user_selectors, "movl %eax, %es; movl %eax, %ds; movl %eax, %fs; movl %eax, %gs\n"
                          "int $0x80\n"
                          "movl %es, %ebx; movl %ds, %ecx; movl %fs, %edx; movl %gs, %esi\n"
                          "int $0x80");

static struct frame frame;
static uint64_t ldts[2][4];

static void look(const char *name, uint64_t selector)
{
    user_prepare32(&frame, user_segment);
    frame.rax = selector;
    frame.rflags = 0x202;
    user_run(&frame);
    print("%s, ", name);
    user_outcome("32 bits", &frame, user_segment);
    print("0x%lx, selector 0x%lx\n", frame.rbx, frame.rcx);
    user_prepare(&frame, user_segment64);
    frame.rax = selector;
    frame.rflags = 0x202;
    user_run(&frame);
    print("%s, ", name);
    user_outcome("64 bits", &frame, user_segment64);
    print("0x%lx, selector 0x%lx\n", frame.rbx, frame.rcx);
    asm volatile("movl %0, %%fs; movl %0, %%gs" ::"r"(0));
}

/* LAR's and LSL's answer, each with its ZF, and what a load does. */
static void ask(const char *name, uint64_t selector)
{
    user_prepare(&frame, user_look);
    frame.rax = selector;
    user_run(&frame);
    print("%s: lar 0x%lx (%lx), lsl 0x%lx (%lx)\n", name, frame.rbx, frame.rcx & 0xff, frame.rdx,
          frame.rcx >> 8);
    user_prepare(&frame, user_load);
    frame.rax = selector;
    user_run(&frame);
    user_outcome("loaded", &frame, user_load);
    asm volatile("movl %0, %%fs" ::"r"(0));
}

static void ask_for_null(uint64_t selector)
{
    user_prepare(&frame, user_selectors);
    frame.rax = selector;
    user_run(&frame);
    user_run(&frame);
    print("null selector 0x%lx: es 0x%lx ds 0x%lx fs 0x%lx gs 0x%lx\n", selector, frame.rbx,
          frame.rcx, frame.rdx, frame.rsi);
    asm volatile("movl %0, %%ds; movl %0, %%es; movl %0, %%fs; movl %0, %%gs" ::"r"(0));
}

void test(void)
{
    uint64_t data = 0x10000000;

    gate_set(0x80, trap_stubs[0x80], 0, GATE_INTERRUPT | GATE_DPL3);
    map(data, page_new(), PTE_P | PTE_W | PTE_U);
    for (unsigned i = 1; i < 5; i++)
        *(uint32_t *)(data + i * 0x100 + 0x10) = i * 0x11;
    gdt[FREE_SELECTOR / 8] = 0x1040f30001001fff; /* base 0x10000100 */
    ldts[0][1] = 0x1040f30002001fff;
    ldts[1][1] = 0x1040f30003001fff;
    look("a segment of the GDT", FREE_SELECTOR + 3);
    gdt[FREE_SELECTOR / 8] = 0x1040f30004001fff;
    look("changed", FREE_SELECTOR + 3);
    for (unsigned i = 0; i < 2; i++) {
        descriptor_system(&gdt[LDT_SELECTOR / 8], (uint64_t)ldts[i], sizeof(ldts[i]) - 1, 2);
        asm volatile("lldt %w0" ::"r"(LDT_SELECTOR));
        look("a segment of an LDT", 0x0f);
    }
    ldts[1][2] = ldts[1][1] & ~(1ul << 47); /* not present */
    ldts[1][3] = ldts[1][1] & ~(3ul << 45); /* the kernel's */
    asm volatile("lldt %w0" ::"r"(LDT_SELECTOR));
    ask("a segment of the LDT", 0x0f);
    ask("one that is not present", 0x17);
    ask("the kernel's", 0x1f);
    gdt[FREE_SELECTOR / 8] &= ~(1ul << 47);
    ask("one of the GDT that is not present", FREE_SELECTOR + 3);
    ask_for_null(0);
    ask_for_null(3);
}
