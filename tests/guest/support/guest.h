/* SPDX-License-Identifier: BSD-2-Clause */
/* What test programs share. A program has a function test(); when that returns, "done" is printed
 * and the run ends with exit code 0. It says on the console what it sees, and the file `expected`
 * next to it says what that has to be. See ../README.md. */
#ifndef GUEST_H
#define GUEST_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "layout.h"

void test(void);

/* --- Console and end (console.c, machine.c) */

/* %s %c %d %u %x, with l, and a width that may begin with 0. */
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));
void print_arguments(const char *format, va_list *arguments);
void leave(unsigned code) __attribute__((noreturn));
void give_up(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* "NAME: yes" or "NAME: no": for what must hold and has no number that is always the same. */
void check(const char *name, bool value);
void show(const char *name, uint64_t value);

void *memset(void *to, int value, size_t size);
void *memcpy(void *to, const void *from, size_t size);
int memcmp(const void *a, const void *b, size_t size);

/* --- Exceptions (trap.c) */

struct frame {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
    uint64_t vector, error;
    uint64_t rip, cs, rflags, rsp, ss;
};

#define NO_FAULT 999

/* The last exception that an expectation caught; vector NO_FAULT when there was none. */
struct fault {
    struct frame frame;
    uint64_t cr2;
    int64_t offset; /* of RIP from the instruction that was expected to raise it */
    bool behind;    /* RIP is behind that instruction */
};
extern struct fault fault;

/* Where an exception may happen, and where to go on: at the end of an asm statement. Kind 0: RIP
 * must be `from`. 1: there may be a pad before the instruction, which RIP may be behind (sti, and
 * loads of SS). */
#define EXPECT(from, to, kind)                                                                     \
    "\n    .pushsection .fixups, \"a\"\n"                                                          \
    "    .long " from " - ., " to " - ., " #kind "\n"                                              \
    "    .popsection\n"

/* TRY("instruction", : outputs : inputs : clobbers): carries it out; what exception it raised, if
 * any, is in `fault`. It is skipped then. */
#define TRY(text, ...)                                                                             \
    do {                                                                                           \
        fault.frame.vector = NO_FAULT;                                                             \
        asm volatile("" ::: "memory");                                                             \
        asm volatile("801: " text "\n802:" EXPECT("801b", "802b", 0) __VA_ARGS__);                 \
        asm volatile("" ::: "memory");                                                             \
    } while (0)
#define TRY_PADDED(text, ...)                                                                      \
    do {                                                                                           \
        fault.frame.vector = NO_FAULT;                                                             \
        asm volatile("" ::: "memory");                                                             \
        asm volatile("801: " text "\n802:" EXPECT("801b", "802b", 1) __VA_ARGS__);                 \
        asm volatile("" ::: "memory");                                                             \
    } while (0)

/* Prints "NAME: fine", or the exception with its error code and CR2, and how RIP is wrong if it is.
 */
void outcome(const char *name);

/* Reads eight bytes: prints them, or the exception. */
void read_at(const char *name, uint64_t address);
void print_exception(uint64_t vector, uint64_t error, uint64_t cr2);

/* Sees every trap first, on the stack of its gate; true: it is handled. */
extern bool (*trap_hook)(struct frame *frame);

struct gate {
    uint16_t offset_low, selector;
    uint8_t ist, type;
    uint16_t offset_middle;
    uint32_t offset_high, reserved;
};
extern struct gate idt[256];
#define GATE_INTERRUPT 0x8e
#define GATE_TRAP      0x8f
#define GATE_DPL3      0x60
extern const uint64_t trap_stubs[256];
void gate_set(unsigned vector, uint64_t handler, uint8_t ist, uint8_t type);

/* --- Segments (segments.c) */

extern uint64_t gdt[GDT_ENTRIES];
struct tss {
    uint32_t reserved0;
    uint64_t rsp[3];
    uint64_t reserved1;
    uint64_t ist[7];
    uint64_t reserved2;
    uint16_t reserved3, io_map;
} __attribute__((packed));
extern struct tss tss;
struct table_pointer {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));
void gdt_load(void);
/* A system descriptor takes two entries. */
void descriptor_system(uint64_t *entry, uint64_t base, uint32_t limit, unsigned type);

/* --- Memory (paging.c) */

#define PTE_P       0x1ul
#define PTE_W       0x2ul
#define PTE_U       0x4ul
#define PTE_A       0x20ul
#define PTE_D       0x40ul
#define PTE_PS      0x80ul
#define PTE_G       0x100ul
#define PTE_NX      (1ul << 63)
#define PTE_ADDRESS 0x000ffffffffff000ul

static inline void *at(uint64_t physical)
{
    return (void *)(KERNEL_BASE + physical);
}
static inline uint64_t physical_of(const void *address)
{
    return (uint64_t)address - KERNEL_BASE;
}
extern uint64_t kernel_root; /* physical */
uint64_t page_new(void);     /* physical address of a zeroed page */
uint64_t large_page_new(void);
/* The entry for an address at a level (1: page, 2: 2 MB, ...); tables are made as needed. */
uint64_t *entry_in(uint64_t root, uint64_t address, int level);
void map(uint64_t address, uint64_t physical, uint64_t flags); /* in kernel_root; no flush */
void unmap(uint64_t address);                                  /* with a flush */
uint64_t root_new(void); /* with the kernel's half of kernel_root */

