/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The processor's own instructions, one short function each. Names are the manual's (AMD64
 * Architecture Programmer's Manual, volumes 2 and 3). Assembly reads the constants only. No
 * instruction has a suffix: operands, and what pushf pushes, are as wide as the registers are,
 * and so is an unsigned long. The MSRs are those that 64-bit mode wants.
 */
#ifndef HELLO_CPU_H
#define HELLO_CPU_H

#define CR0_PE  0x00000001
#define CR0_WP  0x00010000
#define CR0_PG  0x80000000
#define CR4_PSE 0x010
#define CR4_PAE 0x020
#define CR4_PGE 0x080

#define FLAGS_FIXED 0x00002
#define FLAGS_TF    0x00100
#define FLAGS_IF    0x00200
#define FLAGS_DF    0x00400
#define FLAGS_AC    0x40000

#define MSR_EFER      0xc0000080
#define MSR_STAR      0xc0000081
#define MSR_LSTAR     0xc0000082
#define MSR_FMASK     0xc0000084
#define MSR_GS_BASE   0xc0000101
#define MSR_KERNEL_GS 0xc0000102
#define EFER_SCE      0x001
#define EFER_LME      0x100
#define EFER_NXE      0x800

#define CPUID_BASIC       0x00000001
#define CPUID_EXTENDED    0x80000001
#define CPUID_EDX_PGE     (1u << 13) /* of the basic leaf; the others of the extended one */
#define CPUID_EDX_SYSCALL (1u << 11)
#define CPUID_EDX_NX      (1u << 20)

#ifndef __ASSEMBLER__
#include <stdbool.h>
#include <stdint.h>

/* What lgdt and lidt take, and sgdt and sidt give. */
struct table_pointer {
    uint16_t limit;
    unsigned long base;
} __attribute__((packed));

/*
 * An instruction that may fault, and where to go on if it does. trap.c looks the table up; both
 * are stored relative to the entry. Goes at the end of an asm statement.
 */
#define FIXUP(from, to)                                                                            \
    "    .pushsection .fixups, \"a\"\n"                                                            \
    "    .long " from " - ., " to " - .\n"                                                         \
    "    .popsection\n"

static inline void cli(void)
{
    asm volatile("cli" ::: "memory");
}

static inline void sti(void)
{
    asm volatile("sti" ::: "memory");
}

/* One statement: sti holds interrupts off for one more instruction, so none can slip in before
 * hlt and leave us asleep with our wake-up already spent. */
static inline void sti_hlt(void)
{
    asm volatile("sti; hlt" ::: "memory");
}

static inline void hlt(void)
{
    asm volatile("hlt" ::: "memory");
}

static inline unsigned long read_flags(void)
{
    unsigned long flags;
    asm volatile("pushf; pop %0" : "=r"(flags)::"memory");
    return flags;
}

static inline void write_flags(unsigned long flags)
{
    asm volatile("push %0; popf" ::"r"(flags) : "memory", "cc");
}

static inline void outb(uint16_t port, uint8_t value)
{
    asm volatile("outb %0, %1" ::"a"(value), "Nd"(port));
}

static inline uint8_t inb(uint16_t port)
{
    uint8_t value;
    asm volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline uint64_t read_msr(uint32_t msr)
{
    uint32_t low, high;
    asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
    return (uint64_t)high << 32 | low;
}

static inline void write_msr(uint32_t msr, uint64_t value)
{
    asm volatile("wrmsr" ::"c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)) : "memory");
}

#define CONTROL_REGISTER(number)                                                                   \
    static inline unsigned long read_cr##number(void)                                              \
    {                                                                                              \
        unsigned long value;                                                                       \
        asm volatile("mov %%cr" #number ", %0" : "=r"(value)::"memory");                           \
        return value;                                                                              \
    }                                                                                              \
    static inline void write_cr##number(unsigned long value)                                       \
    {                                                                                              \
        asm volatile("mov %0, %%cr" #number ::"r"(value) : "memory");                              \
    }
CONTROL_REGISTER(0)
CONTROL_REGISTER(2)
CONTROL_REGISTER(3)
CONTROL_REGISTER(4)
#undef CONTROL_REGISTER

static inline void invlpg(unsigned long address)
{
    asm volatile("invlpg (%0)" ::"r"(address) : "memory");
}

static inline uint64_t rdtsc(void)
{
    uint32_t low, high;
    asm volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

/* EDX of a CPUID leaf: the only register this kernel asks for. */
static inline uint32_t cpuid_edx(uint32_t leaf)
{
    uint32_t ebx, ecx = 0, edx;
    asm volatile("cpuid" : "+a"(leaf), "=b"(ebx), "+c"(ecx), "=d"(edx));
    return edx;
}
#endif
#endif
