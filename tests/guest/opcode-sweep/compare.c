/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "compare.h"

#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "decode.h"
#include "decode/sensitive-table.h"
#include "outcome.h"

#define UNDEFINED_OPCODE 6
#define NAME_SIZE        64
#define BYTES_SIZE       (2 * SWEEP_CASE_SIZE_MAX + 1)

/* The explanations that compare_decoders needs; compare_sweep needs all others. */
#define DECODER_KINDS (1u << EXPLAINED_ZYDIS | 1u << EXPLAINED_CAPSTONE)

/* Something that wants an explanation, said once however many cases show it. */
struct problem {
    enum explained_kind kind;
    char name[NAME_SIZE];
    char example[BYTES_SIZE + OUTCOME_TEXT_SIZE * 2]; /* "" where it is not about cases */
    size_t cases;
};

struct problems {
    struct explained *explained;
    struct problem *list;
    size_t count;
};

/* What the sweep saw of one table entry. */
struct tally {
    size_t cases;
    size_t undefined; /* #UD in both rings */
    size_t differing;
    size_t completed; /* in ring 3 */
    size_t example;   /* a case that ring 3 completes */
};

static const char *const kind_texts[EXPLAINED_KINDS] = {
    [EXPLAINED_DIFFERS] = "the rings differ, and the table does not have it",
    [EXPLAINED_CRASHES] = "QEMU did not survive it in either ring: nothing was compared",
    [EXPLAINED_LENGTH_ZYDIS] = "Zydis gives it another length than the CPU",
    [EXPLAINED_LENGTH_CAPSTONE] = "Capstone gives it another length than the CPU",
    [EXPLAINED_SAME] = "in the table, but the rings never differ",
    [EXPLAINED_UNDEFINED] = "in the table, but always #UD in both rings",
    [EXPLAINED_ABSENT] = "in the table, but no case of the sweep decodes as it",
    [EXPLAINED_COMPLETES] = "PRIVILEGED in the table, but ring 3 completes it",
    [EXPLAINED_ZYDIS] = "Zydis calls it privileged, and the table does not have it",
    [EXPLAINED_CAPSTONE] = "Capstone calls it privileged, and the table does not have it",
};

static void describe_case(const struct sweep_case *test, char *text, size_t size)
{
    char bytes[BYTES_SIZE];

    cases_to_text(test, bytes, sizeof(bytes));
    snprintf(text, size, "%d %s", test->bits, bytes);
}

static void note(struct problems *problems, enum explained_kind kind, const char *name,
                 const char *example)
{
    if (explained_find(problems->explained, kind, name))
        return;
    for (size_t i = 0; i < problems->count; i++)
        if (problems->list[i].kind == kind && strcmp(problems->list[i].name, name) == 0) {
            problems->list[i].cases++;
            return;
        }
    struct problem *list = realloc(problems->list, (problems->count + 1) * sizeof(*list));
    if (!list) {
        perror("sweep-host");
        exit(EXIT_FAILURE);
    }
    problems->list = list;
    struct problem *problem = &list[problems->count++];
    problem->kind = kind;
    problem->cases = 1;
    snprintf(problem->name, sizeof(problem->name), "%s", name);
    snprintf(problem->example, sizeof(problem->example), "%s", example);
}

/* Prints and frees the problems; gives how many there were, unused explanations of `kinds`
 * included. */
static size_t conclude(struct problems *problems, unsigned kinds)
{
    size_t count = problems->count + explained_report_unused(problems->explained, kinds);

    for (size_t i = 0; i < problems->count; i++) {
        const struct problem *problem = &problems->list[i];
        printf("unexplained: %s: %s", problem->name, kind_texts[problem->kind]);
        if (problem->example[0])
            printf(" (%zu cases, first: %s)", problem->cases, problem->example);
        printf("; put it right, or explain it with `%s %s : reason`\n",
               explained_kind_name(problem->kind), problem->name);
    }
    free(problems->list);
    return count;
}

/* How explanations name an instruction that is not in the table: what it is called, and its opcode.
 */
static void name_case(const struct sweep_case *test, const struct decoded *decoded,
                      char name[NAME_SIZE])
{
    char opcode[16];

    cases_opcode(test, opcode, sizeof(opcode));
    snprintf(name, NAME_SIZE, "%s[%s]", decoded->valid ? decoded->mnemonic : "undecodable", opcode);
}

static void describe_finding(const struct sweep_shared *shared, const struct sweep_finding *finding,
                             char *text, size_t size)
{
    char test[BYTES_SIZE + 4], outcome[2][OUTCOME_TEXT_SIZE];

    describe_case(&shared->cases[finding->index], test, sizeof(test));
    outcome_describe(finding, 0, outcome[0]);
    outcome_describe(finding, 1, outcome[1]);
    snprintf(text, size, "%s %s %s", test, outcome[0], outcome[1]);
}

void compare_write(const struct sweep_shared *shared, FILE *output)
{
    char line[BYTES_SIZE + 2 * OUTCOME_TEXT_SIZE + 8];

    for (uint32_t i = 0; i < shared->finding_count; i++) {
        describe_finding(shared, &shared->findings[i], line, sizeof(line));
        fprintf(output, "%s\n", line);
    }
}

static bool ended_badly(unsigned end)
{
    return end >= SWEEP_END_TIMEOUT;
}