/* --- User mode (user.c) */

/* Code for user mode: USER_CODE(name, "instructions"). */
#define USER_CODE(name, text)                                                                      \
    asm(".pushsection .user.text, \"ax\"\n    .balign 16\n    .globl " #name "\n" #name ":\n"      \
        "    " text "\n    .popsection\n");                                                        \
    extern const char name[]
#define USER_CODE32(name, text) USER_CODE(name, ".code32\n" text "\n.code64")

/* A frame for user mode: 64-bit code at `code`, an own stack, interrupts off. */
void user_prepare(struct frame *frame, const void *code);
void user_prepare32(struct frame *frame, const void *code);
/* Runs it until an exception, interrupt or system call; the frame then shows the user's registers
 * and why. */
void user_run(struct frame *frame);
void user_run_sysret(struct frame *frame);
extern uint64_t user_cr2; /* of the page fault that ended it */
/* "NAME: " and why it came back, and from where as an offset to `code`. */
void user_outcome(const char *name, const struct frame *frame, const void *code);

/* Prepares, runs with these flags, and prints how it came back. */
void user_try(const char *name, struct frame *frame, const void *code, uint64_t rflags);
extern uint64_t syscall_flags, syscall_rsp; /* as the entry found them */
extern char trap_stack_top[], boot_stack_top[];
void syscall_entry(void);
void syscall_entry32(void);

/* --- Machine (machine.c) */

void pic_init(void); /* vectors from VECTOR_IRQ0 on, all masked */
void pic_mask(unsigned line, bool masked);
void pic_end(unsigned line);
#define PIT_HZ 1193182
void pit_once(unsigned count);
void pit_periodic(unsigned count);
extern volatile uint64_t interrupts[16]; /* how often each line's came, ended */
extern volatile uint64_t interrupt_rip;  /* where the last one came */
extern struct frame interrupt_frame;

/* --- Instructions */

#define FLAG_CF 0x1ul
#define FLAG_ZF 0x40ul
#define FLAG_TF 0x100ul
#define FLAG_IF 0x200ul
#define FLAG_DF 0x400ul
#define FLAG_NT 0x4000ul
#define FLAG_AC 0x40000ul
#define FLAG_ID 0x200000ul

#define MSR_EFER      0xc0000080
#define MSR_STAR      0xc0000081
#define MSR_LSTAR     0xc0000082
#define MSR_CSTAR     0xc0000083
#define MSR_SFMASK    0xc0000084
#define MSR_FS_BASE   0xc0000100
#define MSR_GS_BASE   0xc0000101
#define MSR_KERNEL_GS 0xc0000102

static inline void outb(uint16_t port, uint8_t value)
{
    asm volatile("outb %0, %1" ::"a"(value), "Nd"(port) : "memory");
}
static inline uint8_t inb(uint16_t port)
{
    uint8_t value;
    asm volatile("inb %1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}
static inline uint64_t flags_read(void)
{
    uint64_t value;
    asm volatile("pushfq; popq %0" : "=r"(value)::"memory");
    return value;
}
static inline void flags_write(uint64_t value)
{
    asm volatile("pushq %0; popfq" ::"r"(value) : "memory", "cc");
}
static inline uint64_t msr_read(uint32_t number)
{
    uint32_t low, high;
    asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(number));
    return (uint64_t)high << 32 | low;
}
static inline void msr_write(uint32_t number, uint64_t value)
{
    asm volatile("wrmsr" ::"c"(number), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
                 : "memory");
}
#define CONTROL_REGISTER(number)                                                                   \
    static inline uint64_t cr##number##_read(void)                                                 \
    {                                                                                              \
        uint64_t value;                                                                            \
        asm volatile("movq %%cr" #number ", %0" : "=r"(value)::"memory");                          \
        return value;                                                                              \
    }                                                                                              \
    static inline void cr##number##_write(uint64_t value)                                          \
    {                                                                                              \
        asm volatile("movq %0, %%cr" #number ::"r"(value) : "memory");                             \
    }
CONTROL_REGISTER(0)
CONTROL_REGISTER(2)
CONTROL_REGISTER(3)
CONTROL_REGISTER(4)
CONTROL_REGISTER(8)
#undef CONTROL_REGISTER
static inline void invlpg(uint64_t address)
{
    asm volatile("invlpg (%0)" ::"r"(address) : "memory");
}
static inline uint64_t rdtsc(void)
{
    uint32_t low, high;
    asm volatile("rdtsc" : "=a"(low), "=d"(high)::"memory");
    return (uint64_t)high << 32 | low;
}
static inline void cpuid(uint32_t leaf, uint32_t sub, uint32_t out[4])
{
    asm volatile("cpuid"
                 : "=a"(out[0]), "=b"(out[1]), "=c"(out[2]), "=d"(out[3])
                 : "a"(leaf), "c"(sub));
}

#endif
