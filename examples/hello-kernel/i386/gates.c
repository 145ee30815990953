/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Chapter 8: what comes through the gates.
 *
 * 8.1 The IDT: one gate per stub of entry.S. All but one are interrupt gates, which clear IF, so
 * the first instructions run undisturbed. The double fault's is a task gate (6.4): no address,
 * only the selector of a TSS.
 */
#include "kernel.h"

#define DOUBLE_FAULT   8
#define INTERRUPT_GATE 0x8e
#define TASK_GATE      0x85
#define GATE_DPL3      0x60

struct gate {
    uint16_t offset_low;
    uint16_t selector;
    uint8_t reserved;
    uint8_t type;
    uint16_t offset_high;
};
_Static_assert(sizeof(struct gate) == GATE_SIZE, "layout.h");

static struct gate idt[256] __attribute__((aligned(16)));

static void set_gate(unsigned vector, unsigned long stub, uint16_t selector, uint8_t type)
{
    idt[vector] = (struct gate){
        .offset_low = (uint16_t)stub,
        .selector = selector,
        .type = type,
        .offset_high = (uint16_t)(stub >> 16),
    };
}

void trap_init(void)
{
    struct table_pointer pointer = {sizeof(idt) - 1, (unsigned long)idt};

    for (unsigned vector = 0; vector < VECTOR_IRQ0 + 16; vector++)
        set_gate(vector, trap_stubs[vector], KERNEL_CS, INTERRUPT_GATE);
    set_gate(DOUBLE_FAULT, 0, DOUBLE_FAULT_TSS, TASK_GATE);
    asm volatile("lidt %0" ::"m"(pointer));
}

/* 8.2 System calls: int $0x80 is the only gate that user mode may use. */
void syscall_init(void)
{
    set_gate(VECTOR_INT80, (unsigned long)stub_int80, KERNEL_CS, INTERRUPT_GATE | GATE_DPL3);
}

/*
 * 8.3 What a frame holds, and what it does not, for whoever has to find out what went wrong. From
 * kernel mode the processor pushed no SS and ESP (gates.h): SS is ours, and ESP was where they
 * would be. The double fault's frame has them always, but CR3 is then the one it brought along.
 */
void print_registers(const struct trap_frame *frame)
{
    bool has_stack = frame->cs & 3 || frame->vector == DOUBLE_FAULT;

    print("  eip %08lx cs %04x eflags %08lx\n", frame->ip, frame->cs, frame->flags);
    print("  esp %08lx ss %04x ds %04x es %04x fs %04x gs %04x\n",
          has_stack ? frame->sp : (unsigned long)&frame->sp, has_stack ? frame->ss : KERNEL_SS,
          frame->ds, frame->es, frame->fs, frame->gs);
    print("  eax %08lx ebx %08lx ecx %08lx edx %08lx\n", frame->ax, frame->bx, frame->cx,
          frame->dx);
    print("  esi %08lx edi %08lx ebp %08lx\n", frame->si, frame->di, frame->bp);
    print("  cr0 %08lx cr2 %08lx cr3 %08lx cr4 %08lx\n", read_cr0(), read_cr2(), read_cr3(),
          read_cr4());
}
