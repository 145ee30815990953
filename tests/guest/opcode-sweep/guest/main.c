/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs every case in ring 0 and in ring 3 and keeps what differs. */
#include "guest.h"

/* isa-debug-exit: QEMU ends. */
#define EXIT_PORT 0xf4

void guest_main(void);

/* The compiler may call for this one on its own. */
void *memset(void *start, int value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        ((volatile uint8_t *)start)[i] = value;
    return start;
}

static void fill_code_page(void)
{
    volatile uint8_t *code = (volatile uint8_t *)(uintptr_t)SWEEP_CODE_PAGE;

    for (unsigned i = 0; i < SWEEP_PAGE_SIZE; i++)
        code[i] = SWEEP_FILL;
}

static void choose_ring(const struct sweep_case *test, unsigned slot, struct registers *registers)
{
    if (slot == 0) {
        registers->cs = test->bits == 64 ? SWEEP_KERNEL_CODE_64 : SWEEP_KERNEL_CODE_32;
        registers->ss = SWEEP_KERNEL_DATA;
    } else {
        registers->cs = test->bits == 64 ? SWEEP_USER_CODE_64 : SWEEP_USER_CODE_32;
        registers->ss = SWEEP_USER_DATA;
    }
}

/* One case on one ring. It is announced in shared memory first: should the machine not survive it,
 * the host reads there what it was, writes the verdict itself and starts the guest again. */
static void run(uint32_t index, unsigned slot, struct sweep_outcome *outcome)
{
    const struct sweep_case *test = &SHARED->cases[index];
    volatile struct sweep_shared *shared = SHARED;
    struct registers registers;
    uint16_t known = SHARED->verdicts[index].end[slot];

    if (known == SWEEP_END_CRASH || known == SWEEP_END_HANG) {
        *outcome = *machine_baseline();
        outcome->item[SWEEP_ITEM_END] = known;
        return;
    }
    inputs_prepare(test, machine_baseline(), &registers);
    choose_ring(test, slot, &registers);
    shared->ring = slot;
    shared->progress++;
    enter_case(&registers);
    state_capture(outcome);
    state_describe_end(outcome, &registers, test->bits);
    machine_restore(outcome);
    SHARED->verdicts[index].end[slot] = outcome->item[SWEEP_ITEM_END];
}

static uint64_t compare(const struct sweep_outcome *a, const struct sweep_outcome *b)
{
    uint64_t items = 0;

    for (int i = 0; i < SWEEP_ITEM_COUNT; i++)
        if (a->item[i] != b->item[i])
            items |= (uint64_t)1 << i;
    return items;
}

static void keep(uint32_t index, uint64_t items, const struct sweep_outcome outcome[2])
{
    if (SHARED->finding_count == SWEEP_FINDINGS_MAX) {
        SHARED->overflow = 1;
        return;
    }
    struct sweep_finding *finding = &SHARED->findings[SHARED->finding_count];
    finding->index = index;
    finding->items = items;
    finding->outcome[0] = outcome[0];
    finding->outcome[1] = outcome[1];
    SHARED->verdicts[index].differs = 1;
    SHARED->finding_count++;
}

static void note_length(uint32_t index, const struct sweep_outcome *outcome)
{
    uint64_t past = outcome->item[SWEEP_ITEM_RIP] - 1 - SWEEP_CODE;

    if (outcome->item[SWEEP_ITEM_END] == SWEEP_END_EXCEPTION + 3 && past <= SWEEP_CASE_SIZE_MAX)
        SHARED->verdicts[index].length = past;
}

/* When the rings differ, each is run once more: what also differs between two runs in one ring (the
 * time-stamp counter, a random number) says nothing about rings. */
static void sweep_case(uint32_t index)
{
    struct sweep_outcome first[2], again[2];

    run(index, 0, &first[0]);
    note_length(index, &first[0]);
    run(index, 1, &first[1]);
    uint64_t items = compare(&first[0], &first[1]);
    if (items == 0)
        return;

    run(index, 0, &again[0]);
    run(index, 1, &again[1]);
    uint64_t varying = compare(&first[0], &again[0]) | compare(&first[1], &again[1]);
    if (varying >> SWEEP_ITEM_RSP &
        1) /* a random stack pointer sometimes finds the same word twice */
        varying |= UINT64_C(1) << SWEEP_ITEM_TOP;
    if (varying)
        SHARED->verdicts[index].varies = 1;
    if (items & ~varying)
        keep(index, items & ~varying, first);
}

void guest_main(void)
{
    volatile struct sweep_shared *shared = SHARED;

    fill_code_page();
    machine_set_up();
    if (shared->magic == SWEEP_MAGIC) {
        for (uint32_t index = shared->next; index < shared->case_count; index++) {
            shared->next = index;
            sweep_case(index);
        }
        shared->finished = 1;
    }
    __asm__ volatile("outb %b0, %w1" ::"a"(0), "d"(EXIT_PORT));
}
