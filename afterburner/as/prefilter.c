/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "as/prefilter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "as/mnemonics.h"
#include "as/prefilter-state.h"
#include "cli/memory.h"

/* --- Directives
 * -------------------------------------------------------------------------------------------------------
 */

/* A macro of the source that has a mnemonic's name replaces ours: gas refuses to define it twice.
 */
static void follow_macro(struct filter *filter, const struct statement *statement,
                         const char *operands)
{
    const char *name, *at = operands;
    size_t length = statement_word(&at, statement->end, &name);
    enum mnemonic mnemonic = mnemonic_look_up(name, length);
    char text[64];

    filter->macro_depth++;
    if (filter->macro_depth > 1)
        return;
    filter->outer = filter->sections;
    filter->outer.known = NULL;
    filter->outer_bits = filter->bits;
    if (mnemonic == MNEMONIC_MOVE ||
        (mnemonic == MNEMONIC_PREFIX && length >= 3 && strncasecmp(name, "rep", 3) == 0))
        /* The prelude has such a macro only when it is dynamic, and it must be there to be purged.
         * From here on literal moves are left to the prelude's and the source's macros. */
        filter->result->needs_dynamic = filter->moves_are_macros = 1;
    else if (mnemonic != MNEMONIC_SENSITIVE && mnemonic != MNEMONIC_PAD_BEFORE)
        return;
    snprintf(text, sizeof(text), ".purgem %.*s;", (int)length, name);
    edits_insert(&filter->edits, statement->start, text);
    filter->result->needs_prelude = 1;
}

static void follow_end_of_macro(struct filter *filter)
{
    if (filter->macro_depth == 0)
        return; /* gas will say what is wrong */
    if (--filter->macro_depth > 0)
        return;
    filter->outer.known = filter->sections.known;
    filter->sections = filter->outer;
    filter->bits = filter->outer_bits;
}

static void follow_file(struct filter *filter, const char *operands, const char *end)
{
    const char *quote;
    size_t length;

    if (filter->result->source[0] || operands >= end ||
        *operands != '"') /* `.file 1 "..."` is DWARF's */
        return;
    quote = memchr(operands + 1, '"', (size_t)(end - operands - 1));
    length = quote ? (size_t)(quote - operands - 1) : 0;
    if (length == 0 || length >= sizeof(filter->result->source))
        return;
    memcpy(filter->result->source, operands + 1, length);
    filter->result->source[length] = '\0';
    filter->result->source_is_base = 1;
}

static void filter_directive(struct filter *filter, const struct statement *statement,
                             const char *word, size_t length, const char *operands)
{
    if (sections_changes(word, length)) {
        filter_section(filter, statement, word, length, operands);
    } else if (statement_word_is(word, length, ".code16") ||
               statement_word_is(word, length, ".code16gcc")) {
        filter_code_size(filter, statement, 16);
    } else if (statement_word_is(word, length, ".code32")) {
        filter_code_size(filter, statement, 32);
    } else if (statement_word_is(word, length, ".code64")) {
        filter_code_size(filter, statement, 64);
    } else if (statement_word_is(word, length, ".afterburn_off") ||
               statement_word_is(word, length, ".afterburn_on")) {
        filter->result->needs_prelude = 1; /* they are macros of the prelude's */
        filter_follows(filter, 1);
    } else if (statement_word_is(word, length, ".macro")) {
        follow_macro(filter, statement, operands);
    } else if (statement_word_is(word, length, ".endm")) {
        follow_end_of_macro(filter);
    } else if (statement_word_is(word, length, ".altmacro") ||
               statement_word_is(word, length, ".noaltmacro")) {
        filter->alternate = statement_word_is(word, length, ".altmacro");
        edits_insert(&filter->edits, statement->end,
                     filter->alternate ? ";.set .Lab_alt,1" : ";.set .Lab_alt,0");
        /* In this mode a macro's arguments are replaced without a backslash to show it. */
        filter->result->needs_prelude = filter->result->needs_dynamic = 1;
    } else if (statement_word_is(word, length, ".intel_syntax")) {
        filter->intel = 1;
        filter->naked = 0;
    } else if (statement_word_is(word, length, ".att_syntax")) {
        filter->intel = 0;
        filter->naked =
            statement_word_is(operands, (size_t)(statement->end - operands), "noprefix");
    } else if (statement_word_is(word, length, ".include")) {
        filter->result->needs_prelude = filter->result->needs_dynamic = 1;
        filter_hidden(filter, statement);
    } else if (statement_word_is(word, length, ".bundle_align_mode")) {
        edits_insert(&filter->edits, statement->end, ";.set .Lab_bundle,1");
    } else if (statement_word_is(word, length, ".file")) {
        follow_file(filter, operands, statement->end);
    } else if (statement_word_is(word, length, ".ident")) {
        filter->result->compiled = 1;
    } else if (statement_word_is(word, length, ".end")) {
        filter->result->ends = 1;
    } else if (filter->sections.current.executable && statement_word_is(word, length, ".byte")) {
        filter_bytes(filter, statement, operands);
    }
}

/* Whether the statement only sets a symbol: `name = value`. */
static int is_assignment(const struct statement *statement)
{
    const char *at = statement->start, *word;

    return statement_word(&at, statement->end, &word) && at < statement->end && *at == '=';
}

