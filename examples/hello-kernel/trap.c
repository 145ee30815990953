/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Chapter 8: what comes through the gates.
 *
 * 8.1 The IDT: one gate per stub of entry.S. All are interrupt gates, which clear IF, so the
 * first instructions run undisturbed. Only int $0x80 may be used by user mode.
 */
#include "kernel.h"

#define BREAKPOINT   3
#define DOUBLE_FAULT 8
#define PAGE_FAULT   14
#define PF_PRESENT   1

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
_Static_assert(sizeof(struct gate) == 16, "a long mode gate has 16 bytes");

static struct gate idt[256] __attribute__((aligned(16)));

static void set_gate(unsigned vector, uint64_t stub, uint8_t ist, uint8_t type)
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
    struct table_pointer pointer = {sizeof(idt) - 1, (uint64_t)idt};

    for (unsigned vector = 0; vector < VECTOR_IRQ0 + 16; vector++)
        set_gate(vector, trap_stubs[vector], vector == DOUBLE_FAULT ? IST_FAULTS : 0,
                 INTERRUPT_GATE);
    set_gate(VECTOR_INT80, (uint64_t)stub_int80, 0, INTERRUPT_GATE | GATE_DPL3);
    asm volatile("lidt %0" ::"m"(pointer));
}

/* 8.2 The exception nobody expected: say everything, then stop. */
static const char *const names[VECTOR_IRQ0] = {
    "divide error",
    "debug",
    "NMI",
    "breakpoint",
    "overflow",
    "bound range",
    "invalid opcode",
    "no FPU",
    "double fault",
    "coprocessor",
    "invalid TSS",
    "segment not present",
    "stack segment",
    "general protection",
    "page fault",
    "vector 15",
    "x87 error",
    "alignment check",
    "machine check",
    "SIMD error",
    "virtualization",
    "control protection",
    "vector 22",
    "vector 23",
    "vector 24",
    "vector 25",
    "vector 26",
    "vector 27",
    "hypervisor injection",
    "VMM communication",
    "security",
    "vector 31",
};

static void report(const struct trap_frame *f) NORETURN;

static void report(const struct trap_frame *f)
{
    print("hello-kernel: unexpected exception %lu, %s, error %lx, in %s mode\n", f->vector,
          names[f->vector], f->error, f->cs & 3 ? "user" : "kernel");
    print("  rip %016lx cs %04lx rflags %08lx\n", f->rip, f->cs, f->rflags);
    print("  rsp %016lx ss %04lx\n", f->rsp, f->ss);
    print("  rax %016lx rbx %016lx rcx %016lx\n", f->rax, f->rbx, f->rcx);
    print("  rdx %016lx rsi %016lx rdi %016lx\n", f->rdx, f->rsi, f->rdi);
    print("  rbp %016lx r8  %016lx r9  %016lx\n", f->rbp, f->r8, f->r9);
    print("  r10 %016lx r11 %016lx r12 %016lx\n", f->r10, f->r11, f->r12);
    print("  r13 %016lx r14 %016lx r15 %016lx\n", f->r13, f->r14, f->r15);
    print("  cr0 %08lx cr2 %016lx cr3 %016lx cr4 %08lx\n", read_cr0(), read_cr2(), read_cr3(),
          read_cr4());
    panic("unexpected exception");
}

/*
 * 8.3 Some kernel instructions are allowed to fault: the self-tests and the copy from user
 * memory. They are listed with the place to go on at (FIXUP in cpu.h); the linker script collects
 * the list. A fault anywhere else in the kernel is a bug.
 */
struct fixup {
    int32_t from, to;
};
extern const struct fixup fixups_start[], fixups_end[];

/* The last exception that was fixed up or passed over, for whoever provoked it. */
struct fault last_fault;

static void remember(const struct trap_frame *frame)
{
    last_fault.vector = frame->vector;
    last_fault.error = frame->error;
    last_fault.address = frame->vector == PAGE_FAULT ? read_cr2() : 0;
}

static bool fix_up(struct trap_frame *frame)
{
    for (const struct fixup *fixup = fixups_start; fixup < fixups_end; fixup++) {
        if ((uint64_t)&fixup->from + fixup->from == frame->rip) {
            remember(frame);
            frame->rip = (uint64_t)&fixup->to + fixup->to;
            return true;
        }
    }
    return false;
}

/*
 * 8.4 A page fault on a page that is not there may be a task using its heap or stack for the first
 * time, from user mode or by a system call's copy. CR2 must be read before the next fault.
 */
static void exception(struct trap_frame *frame)
{
    bool from_user = frame->cs & 3;

    if (frame->vector == PAGE_FAULT && !(frame->error & PF_PRESENT) && task_demand_page(read_cr2()))
        return;
    if (frame->vector == BREAKPOINT && !from_user) {
        remember(frame); /* RIP is behind the int3 already */
        return;
    }
    if (from_user || !fix_up(frame))
        report(frame);
}

/*
 * 8.5 Called by entry.S with interrupts off; goes back the same way. A kernel thread is never
 * taken off the processor against its will: only on the way out to user mode do we look whether
 * the time slice is over.
 */
void trap_dispatch(struct trap_frame *frame)
{
    if (frame->vector < VECTOR_IRQ0)
        exception(frame);
    else if (frame->vector < VECTOR_IRQ0 + 16)
        pic_interrupt((unsigned)frame->vector - VECTOR_IRQ0);
    else
        system_call(frame);

    if (frame->cs & 3)
        task_preempt_if_due();
}
