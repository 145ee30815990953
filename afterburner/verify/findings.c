/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "verify/findings.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/memory.h"
#include "cli/message.h"

static const struct {
    const char *name, *sentence;
} kinds[FINDING_KIND_COUNT] = {
    [FINDING_UNANNOTATED] = {"unannotated", "sensitive instruction outside every site"},
    [FINDING_SITE_MISMATCH] = {"site-mismatch", "the site does not hold what its record says"},
    [FINDING_SITE_OUTSIDE_CODE] = {"site-outside-code",
                                   "the record points outside executable sections"},
    [FINDING_SITE_SHORT] = {"site-short", "the site's span is too short to bind"},
    [FINDING_SITES_OVERLAP] = {"sites-overlap", "two sites share bytes"},
    [FINDING_PAD_NOT_NOP] = {"pad-not-nop", "the site's pad is not made of nops"},
    [FINDING_BRANCH_INTO_SITE] = {"branch-into-site", "a branch lands inside a site"},
    [FINDING_SYMBOL_IN_SITE] = {"symbol-in-site", "a symbol lies inside a site"},
    [FINDING_TABLE_INTO_SITE] = {"table-into-site", "a table entry points inside a site"},
    [FINDING_ALTERNATIVE_IN_SITE] = {"alternative-in-site",
                                     "an alternative would overwrite part of a site"},
    [FINDING_UNDECODABLE] = {"undecodable", "bytes that are no instruction"},
    [FINDING_DECODERS_DIFFER] = {"decoders-differ", "the decoders differ"},
    [FINDING_SECTIONS_OVERLAP] = {"sections-overlap", "two sections share addresses"},
    [FINDING_BRANCH_OUT_OF_CODE] = {"branch-out-of-code",
                                    "a branch leaves the executable sections"},
    [FINDING_SYMBOL_IN_INSTRUCTION] = {"symbol-in-instruction",
                                       "a symbol lies inside an instruction"},
    [FINDING_ADDRESS_INTO_SITE] = {"address-into-site", "an address points inside a site"},
    [FINDING_BRANCH_CHANGES_BITS] = {"branch-changes-bits", "a near branch to code of other bits"},
    [FINDING_RUNS_INTO_DATA] = {"runs-into-data", "code goes on into data"},
    [FINDING_EXCLUDED] = {"excluded", "an instruction that the table deliberately does not have"},
    [FINDING_REGION_WRONG] = {"region-wrong", "a region is not what a region can be"},
    [FINDING_SITE_TABLE] = {"site-table", "the wedge's table of sites is not what the records say"},
    [FINDING_SITE_NOT_BOUND] = {"site-not-bound", "a site that is not bound"},
    [FINDING_PATCH_WRONG] = {"patch-wrong", "a bound site that is not what a bound site is"},
    [FINDING_STUB_WRONG] = {"stub-wrong", "a stub does something else than stubs do"},
    [FINDING_LIVE_NOT_BOUND] = {"live-not-bound", "in memory, a site is not bound"},
    [FINDING_LIVE_ALTERNATIVE] = {"live-alternative",
                                  "in memory, an alternative that is never brought"},
    [FINDING_LIVE_UNEXPLAINED] = {"live-unexplained", "in memory, code that nothing explains"},
    [FINDING_ALTERNATIVE_UNGATED] = {"alternative-ungated",
                                     "an alternative may bring sensitive code"},
    [FINDING_NOT_DECODED] = {"not-decoded", "executable bytes that are not decoded"},
};

const char *finding_name(enum finding_kind kind)
{
    return kinds[kind].name;
}

const char *finding_sentence(enum finding_kind kind)
{
    return kinds[kind].sentence;
}

const char *finding_state_name(enum finding_state state)
{
    static const char *const names[] = {"open", "explained", "exempt", "trapping"};

    return names[state];
}

static void count(struct findings *findings, enum finding_state state, int change)
{
    size_t *const counts[] = {&findings->open, &findings->explained, &findings->exempt,
                              &findings->trapping};

    *counts[state] += (size_t)change;
}

void findings_add(struct findings *findings, enum finding_kind kind, enum finding_state state,
                  uint64_t address, const char *why, const char *format, ...)
{
    va_list arguments;
    char *detail;

    va_start(arguments, format);
    if (vasprintf(&detail, format, arguments) < 0)
        message_out_of_memory();
    va_end(arguments);
    memory_grow((void **)&findings->list, &findings->capacity, findings->count,
                sizeof(*findings->list));
    findings->list[findings->count++] = (struct finding){
        .kind = kind, .state = state, .address = address, .detail = detail, .why = why};
    count(findings, state, 1);
}

void findings_set_entry(struct findings *findings, int entry)
{
    findings->list[findings->count - 1].entry = entry;
}

void findings_settle(struct findings *findings, size_t index, enum finding_state state,
                     const char *why)
{
    struct finding *finding = &findings->list[index];

    count(findings, finding->state, -1);
    count(findings, state, 1);
    finding->state = state;
    finding->why = why;
}

static int compare(const void *a, const void *b)
{
    const struct finding *x = a, *y = b;

    if (x->state != y->state)
        return x->state < y->state ? -1 : 1;
    if (x->address != y->address)
        return x->address < y->address ? -1 : 1;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    return strcmp(x->detail, y->detail);
}

static int compare_identity(const void *a, const void *b)
{
    const struct finding *x = a, *y = b;

    if (x->address != y->address)
        return x->address < y->address ? -1 : 1;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    return strcmp(x->detail, y->detail);
}

void findings_merge(struct findings *findings, struct findings *others)
{
    size_t count = findings->count;

    if (count)
        qsort(findings->list, count, sizeof(*findings->list), compare_identity);
    for (size_t i = 0; i < others->count; i++) {
        const struct finding *other = &others->list[i];

        if (count &&
            bsearch(other, findings->list, count, sizeof(*findings->list), compare_identity))
            continue;
        findings_add(findings, other->kind, other->state, other->address, other->why, "%s",
                     other->detail);
        findings_set_entry(findings, other->entry);
    }
    findings_free(others);
}

void findings_sort(struct findings *findings)
{
    if (findings->count)
        qsort(findings->list, findings->count, sizeof(*findings->list), compare);
}

void findings_free(struct findings *findings)
{
    for (size_t i = 0; i < findings->count; i++)
        free(findings->list[i].detail);
    free(findings->list);
    memset(findings, 0, sizeof(*findings));
}
