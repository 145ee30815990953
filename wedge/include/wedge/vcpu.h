/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtual CPU: what the guest sees of a processor. One for each CPU, in a page of its own at
 * WEDGE_VCPU. The offsets are for assembly; vcpu.c checks them.
 */
#ifndef WEDGE_VCPU_H
#define WEDGE_VCPU_H

/* The back end's share of the page comes first: a hypervisor may want its own structure there. */
#define VCPU_BACKEND      0
#define VCPU_BACKEND_SIZE 64
#define VCPU_GPR          64 /* 16 registers in the order of their numbers */
#define VCPU_RIP          192
#define VCPU_RFLAGS       200
#define VCPU_ERROR        208
#define VCPU_REAL_CS      216
#define VCPU_REAL_SS      224
#define VCPU_STUB_RSP     232
#define VCPU_STUB_MASK    240 /* one byte each */
#define VCPU_STUB_ENABLED 241
#define VCPU_SCRATCH      248

#define GPR_RAX 0
#define GPR_RCX 1
#define GPR_RDX 2
#define GPR_RBX 3
#define GPR_RSP 4
#define GPR_RBP 5
#define GPR_RSI 6
#define GPR_RDI 7
#define GPR_R11 11

#ifndef __ASSEMBLER__
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wedge/backend.h"

/* Segment registers in the order of their numbers, then the system ones. */
enum segment_register { SEGMENT_ES, SEGMENT_CS, SEGMENT_SS, SEGMENT_DS, SEGMENT_FS, SEGMENT_GS };

/* A table register, or the hidden part of a system segment. */
struct table_register {
    uint64_t base;
    uint32_t limit;
    uint16_t selector;
};

struct vcpu {
    uint8_t backend[VCPU_BACKEND_SIZE];
    uint64_t gpr[16];
    uint64_t rip, rflags; /* IF is the virtual one */
    uint64_t error;       /* code of the exception that brought us here */
    uint64_t real_cs, real_ss;
    uint64_t stub_rsp;
    uint8_t stub_mask, stub_enabled;
    uint64_t scratch __attribute__((aligned(8))); /* for assembly */

    bool user;           /* privilege level 3 */
    uint8_t bits;        /* 16, 32 or 64: how the code segment makes instructions decode */
    uint32_t kept_flags; /* those of the guest's that are not the processor's own now */
    bool stepping;       /* one instruction, for the end of a shadow */
    bool halted;
    bool disturbed; /* the devices are to be looked at before the guest goes on */
    bool shadow;    /* interrupts wait for the end of the next instruction: sti, mov ss */
    uint16_t selectors[6];
    uint64_t fs_base, gs_base,
        kernel_gs_base; /* kernel_gs_base: what swapgs exchanges gs_base with */
    uint64_t cr0, cr2, cr3, cr4, cr8, xcr0;
    uint64_t fault_address; /* of the page fault that brought us here: CR2 once it is delivered */
    uint64_t dr[8];
    uint64_t debug_status; /* what the processor's DR6 says of the debug exception that brought us
                              here */
    uint64_t efer, star, lstar, cstar, sfmask, pat, misc_enable, tsc_aux, apic_base;
    uint64_t sysenter_cs, sysenter_rsp, sysenter_rip;
    struct table_register gdt, idt, ldt, task;
    const struct wedge_site *site; /* that is being emulated, or NULL */
};

_Static_assert(offsetof(struct vcpu, gpr) == VCPU_GPR, "for assembly");
_Static_assert(offsetof(struct vcpu, rip) == VCPU_RIP, "for assembly");
_Static_assert(offsetof(struct vcpu, rflags) == VCPU_RFLAGS, "for assembly");
_Static_assert(offsetof(struct vcpu, error) == VCPU_ERROR, "for assembly");
_Static_assert(offsetof(struct vcpu, real_cs) == VCPU_REAL_CS, "for assembly");
_Static_assert(offsetof(struct vcpu, real_ss) == VCPU_REAL_SS, "for assembly");
_Static_assert(offsetof(struct vcpu, stub_rsp) == VCPU_STUB_RSP, "for assembly");
_Static_assert(offsetof(struct vcpu, stub_mask) == VCPU_STUB_MASK, "for assembly");
_Static_assert(offsetof(struct vcpu, stub_enabled) == VCPU_STUB_ENABLED, "for assembly");
_Static_assert(offsetof(struct vcpu, scratch) == VCPU_SCRATCH, "for assembly");

/* Bits of the registers (AMD64 manual 2, chapter 3). */
#define CR0_PE 0x00000001u
#define CR0_MP 0x00000002u
#define CR0_EM 0x00000004u
#define CR0_TS 0x00000008u
#define CR0_ET 0x00000010u
#define CR0_NE 0x00000020u
#define CR0_WP 0x00010000u
#define CR0_AM 0x00040000u
#define CR0_NW 0x20000000u
#define CR0_CD 0x40000000u
#define CR0_PG 0x80000000u

#define DR6_STEP 0x4000u

#define CR4_TSD     0x04u
#define CR4_PAE     0x20u
#define CR4_PGE     0x80u
#define CR4_OSXSAVE 0x40000u

