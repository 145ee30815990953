/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Chapter 6: segments.
 *
 * 6.1 Here a segment is what its name says: a stretch of addresses with a beginning and an end.
 * Paging does what they once were for, so code, data and stack get four of them that all begin at
 * 0 and end at 4 GiB, two for each privilege level that is in use.
 */
#include "kernel.h"

static uint64_t gdt[GDT_ENTRIES] = {
    0,
    0x00cf9b000000ffff, /* KERNEL_CS */
    0x00cf93000000ffff, /* KERNEL_SS */
    0x00cffb000000ffff, /* USER_CS */
    0x00cff3000000ffff, /* USER_SS */
    0,                  /* CPU_SELECTOR, made below like the rest */
    0,                  /* TSS_SELECTOR */
    0,                  /* DOUBLE_FAULT_TSS */
};

/* A descriptor of a segment of up to 64 KiB. The base is scattered, as it grew from the 286's. */
static uint64_t descriptor(const volatile void *start, size_t size, uint8_t access)
{
    uint64_t base = (unsigned long)start, limit = size - 1;

    return limit | (base & 0xffffff) << 16 | (uint64_t)access << 40 | (base >> 24) << 56;
}

#define DATA_ACCESSED 0x93
#define TSS_AVAILABLE 0x89

/*
 * 6.2 The TSS was made to hold all of a task, for the processor to switch. We switch ourselves
 * (7.5), and of ours the processor reads SS0 and ESP0 alone: the stack for entries from user mode,
 * which moves with every task switch.
 */
struct tss {
    uint32_t link;
    uint32_t esp0, ss0, esp1, ss1, esp2, ss2;
    uint32_t cr3, eip, eflags;
    uint32_t eax, ecx, edx, ebx, esp, ebp, esi, edi;
    uint32_t es, cs, ss, ds, fs, gs;
    uint32_t ldt;
    uint16_t trap, io_map;
};
_Static_assert(sizeof(struct tss) == 104, "the manual's TSS");

static volatile struct tss tss = {.ss0 = KERNEL_SS, .io_map = sizeof(struct tss)};

/* 6.3 One processor, one struct cpu. GS begins there in the kernel; see 7.3 for user mode. */
struct cpu {
    struct task *current;
};
static struct cpu boot_cpu;

_Static_assert(offsetof(struct cpu, current) == CPU_CURRENT, "layout.h");

/*
 * 6.4 The one exception is the double fault. If the kernel's stack is bad, no gate that goes on
 * using it can report that, so this one leads to a task of its own. The processor leaves all
 * registers in our TSS and takes them from this one. Its page tables are those of boot.S: they
 * map the kernel to this day, and nobody gives them back. There is no way back: the function
 * has an error code on its stack where its return address should be.
 */
static void double_fault(void) NORETURN;
static uint8_t double_fault_stack[PAGE_SIZE] __attribute__((aligned(16)));
static struct tss double_fault_tss = {
    .eip = (unsigned long)double_fault,
    .eflags = FLAGS_FIXED,
    .esp = (unsigned long)double_fault_stack + sizeof(double_fault_stack),
    .cs = KERNEL_CS,
    .ss = KERNEL_SS,
    .ds = KERNEL_SS,
    .es = KERNEL_SS,
    .gs = CPU_SELECTOR,
    .io_map = sizeof(struct tss),
};

#define DOUBLE_FAULT 8

static void double_fault(void)
{
    struct trap_frame frame = {
        .gs = (uint16_t)tss.gs,
        .fs = (uint16_t)tss.fs,
        .es = (uint16_t)tss.es,
        .ds = (uint16_t)tss.ds,
        .di = tss.edi,
        .si = tss.esi,
        .bp = tss.ebp,
        .bx = tss.ebx,
        .dx = tss.edx,
        .cx = tss.ecx,
        .ax = tss.eax,
        .vector = DOUBLE_FAULT,
        .ip = tss.eip,
        .cs = (uint16_t)tss.cs,
        .flags = tss.eflags,
        .sp = tss.esp,
        .ss = (uint16_t)tss.ss,
    };

    trap_report(&frame);
}

void segments_init(void)
{
    struct table_pointer pointer = {sizeof(gdt) - 1, (unsigned long)gdt};

    double_fault_tss.cr3 = read_cr3();
    gdt[CPU_SELECTOR / 8] = descriptor(&boot_cpu, sizeof(boot_cpu), DATA_ACCESSED);
    gdt[TSS_SELECTOR / 8] = descriptor(&tss, sizeof(tss), TSS_AVAILABLE);
    gdt[DOUBLE_FAULT_TSS / 8] =
        descriptor(&double_fault_tss, sizeof(double_fault_tss), TSS_AVAILABLE);

    asm volatile("lgdt %0" ::"m"(pointer));
    /* 6.5 The selectors mean what they meant in boot.S, but the descriptors moved: load CS by a
     * far return, the others by moves. */
    asm volatile("pushl %0\n"
                 "    pushl $1f\n"
                 "    lret\n"
                 "1:  movl %1, %%ss\n"
                 "    movl %1, %%ds\n"
                 "    movl %1, %%es\n"
                 "    movl %2, %%gs" ::"i"(KERNEL_CS),
                 "r"(KERNEL_SS), "r"(CPU_SELECTOR)
                 : "memory");
    asm volatile("ltr %w0" ::"r"(TSS_SELECTOR));
}

/* Where the next entry from user mode begins. */
void set_kernel_stack(unsigned long top)
{
    tss.esp0 = top;
}

struct task *current_task(void)
{
    struct task *task;

    asm volatile("movl %%gs:%c1, %0" : "=r"(task) : "i"(CPU_CURRENT));
    return task;
}

void set_current_task(struct task *task)
{
    asm volatile("movl %0, %%gs:%c1" ::"r"(task), "i"(CPU_CURRENT) : "memory");
}
