/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads the machine after a run into the list of items that are compared. */
#include "guest.h"

#define XSAVE_AREA_SIZE 4096
#define MXCSR_OFFSET    24
#define MXCSR_DEFAULT   0x1f80

static _Alignas(64) uint8_t extended_state[XSAVE_AREA_SIZE];
static _Alignas(64) uint8_t extended_initial[XSAVE_AREA_SIZE];

/* FNV-1a over 64-bit words: only equality matters, and the guest has no library. */
static uint64_t digest(const void *start, size_t size)
{
    const uint64_t *word = start;
    uint64_t hash = 0xcbf29ce484222325;

    for (size_t i = 0; i < size / sizeof(*word); i++)
        hash = (hash ^ word[i]) * 0x100000001b3;
    return hash;
}

/* An XSAVE image of zeros asks for every component's initial state (Intel SDM vol. 1, 13.6). */
void state_restore_extended(void)
{
    *(uint32_t *)(extended_initial + MXCSR_OFFSET) = MXCSR_DEFAULT;
    __asm__ volatile("fninit; xrstor64 %0" ::"m"(extended_initial), "a"(-1), "d"(-1));
}

static uint64_t read_extended(void)
{
    __asm__ volatile("xsave64 %0" : "+m"(extended_state) : "a"(-1), "d"(-1));
    return digest(extended_state, sizeof(extended_state));
}

/* NOLINTBEGIN(bugprone-macro-parentheses): an asm template takes no parentheses. */
#define READ(name, instruction)                                                                    \
    do {                                                                                           \
        uint64_t value_ = 0;                                                                       \
        __asm__ volatile(instruction : "=r"(value_)::"memory");                                    \
        outcome->item[SWEEP_ITEM_##name] = value_;                                                 \
    } while (0)
/* NOLINTEND(bugprone-macro-parentheses) */

#define READ_MSR(name) outcome->item[SWEEP_ITEM_##name] = read_msr(MSR_##name)

/* Limit and base in one word: bases here are far below 2^48. */
static uint64_t packed(const struct pseudo_descriptor *descriptor)
{
    return (uint64_t)descriptor->limit << 48 ^ descriptor->base;
}

static void capture_tables(struct sweep_outcome *outcome)
{
    struct pseudo_descriptor gdtr, idtr;

    __asm__ volatile("sgdt %0; sidt %1" : "=m"(gdtr), "=m"(idtr));
    outcome->item[SWEEP_ITEM_GDTR] = packed(&gdtr);
    outcome->item[SWEEP_ITEM_IDTR] = packed(&idtr);
    READ(LDTR, "sldt %0");
    READ(TR, "str %0");
}

void state_capture(struct sweep_outcome *outcome)
{
    uint32_t low, high;

    READ(DS, "mov %%ds, %0");
    READ(ES, "mov %%es, %0");
    READ(FS, "mov %%fs, %0");
    READ(GS, "mov %%gs, %0");
    READ_MSR(FS_BASE);
    READ_MSR(GS_BASE);
    READ_MSR(KERNEL_GS_BASE);
    READ(CR0, "mov %%cr0, %0");
    READ(CR2, "mov %%cr2, %0");
    READ(CR3, "mov %%cr3, %0");
    READ(CR4, "mov %%cr4, %0");
    READ(CR8, "mov %%cr8, %0");
    READ(DR0, "mov %%dr0, %0");
    READ(DR1, "mov %%dr1, %0");
    READ(DR2, "mov %%dr2, %0");
    READ(DR3, "mov %%dr3, %0");
    READ(DR6, "mov %%dr6, %0");
    READ(DR7, "mov %%dr7, %0");
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    outcome->item[SWEEP_ITEM_XCR0] = (uint64_t)high << 32 | low;
    READ_MSR(EFER);
    READ_MSR(STAR);
    READ_MSR(LSTAR);
    READ_MSR(CSTAR);
    READ_MSR(SFMASK);
    READ_MSR(SYSENTER_CS);
    READ_MSR(SYSENTER_ESP);
    READ_MSR(SYSENTER_EIP);
    capture_tables(outcome);

    outcome->item[SWEEP_ITEM_OPERAND] = *(volatile uint64_t *)(uintptr_t)SWEEP_MEMORY;
    outcome->item[SWEEP_ITEM_STACK] = digest((void *)(uintptr_t)SWEEP_STACK_PAGE, SWEEP_PAGE_SIZE);
    outcome->item[SWEEP_ITEM_MEMORY] =
        digest((void *)(uintptr_t)SWEEP_MEMORY_PAGE, SWEEP_PAGE_SIZE);
    outcome->item[SWEEP_ITEM_EXTENDED] = read_extended();
}

#define PAGE_FAULT      14
#define PAGE_FAULT_USER 4u

/* What the entry stubs stored, freed of what must differ because the rings have their own CS and
 * SS: a selector that is still the one on entry reads 0, and a page fault's error code loses the
 * bit that says which ring it was. */
void state_describe_end(struct sweep_outcome *outcome, const struct registers *entered, int bits)
{
    uint64_t *item = outcome->item;

    for (int i = 0; i < 16; i++) {
        item[SWEEP_ITEM_RAX + i] = ended.gpr[i];
        /* The upper halves are undefined when compatibility mode is left (AMD APM vol. 1, 3.1). */
        if (bits == 32)
            item[SWEEP_ITEM_RAX + i] &= 0xffffffff;
    }
    item[SWEEP_ITEM_END] = ended.end;
    item[SWEEP_ITEM_ERROR] = ended.error;
    if (ended.end == SWEEP_END_EXCEPTION + PAGE_FAULT)
        item[SWEEP_ITEM_ERROR] &= ~(uint64_t)PAGE_FAULT_USER;
    else
        item[SWEEP_ITEM_CR2] = 0; /* only a page fault makes it meaningful */
    item[SWEEP_ITEM_RIP] = ended.rip;
    item[SWEEP_ITEM_FLAGS] = ended.flags;
    /* A system call ends with the kernel's selectors whichever ring it came from. */
    bool called = ended.end == SWEEP_END_SYSCALL || ended.end == SWEEP_END_SYSENTER;
    item[SWEEP_ITEM_CS] = !called && ended.cs == entered->cs ? 0 : ended.cs;
    item[SWEEP_ITEM_SS] = !called && ended.ss == entered->ss ? 0 : ended.ss;

    uint64_t top = item[SWEEP_ITEM_RSP];
    item[SWEEP_ITEM_TOP] = 0;
    if (top >= SWEEP_STACK_PAGE && top <= SWEEP_STACK_PAGE + SWEEP_PAGE_SIZE - sizeof(top))
        item[SWEEP_ITEM_TOP] = *(volatile uint64_t *)(uintptr_t)top;
}