#define RFLAGS_FIXED 0x2u
#define RFLAGS_CF    0x1u
#define RFLAGS_ZF    0x40u
#define RFLAGS_TF    0x100u
#define RFLAGS_IF    0x200u
#define RFLAGS_DF    0x400u
#define RFLAGS_OF    0x800u
#define RFLAGS_IOPL  0x3000u
#define RFLAGS_NT    0x4000u
#define RFLAGS_RF    0x10000u
#define RFLAGS_VM    0x20000u
#define RFLAGS_AC    0x40000u

#define EFER_SCE 0x001u
#define EFER_LME 0x100u
#define EFER_LMA 0x400u
#define EFER_NXE 0x800u

/* Exceptions (AMD64 manual 2, 8.2). */
enum exception {
    EXCEPTION_DIVIDE = 0,
    EXCEPTION_DEBUG = 1,
    EXCEPTION_NMI = 2,
    EXCEPTION_BREAKPOINT = 3,
    EXCEPTION_OVERFLOW = 4,
    EXCEPTION_INVALID_OPCODE = 6,
    EXCEPTION_NO_FPU = 7,
    EXCEPTION_DOUBLE_FAULT = 8,
    EXCEPTION_INVALID_TSS = 10,
    EXCEPTION_NOT_PRESENT = 11,
    EXCEPTION_STACK = 12,
    EXCEPTION_PROTECTION = 13,
    EXCEPTION_PAGE_FAULT = 14,
    EXCEPTION_NONE = -1,
};

/* cpu/exceptions.c: delivers through the guest's IDT; the instruction pointer and flags are those
 * to be pushed. A fault on the way becomes a double fault, then the guest's end. */
void exception_deliver(struct vcpu *vcpu, unsigned vector, bool has_error, uint64_t error);
/* INT n, INTO, INT1, `length` bytes long: a fault on the way is the instruction's own. */
void software_interrupt_deliver(struct vcpu *vcpu, unsigned vector, unsigned length);
void interrupt_deliver(struct vcpu *vcpu, unsigned vector);
/* #DB behind an instruction that was emulated with TF set. */
void debug_step_deliver(struct vcpu *vcpu);

/* cpu/emulate.c: carries out the instruction of a site; afterwards the vcpu is behind it, or at the
 * exception it raised. */
void emulate_site(struct vcpu *vcpu, const struct wedge_site *site);

/* cpu/control.c, cpu/msr.c, cpu/cpuid.c. Those that can fault give false then: #GP(0). */
bool control_write(struct vcpu *vcpu, unsigned number, uint64_t value);
uint64_t control_read(const struct vcpu *vcpu, unsigned number);
bool msr_read(struct vcpu *vcpu, uint32_t number, uint64_t *value);
bool msr_write(struct vcpu *vcpu, uint32_t number, uint64_t value);
void cpuid_emulate(struct vcpu *vcpu);
struct cpuid_answer {
    uint32_t registers[4]; /* enum cpuid_register */
};
/* The processor's own answer. Behind its last extended leaf, where it would repeat another one,
 * there is nothing; the policy may know better. */
struct cpuid_answer cpuid_processor(uint32_t leaf, uint32_t subleaf);

/* cpu/extended-state.c: the states that the guest may turn on, bits of XCR0, 0 for no XSAVE; has
 * the place follow CR4.OSXSAVE and XCR0; leaf 0xd of CPUID, from what the policy has left of it. */
uint64_t extended_states(void);
void extended_state_follow(const struct vcpu *vcpu);
void extended_state_cpuid(const struct vcpu *vcpu, uint32_t subleaf, struct cpuid_answer *answer);

/* cpu/segments.c: loads a segment register; gives EXCEPTION_NONE or the exception with its error
 * code. */
int segment_load(struct vcpu *vcpu, unsigned number, uint16_t selector, uint64_t *error);
/* Gives a descriptor of the guest's GDT or LDT; false when the selector is beyond the table. */
bool segment_descriptor(struct vcpu *vcpu, uint16_t selector, uint64_t *descriptor);
uint64_t descriptor_base(uint64_t descriptor);
uint32_t descriptor_limit(uint64_t descriptor);
/* Loads CS with what is below it: privilege level and code size. */
int segment_load_code(struct vcpu *vcpu, uint16_t selector, uint64_t *error);

/* cpu/user-mode.c: a trap that the place lets user mode raise, and the guest may not; and a #GP of
 * user mode, for something that the guest may let it do. */
void user_trap(struct vcpu *vcpu, unsigned vector);
void user_protection(struct vcpu *vcpu);

/* cpu/run.c: what a back end calls. Neither returns. Before a debug exception it sets debug_status.
 */
void wedge_exception(struct vcpu *vcpu, unsigned vector) __attribute__((noreturn));
/* `alias`: the site's stub was reached in the window's alias, so that the guest runs at physical
 * addresses. */
void wedge_site(struct vcpu *vcpu, uint32_t index, bool alias) __attribute__((noreturn));
void wedge_system_call(struct vcpu *vcpu) __attribute__((noreturn));
void wedge_system_enter(struct vcpu *vcpu) __attribute__((noreturn)); /* SYSENTER of user mode */
void wedge_event(struct vcpu *vcpu) __attribute__((noreturn));
void system_call(struct vcpu *vcpu); /* from behind the instruction */
void wedge_run(struct vcpu *vcpu) __attribute__((noreturn));

extern struct vcpu vcpu_page;

#endif
#endif
