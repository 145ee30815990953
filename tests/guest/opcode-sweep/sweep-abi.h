/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the host driver and the sweep guest agree on: the fixed addresses a case can see, and the
 * layout of the piece of guest memory they share. The guest's RAM is a file on the host
 * (memory-backend-file, share=on), so the cases go in and the outcomes come out without a device,
 * and everything the guest wrote survives a QEMU that died in the middle. */
#ifndef SWEEP_ABI_H
#define SWEEP_ABI_H

/* How a run ended, as numbers for enter.S; enum sweep_end names them for C. */
#define SWEEP_END_EXCEPTION_NUMBER 0x100
#define SWEEP_END_SYSCALL_NUMBER   0x200
#define SWEEP_END_SYSENTER_NUMBER  0x201
#define SWEEP_END_TIMEOUT_NUMBER   0x202

#define SWEEP_RAM_SIZE      0x04000000 /* 64 MB */
#define SWEEP_SHARED        0x01000000 /* physical address of struct sweep_shared */
#define SWEEP_MAGIC         0x50455753 /* "SWEP" */
#define SWEEP_CASES_MAX     200000
#define SWEEP_FINDINGS_MAX  24000
#define SWEEP_CASE_SIZE_MAX 15 /* the longest x86 instruction */

/* One page each of code, memory operands and stack. They lie below 64 KB so that a 16-bit offset (a
 * far pointer or a stack slot under a 66 prefix) reaches them too, with unmapped pages on both
 * sides so that a stray access faults. */
#define SWEEP_CODE_PAGE   0x8000
#define SWEEP_CODE        0x8800 /* where every case starts; the page is int3 otherwise */
#define SWEEP_LANDING     0x8c00 /* where far transfers and returns lead: an int3 like all others */
#define SWEEP_MEMORY_PAGE 0xa000
#define SWEEP_MEMORY      0xa000 /* the ModRM memory operand, (%rbx) */
#define SWEEP_STACK_PAGE  0xc000
#define SWEEP_STACK       0xc800 /* the stack pointer on entry */
#define SWEEP_PAGE_SIZE   0x1000

/* Every byte of a case that is not given is int3: as an immediate or displacement it is harmless,
 * as the next instruction it ends the case and so tells the length. */
#define SWEEP_FILL 0xcc

/* A port no device of QEMU's pc machine decodes. */
#define SWEEP_PORT 0xed

#ifndef __ASSEMBLER__

#include <stdint.h>

/* The GDT's selectors. Ring-0 selectors are what a kernel has in its registers and in memory, so
 * both rings get those as operands: what is compared is the same code with the same inputs on
 * another ring. */
enum sweep_selector {
    SWEEP_KERNEL_CODE_64 = 0x08,
    SWEEP_KERNEL_DATA = 0x10,
    SWEEP_KERNEL_CODE_32 = 0x18,
    SWEEP_USER_CODE_32 = 0x20 | 3,
    SWEEP_USER_DATA = 0x28 | 3,
    SWEEP_USER_CODE_64 = 0x30 | 3,
    SWEEP_LDT = 0x38,
    SWEEP_TSS = 0x48,
    SWEEP_TSS_FREE = 0x58, /* a second TSS, never busy: ltr's operand */
};

/* What a case's inputs have to hold so that its instruction does something bounded in ring 0
 * (guest/inputs.c). */
enum sweep_input {
    SWEEP_INPUT_PLAIN,
    SWEEP_INPUT_CONTROL,         /* registers: the present value of control register `argument` */
    SWEEP_INPUT_DEBUG,           /* registers: the present value of debug register `argument` */
    SWEEP_INPUT_MACHINE_STATUS,  /* registers and memory: the present low half of CR0 */
    SWEEP_INPUT_SELECTOR,        /* registers and memory: selector `argument` */
    SWEEP_INPUT_GDTR,            /* memory: pseudo-descriptor of a GDT */
    SWEEP_INPUT_IDTR,            /* memory: pseudo-descriptor of an IDT */
    SWEEP_INPUT_FAR_CODE,        /* memory: far pointer to the landing */
    SWEEP_INPUT_FAR_DATA,        /* memory: far pointer to the operand page */
    SWEEP_INPUT_STACK_FLAGS,     /* stack: flags that change IF and IOPL */
    SWEEP_INPUT_STACK_SELECTOR,  /* stack: the kernel's data selector */
    SWEEP_INPUT_STACK_FAR,       /* stack: frame of a far call from the landing */
    SWEEP_INPUT_STACK_INTERRUPT, /* stack: frame of an interrupt at the landing */
    SWEEP_INPUT_MSR,             /* RCX: an MSR; EDX:EAX: another value for it */
    SWEEP_INPUT_EXTENDED,        /* RCX: 0; EDX:EAX: the present XCR0 */
    SWEEP_INPUT_ADDRESS,         /* RAX: the operand page; RCX, RDX: 0 */
    SWEEP_INPUT_VMCB,   /* likewise; operand page: an SVM control block with the present state */
    SWEEP_INPUT_RETURN, /* RCX and RDX: the landing */
};

struct sweep_case {
    uint8_t bytes[SWEEP_CASE_SIZE_MAX];
    uint8_t size;         /* bytes given; the rest is SWEEP_FILL */
    uint8_t bits;         /* 64, or 32 for compatibility mode */
    uint8_t has_memory;   /* RBX must stay a pointer */
    uint8_t operand_size; /* 2, 4 or 8: how wide the elements of frames and far pointers are */
    uint8_t input;        /* enum sweep_input */
    uint16_t argument;
};