/* Instructions inside a macro call's string arguments: ALTERNATIVE "", ".byte 0x0f,0x01,0xca", ...
 * The string may also become data, so nothing but such bytes is rewritten in it: instructions are
 * left to the prelude's macros. */
static void filter_strings(struct filter *filter, const struct statement *call)
{
    const char *at = call->start;

    filter->in_string = 1;
    while (at < call->end && (at = memchr(at, '"', (size_t)(call->end - at))) != NULL) {
        const char *close = memchr(at + 1, '"', (size_t)(call->end - at - 1)), *word, *operands;
        struct statement statement;
        struct scanner scanner;

        if (!close)
            break;
        scanner_start(&scanner, at + 1, (size_t)(close - at - 1));
        filter->pending.start = NULL;
        while (scanner_next(&scanner, &statement)) {
            operands = statement.start;
            if (statement.labels)
                filter->pending.start = NULL;
            if (statement.start == statement.end)
                continue;
            if (*statement.start == '.') {
                size_t length = statement_word(&operands, statement.end, &word);

                filter->pending.start = NULL;
                if (filter->sections.current.executable && statement_word_is(word, length, ".byte"))
                    filter_bytes(filter, &statement, operands);
            } else {
                filter_instruction(filter, &statement);
            }
        }
        filter->pending.start = NULL;
        at = close + 1;
    }
    filter->in_string = 0;
}

static void filter_statement(struct filter *filter, const struct statement *statement)
{
    const char *at = statement->start, *word;
    size_t length;
    int hidden;

    if (statement->start == statement->end || statement->labels)
        filter->pending.start = NULL;
    if (statement->start == statement->end || is_assignment(statement))
        return;
    length = statement_word(&at, statement->end, &word);
    filter_data(filter, statement, word, length);
    if (*statement->start == '.') {
        filter->pending.start = NULL;
        if (filter_is_hidden(filter, word, length, statement->end))
            filter_hidden(filter, statement);
        else
            filter_directive(filter, statement, word, length, at);
        return;
    }
    hidden = filter_is_hidden(filter, word, length, statement->end);
    if (hidden) { /* an instruction is left to the prelude's macros */
        filter->pending.start = NULL;
        filter->result->needs_prelude = filter->result->needs_dynamic = 1;
        hidden = filter_leave_for_hidden(filter, statement);
    } else {
        filter_instruction(filter, statement);
    }
    if (memchr(statement->start, '"', (size_t)(statement->end - statement->start)))
        filter_strings(filter, statement);
    if (hidden)
        edits_insert(&filter->edits, statement->end, ";.Lab_hidden");
}

/* What a first pass finds out about the text for the second. */
struct survey {
    int leaves_default; /* the prelude has to follow it */
    int changes_bits;   /* to others than the file's own */
    struct section_tracker sections;
};

/* One pass over the text: the first without a survey. */
static struct survey run(const char *text, size_t size, const struct prefilter_options *options,
                         struct prefilter_result *result, const struct survey *survey)
{
    struct filter filter = {
        .options = options,
        .result = result,
        .edits = {.input = text, .size = size},
        .bits = options->bits,
        .following = survey != NULL,
        .several_bits = survey && survey->changes_bits,
        .intel = options->intel,
        .naked = options->naked,
        .alternate = options->alternate,
    };
    struct statement statement;
    struct scanner scanner;

    memset(result, 0, sizeof(*result));
    scanner_source(text, size, result->source, sizeof(result->source));
    if (filter.alternate)
        result->needs_prelude = result->needs_dynamic = 1;
    sections_start(&filter.sections, survey ? &survey->sections : NULL);
    scanner_start(&scanner, text, size);
    for (int first = 1; scanner_next(&scanner, &statement); first = 0) {
        if (first)
            filter_start_place(&filter, statement.start);
        filter_statement(&filter, &statement);
    }
    result->needs_end = survey != NULL;
    if (filter.edits.out) {
        edits_copy_to(&filter.edits, text + size);
        result->text = filter.edits.out;
        result->size = filter.edits.out_size;
    }
    return (struct survey){filter.leaves_default, filter.changes_bits, filter.sections};
}

void prefilter(const char *text, size_t size, const struct prefilter_options *options,
               struct prefilter_result *result)
{
    struct survey survey = run(text, size, options, result, NULL);

    if (survey.leaves_default) {
        struct survey second;

        free(result->text);
        second = run(text, size, options, result, &survey);
        sections_end(&second.sections);
    }
    sections_end(&survey.sections);
}

char *prefilter_blank_directives(const char *text, size_t size)
{
    char *copy = NULL;
    struct statement statement;
    struct scanner scanner;

    scanner_start(&scanner, text, size);
    while (scanner_next(&scanner, &statement)) {
        const char *at = statement.start, *word;
        size_t length = statement_word(&at, statement.end, &word);

        if (!statement_word_is(word, length, ".afterburn_off") &&
            !statement_word_is(word, length, ".afterburn_on"))
            continue;
        if (!copy)
            copy = memcpy(memory_allocate(size), text, size);
        memset(copy + (word - text), ' ', length);
    }
    return copy;
}
