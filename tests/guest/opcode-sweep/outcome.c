/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outcome.h"

#include <stdarg.h>
#include <stdio.h>

#define BREAKPOINT 3

static const char *const item_names[] = {
#define SWEEP_ITEM(name, text) text,
    SWEEP_ITEMS(SWEEP_ITEM)
#undef SWEEP_ITEM
};

/* Intel SDM vol. 3, table 6-1. */
static const struct {
    const char *name;
    bool has_error;
} exceptions[32] = {
    [0] = {"#DE", false},  [1] = {"#DB", false},  [2] = {"NMI", false},  [3] = {"#BP", false},
    [4] = {"#OF", false},  [5] = {"#BR", false},  [6] = {"#UD", false},  [7] = {"#NM", false},
    [8] = {"#DF", true},   [10] = {"#TS", true},  [11] = {"#NP", true},  [12] = {"#SS", true},
    [13] = {"#GP", true},  [14] = {"#PF", true},  [16] = {"#MF", false}, [17] = {"#AC", true},
    [18] = {"#MC", false}, [19] = {"#XM", false}, [21] = {"#CP", true},
};

struct text {
    char *start;
    size_t used;
};

static void add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct text *text, const char *format, ...)
{
    va_list arguments;

    if (text->used >= OUTCOME_TEXT_SIZE)
        return;
    va_start(arguments, format);
    text->used +=
        vsnprintf(text->start + text->used, OUTCOME_TEXT_SIZE - text->used, format, arguments);
    va_end(arguments);
}

bool outcome_completed(unsigned end)
{
    return end == SWEEP_END_EXCEPTION + BREAKPOINT || end == SWEEP_END_SYSCALL ||
           end == SWEEP_END_SYSENTER;
}

static void describe_exception(struct text *text, const struct sweep_outcome *outcome)
{
    unsigned vector = outcome->item[SWEEP_ITEM_END] - SWEEP_END_EXCEPTION;
    /* int3 is one byte, and RIP the next one's address. */
    uint64_t past = outcome->item[SWEEP_ITEM_RIP] - 1 - SWEEP_CODE;

    if (vector == BREAKPOINT && past <= SWEEP_CASE_SIZE_MAX)
        add(text, "ok+%u", (unsigned)past);
    else if (vector == BREAKPOINT)
        add(text, "ok@%llx", (unsigned long long)outcome->item[SWEEP_ITEM_RIP] - 1);
    else if (vector >= 32 || !exceptions[vector].name)
        add(text, "vector-%02x", vector);
    else if (exceptions[vector].has_error)
        add(text, "%s(%llx)", exceptions[vector].name,
            (unsigned long long)outcome->item[SWEEP_ITEM_ERROR]);
    else
        add(text, "%s", exceptions[vector].name);
}

static void describe_end(struct text *text, const struct sweep_outcome *outcome)
{
    switch (outcome->item[SWEEP_ITEM_END]) {
    case SWEEP_END_NOT_RUN:
        add(text, "not-run");
        break;
    case SWEEP_END_SYSCALL:
        add(text, "syscall");
        break;
    case SWEEP_END_SYSENTER:
        add(text, "sysenter");
        break;
    case SWEEP_END_TIMEOUT:
        add(text, "timeout");
        break;
    case SWEEP_END_CRASH:
        add(text, "crash");
        break;
    case SWEEP_END_HANG:
        add(text, "hang");
        break;
    default:
        describe_exception(text, outcome);
    }
}

/* A digest says only that something differs; it is left out where a word that differs already says
 * so. */
static bool is_worth_showing(uint64_t items, unsigned item)
{
    switch (item) {
    case SWEEP_ITEM_END:
    case SWEEP_ITEM_ERROR:
    case SWEEP_ITEM_RIP:
        return false;
    case SWEEP_ITEM_STACK:
        return !(items >> SWEEP_ITEM_TOP & 1);
    case SWEEP_ITEM_MEMORY:
        return !(items >> SWEEP_ITEM_OPERAND & 1);
    default:
        return true;
    }
}

void outcome_describe(const struct sweep_finding *finding, unsigned slot,
                      char text[OUTCOME_TEXT_SIZE])
{
    const struct sweep_outcome *outcome = &finding->outcome[slot];
    struct text out = {text, 0};

    describe_end(&out, outcome);
    if (finding->items & 1u << SWEEP_ITEM_END)
        return;
    for (unsigned item = 0; item < SWEEP_ITEM_COUNT; item++)
        if (finding->items >> item & 1 && is_worth_showing(finding->items, item))
            add(&out, ",%s=%llx", item_names[item], (unsigned long long)outcome->item[item]);
}
