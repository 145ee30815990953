/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Chapter 8: what comes through the gates.
 *
 * 8.1 The IDT: one gate per stub of entry.S. All are interrupt gates, which clear IF, so the
 * first instructions run undisturbed. Only int $0x80 may be used by user mode.
 */
#include "kernel.h"

#define DOUBLE_FAULT   8
#define INTERRUPT_GATE 0x8e
#define GATE_DPL3      0x60
#define IST_FAULTS     1

struct gate {
    uint16_t offset_low;
    uint16_t selector;
    uint8_t ist;
    uint8_t type;
    uint16_t offset_middle;
    uint32_t offset_high;
    uint32_t reserved;
};
_Static_assert(sizeof(struct gate) == GATE_SIZE, "layout.h");

static struct gate idt[256] __attribute__((aligned(16)));

static void set_gate(unsigned vector, unsigned long stub, uint8_t ist, uint8_t type)
{
    idt[vector] = (struct gate){
        .offset_low = (uint16_t)stub,
        .selector = KERNEL_CS,
        .ist = ist,
        .type = type,
        .offset_middle = (uint16_t)(stub >> 16),
        .offset_high = (uint32_t)(stub >> 32),
    };
}

void trap_init(void)
{
    struct table_pointer pointer = {sizeof(idt) - 1, (unsigned long)idt};

    for (unsigned vector = 0; vector < VECTOR_IRQ0 + 16; vector++)
        set_gate(vector, trap_stubs[vector], vector == DOUBLE_FAULT ? IST_FAULTS : 0,
                 INTERRUPT_GATE);
    set_gate(VECTOR_INT80, (unsigned long)stub_int80, 0, INTERRUPT_GATE | GATE_DPL3);
    asm volatile("lidt %0" ::"m"(pointer));
}

/*
 * 8.2 SYSCALL needs no gate, but four MSRs. It takes CS from STAR[47:32] and SS 8 above it. SYSRET
 * takes CS 16 above STAR[63:48] and SS 8 above it, whence the order of the GDT. LSTAR is where it
 * goes, FMASK which flags it clears: IF, so that entry.S can change stacks; DF, AC and TF, so that
 * user mode cannot pass on oddities.
 */
#define STAR_SYSRET  ((uint64_t)(USER_SS - 8) << 48)
#define STAR_SYSCALL ((uint64_t)KERNEL_CS << 32)

void syscall_init(void)
{
    CHECK(cpuid_edx(CPUID_EXTENDED) & CPUID_EDX_SYSCALL);
    write_msr(MSR_EFER, read_msr(MSR_EFER) | EFER_SCE);
    write_msr(MSR_STAR, STAR_SYSRET | STAR_SYSCALL);
    write_msr(MSR_LSTAR, (uint64_t)syscall_entry);
    write_msr(MSR_FMASK, FLAGS_IF | FLAGS_DF | FLAGS_AC | FLAGS_TF);
}

/* 8.3 What a frame holds, and what it does not, for whoever has to find out what went wrong. */
void print_registers(const struct trap_frame *frame)
{
    print("  rip %016lx cs %04lx rflags %08lx\n", frame->ip, frame->cs, frame->flags);
    print("  rsp %016lx ss %04lx\n", frame->sp, frame->ss);
    print("  rax %016lx rbx %016lx rcx %016lx\n", frame->ax, frame->bx, frame->cx);
    print("  rdx %016lx rsi %016lx rdi %016lx\n", frame->dx, frame->si, frame->di);
    print("  rbp %016lx r8  %016lx r9  %016lx\n", frame->bp, frame->r8, frame->r9);
    print("  r10 %016lx r11 %016lx r12 %016lx\n", frame->r10, frame->r11, frame->r12);
    print("  r13 %016lx r14 %016lx r15 %016lx\n", frame->r13, frame->r14, frame->r15);
    print("  cr0 %08lx cr2 %016lx cr3 %016lx cr4 %08lx\n", read_cr0(), read_cr2(), read_cr3(),
          read_cr4());
}