/* A decoder that gets one length wrong is lost from there on: it would miss what follows. What it
 * does not decode at all it cannot get wrong. */
static void check_length(const struct sweep_case *test, unsigned length,
                         const struct decoded *decoded, enum explained_kind kind,
                         struct problems *problems)
{
    char name[NAME_SIZE], bytes[BYTES_SIZE + 4], example[BYTES_SIZE + 64];

    if (length == 0 || !decoded->valid || decoded->length == length)
        return;
    name_case(test, decoded, name);
    describe_case(test, bytes, sizeof(bytes));
    snprintf(example, sizeof(example), "%s: %u bytes for the CPU, %u for the decoder", bytes,
             length, decoded->length);
    note(problems, kind, name, example);
}

static void check_survival(const struct sweep_case *test, const struct sweep_verdict *verdict,
                           const struct decoded *decoded, struct problems *problems)
{
    char name[NAME_SIZE], example[BYTES_SIZE + 4];

    if (!ended_badly(verdict->end[0]) || !ended_badly(verdict->end[1]))
        return;
    name_case(test, decoded, name);
    describe_case(test, example, sizeof(example));
    note(problems, EXPLAINED_CRASHES, name, example);
}

/* Adds every case to its entry's tally; notes what is wrong with single cases. */
static void tally_cases(const struct sweep_shared *shared, struct tally *tallies,
                        struct problems *problems)
{
    for (uint32_t i = 0; i < shared->case_count; i++) {
        const struct sweep_case *test = &shared->cases[i];
        const struct sweep_verdict *verdict = &shared->verdicts[i];
        struct decoded zydis = decode_zydis(test);
        struct decoded capstone = decode_capstone(test);
        struct tally *tally = &tallies[zydis.entry];

        tally->cases++;
        tally->differing += verdict->differs;
        if (verdict->end[0] == SWEEP_END_EXCEPTION + UNDEFINED_OPCODE &&
            verdict->end[1] == verdict->end[0])
            tally->undefined++;
        if (outcome_completed(verdict->end[1]) && tally->completed++ == 0)
            tally->example = i;
        check_survival(test, verdict, &zydis, problems);
        check_length(test, verdict->length, &zydis, EXPLAINED_LENGTH_ZYDIS, problems);
        check_length(test, verdict->length, &capstone, EXPLAINED_LENGTH_CAPSTONE, problems);
    }
}

static void check_findings(const struct sweep_shared *shared, struct problems *problems)
{
    char name[NAME_SIZE], example[BYTES_SIZE + 2 * OUTCOME_TEXT_SIZE + 8];

    for (uint32_t i = 0; i < shared->finding_count; i++) {
        const struct sweep_finding *finding = &shared->findings[i];
        const struct sweep_case *test = &shared->cases[finding->index];
        struct decoded decoded = decode_zydis(test);

        if (decoded.entry)
            continue;
        name_case(test, &decoded, name);
        describe_finding(shared, finding, example, sizeof(example));
        note(problems, EXPLAINED_DIFFERS, name, example);
    }
}

static void check_entry(const struct sweep_shared *shared, const struct sensitive_entry *entry,
                        const struct tally *tally, struct problems *problems)
{
    char example[BYTES_SIZE + 4] = "";

    if (tally->cases == 0)
        note(problems, EXPLAINED_ABSENT, entry->name, example);
    else if (tally->undefined == tally->cases)
        note(problems, EXPLAINED_UNDEFINED, entry->name, example);
    else if (tally->differing == 0)
        note(problems, EXPLAINED_SAME, entry->name, example);
    if (entry->kind == SENSITIVE_PRIVILEGED && tally->completed) {
        describe_case(&shared->cases[tally->example], example, sizeof(example));
        note(problems, EXPLAINED_COMPLETES, entry->name, example);
    }
}

static int highest_entry(void)
{
    int highest = 0;

    for (size_t i = 0; i < sensitive_entry_count; i++)
        if (sensitive_entries[i].number > highest)
            highest = sensitive_entries[i].number;
    return highest;
}

size_t compare_sweep(const struct sweep_shared *shared, struct explained *explained)
{
    struct problems problems = {.explained = explained};
    struct tally *tallies = calloc(highest_entry() + 1, sizeof(*tallies));

    if (!tallies) {
        perror("sweep-host");
        exit(EXIT_FAILURE);
    }
    tally_cases(shared, tallies, &problems);
    check_findings(shared, &problems);
    for (size_t i = 0; i < sensitive_entry_count; i++)
        check_entry(shared, &sensitive_entries[i], &tallies[sensitive_entries[i].number],
                    &problems);
    free(tallies);
    return conclude(&problems, ~DECODER_KINDS);
}

size_t compare_decoders(const struct sweep_case *cases, size_t count, struct explained *explained)
{
    struct problems problems = {.explained = explained};
    char example[BYTES_SIZE + 4];

    for (size_t i = 0; i < count; i++) {
        struct decoded zydis = decode_zydis(&cases[i]);
        struct decoded capstone = decode_capstone(&cases[i]);

        describe_case(&cases[i], example, sizeof(example));
        if (zydis.privileged && !zydis.entry)
            note(&problems, EXPLAINED_ZYDIS, zydis.mnemonic, example);
        if (capstone.privileged && !capstone.entry)
            note(&problems, EXPLAINED_CAPSTONE, capstone.mnemonic, example);
    }
    return conclude(&problems, DECODER_KINDS);
}