/* How a run ended, where it is not an exception vector. */
enum sweep_end {
    SWEEP_END_NOT_RUN = 0,
    SWEEP_END_EXCEPTION = SWEEP_END_EXCEPTION_NUMBER, /* + vector */
    SWEEP_END_SYSCALL = SWEEP_END_SYSCALL_NUMBER,   /* the kernel's entry of syscall was reached */
    SWEEP_END_SYSENTER = SWEEP_END_SYSENTER_NUMBER, /* likewise of sysenter */
    SWEEP_END_TIMEOUT = SWEEP_END_TIMEOUT_NUMBER,   /* the timer had to end it */
    SWEEP_END_CRASH,                                /* set by the host: QEMU reset or died */
    SWEEP_END_HANG,                                 /* set by the host: the guest stood still */
};

/* clang-format off */
/* The state compared after a run: X(name, text). `text` names it in the output. */
#define SWEEP_ITEMS(X)                                                                             \
    X(END, "end")                                                                                  \
    X(ERROR, "error") X(CR2, "cr2") X(RIP, "rip") X(FLAGS, "flags")                                \
    X(RAX, "rax") X(RCX, "rcx") X(RDX, "rdx") X(RBX, "rbx")                                        \
    X(RSP, "rsp") X(RBP, "rbp") X(RSI, "rsi") X(RDI, "rdi")                                        \
    X(R8, "r8") X(R9, "r9") X(R10, "r10") X(R11, "r11")                                            \
    X(R12, "r12") X(R13, "r13") X(R14, "r14") X(R15, "r15")                                        \
    X(CS, "cs") X(SS, "ss") X(DS, "ds") X(ES, "es") X(FS, "fs") X(GS, "gs")                        \
    X(FS_BASE, "fs.base") X(GS_BASE, "gs.base") X(KERNEL_GS_BASE, "kernel-gs.base")                \
    X(CR0, "cr0") X(CR3, "cr3") X(CR4, "cr4") X(CR8, "cr8") X(XCR0, "xcr0") X(EFER, "efer")        \
    X(DR0, "dr0") X(DR1, "dr1") X(DR2, "dr2") X(DR3, "dr3") X(DR6, "dr6") X(DR7, "dr7")            \
    X(GDTR, "gdtr") X(IDTR, "idtr") X(LDTR, "ldtr") X(TR, "tr")                                    \
    X(STAR, "star") X(LSTAR, "lstar") X(CSTAR, "cstar") X(SFMASK, "sfmask")                        \
    X(SYSENTER_CS, "sysenter-cs") X(SYSENTER_ESP, "sysenter-esp") X(SYSENTER_EIP, "sysenter-eip")  \
    X(TOP, "top")       /* the word the final stack pointer points at */                           \
    X(OPERAND, "operand") /* the first word of the operand page */                                 \
    X(STACK, "stack")   /* digest of the stack page */                                             \
    X(MEMORY, "memory") /* digest of the operand page */                                           \
    X(EXTENDED, "extended") /* digest of x87, SSE, AVX and PKRU state */

enum sweep_item {
#define SWEEP_ITEM(name, text) SWEEP_ITEM_##name,
    SWEEP_ITEMS(SWEEP_ITEM)
#undef SWEEP_ITEM
    SWEEP_ITEM_COUNT
};
/* clang-format on */

struct sweep_outcome {
    uint64_t item[SWEEP_ITEM_COUNT];
};

/* How both runs of a case ended; what is in `findings` says the rest. */
struct sweep_verdict {
    uint16_t end[2]; /* enum sweep_end, by ring: [0] ring 0, [1] ring 3 */
    uint8_t varies;  /* two runs in the same ring differ: time, a random number */
    uint8_t differs; /* the rings differ in what does not vary: there is a finding */
    uint8_t length;  /* ring 0 reached the int3 this many bytes on; 0 when it did not */
    uint8_t reserved;
};

struct sweep_finding {
    uint32_t index; /* of the case */
    uint32_t reserved;
    uint64_t items; /* bit per sweep_item that differs */
    struct sweep_outcome outcome[2];
};

struct sweep_shared {
    uint32_t magic;         /* host: SWEEP_MAGIC once the cases are there */
    uint32_t case_count;    /* host */
    uint32_t next;          /* guest: the case being run; where a restart takes up */
    uint32_t ring;          /* guest: the slot (0 or 1) of `end` being run */
    uint32_t progress;      /* guest: counts runs; stands still when the guest does */
    uint32_t finding_count; /* guest */
    uint32_t overflow;      /* guest: findings had no room */
    uint32_t finished;      /* guest: all cases are through */
    struct sweep_case cases[SWEEP_CASES_MAX];
    struct sweep_verdict verdicts[SWEEP_CASES_MAX];
    struct sweep_finding findings[SWEEP_FINDINGS_MAX];
};

_Static_assert(sizeof(struct sweep_case) == 22, "the host and the guest lay cases out alike");
_Static_assert(SWEEP_ITEM_COUNT <= 64, "a finding has one bit per item");
_Static_assert(SWEEP_SHARED + sizeof(struct sweep_shared) < SWEEP_RAM_SIZE - 0x200000,
               "the shared part ends below what the firmware uses at the top of RAM");

#endif /* __ASSEMBLER__ */

#endif
