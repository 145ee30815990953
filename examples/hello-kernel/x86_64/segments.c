/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Chapter 6: segments, or what is left of them.
 *
 * 6.1 In 64-bit mode a code segment says "64-bit" and a privilege level, a data segment next to
 * nothing. SYSRET computes both user selectors from one number, so user data comes right before
 * user code.
 */
#include "kernel.h"

static uint64_t gdt[GDT_ENTRIES] = {
    0,
    0x00af9b000000ffff, /* KERNEL_CS */
    0x00cf93000000ffff, /* KERNEL_SS */
    0x00cff3000000ffff, /* USER_SS */
    0x00affb000000ffff, /* USER_CS */
    0,                  /* TSS_SELECTOR, two entries, made below */
    0,
};

/*
 * 6.2 The TSS holds stacks: RSP0 for entries from user mode, which moves with every task switch,
 * and IST1, which gates.c gives to the double fault so that a bad kernel stack can be reported.
 */
struct tss {
    uint32_t reserved0;
    uint64_t rsp[3];
    uint64_t reserved1;
    uint64_t ist[7];
    uint64_t reserved2;
    uint16_t reserved3;
    uint16_t io_map;
} __attribute__((packed));

#define TSS_AVAILABLE 0x89ul

static struct tss tss = {.io_map = sizeof(struct tss)};
static uint8_t double_fault_stack[PAGE_SIZE] __attribute__((aligned(16)));

/*
 * 6.3 One processor, one struct cpu. GS points to it in the kernel; see 7.3 for user mode.
 * entry.S reads it by the offsets in layout.h.
 */
struct cpu {
    uint64_t kernel_stack;
    uint64_t user_stack;
    struct task *current;
};
static struct cpu boot_cpu;

_Static_assert(offsetof(struct cpu, kernel_stack) == CPU_KERNEL_STACK, "layout.h");
_Static_assert(offsetof(struct cpu, user_stack) == CPU_USER_STACK, "layout.h");
_Static_assert(offsetof(struct cpu, current) == CPU_CURRENT, "layout.h");

void segments_init(void)
{
    uint64_t base = (uint64_t)&tss;
    struct table_pointer pointer = {sizeof(gdt) - 1, (uint64_t)gdt};

    tss.ist[0] = (uint64_t)double_fault_stack + sizeof(double_fault_stack);
    gdt[TSS_SELECTOR / 8] = (sizeof(tss) - 1) | (base & 0xffffff) << 16 | TSS_AVAILABLE << 40 |
                            (base >> 24 & 0xff) << 56;
    gdt[TSS_SELECTOR / 8 + 1] = base >> 32;

    asm volatile("lgdt %0" ::"m"(pointer));
    /* 6.4 The selectors mean what they meant in boot.S, but the descriptors moved: load CS by a
     * far return, SS by a move. */
    asm volatile("pushq %0\n"
                 "    leaq 1f(%%rip), %%rax\n"
                 "    pushq %%rax\n"
                 "    lretq\n"
                 "1:  movl %1, %%ss" ::"i"(KERNEL_CS),
                 "r"(KERNEL_SS)
                 : "rax", "memory");
    asm volatile("ltr %w0" ::"r"(TSS_SELECTOR));

    write_msr(MSR_GS_BASE, (uint64_t)&boot_cpu);
    write_msr(MSR_KERNEL_GS, 0);
}

/* Where the next entry from user mode begins, by a gate (TSS) and by SYSCALL (struct cpu). */
void set_kernel_stack(unsigned long top)
{
    tss.rsp[0] = top;
    boot_cpu.kernel_stack = top;
}

struct task *current_task(void)
{
    struct task *task;

    asm volatile("movq %%gs:%c1, %0" : "=r"(task) : "i"(CPU_CURRENT));
    return task;
}

void set_current_task(struct task *task)
{
    asm volatile("movq %0, %%gs:%c1" ::"r"(task), "i"(CPU_CURRENT) : "memory");
}
