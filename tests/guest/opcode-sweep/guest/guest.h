/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parts of the sweep guest and what they owe each other. */
#ifndef SWEEP_GUEST_H
#define SWEEP_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../sweep-abi.h"

#define SHARED ((struct sweep_shared *)(uintptr_t)SWEEP_SHARED)

/* What enter.S loads before a case and stores after it; offsets are known to it. */
struct registers {
    uint64_t gpr[16]; /* in the order of their encoding: rax rcx rdx rbx rsp rbp rsi rdi r8..r15 */
    uint64_t rip;
    uint64_t flags;
    uint64_t cs;
    uint64_t ss;
    uint64_t end; /* enum sweep_end */
    uint64_t error;
};

enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI };

/* enter.S: runs until an exception, a system call or the timer ends the case; the result is in
 * `ended`. */
void enter_case(const struct registers *registers);
extern struct registers ended;
extern uint32_t timer_ticks;
extern const char vector_stubs[]; /* 256 stubs of 16 bytes */
extern const char entry_syscall[], entry_sysenter[];

/* machine.c: the privileged state, put up once and put back after each run. */
void machine_set_up(void);
void machine_restore(const struct sweep_outcome *present);
const struct sweep_outcome *machine_baseline(void);

/* inputs.c: fills the three pages of a case and its registers. */
void inputs_prepare(const struct sweep_case *test, const struct sweep_outcome *present,
                    struct registers *registers);

/* state.c: reads every sweep_item that is machine state; fills in what `ended` says about the run.
 */
void state_capture(struct sweep_outcome *outcome);
void state_describe_end(struct sweep_outcome *outcome, const struct registers *entered, int bits);
void state_restore_extended(void);

/* Descriptor-table registers as sgdt stores them. */
struct __attribute__((packed)) pseudo_descriptor {
    uint16_t limit;
    uint64_t base;
};

enum msr {
    MSR_SYSENTER_CS = 0x174,
    MSR_SYSENTER_ESP = 0x175,
    MSR_SYSENTER_EIP = 0x176,
    MSR_EFER = 0xc0000080,
    MSR_STAR = 0xc0000081,
    MSR_LSTAR = 0xc0000082,
    MSR_CSTAR = 0xc0000083,
    MSR_SFMASK = 0xc0000084,
    MSR_FS_BASE = 0xc0000100,
    MSR_GS_BASE = 0xc0000101,
    MSR_KERNEL_GS_BASE = 0xc0000102,
    MSR_VM_HSAVE_PA = 0xc0010117,
};

static inline uint64_t read_msr(uint32_t msr)
{
    uint32_t low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
    return (uint64_t)high << 32 | low;
}

static inline void write_msr(uint32_t msr, uint64_t value)
{
    __asm__ volatile("wrmsr" ::"c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)));
}

static inline void cpuid(uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
    __asm__ volatile("cpuid"
                     : "=a"(out[0]), "=b"(out[1]), "=c"(out[2]), "=d"(out[3])
                     : "a"(leaf), "c"(subleaf));
}

#endif
