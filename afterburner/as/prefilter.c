/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "as/prefilter.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "afterburn/record.h"
#include "afterburn/sensitive.h"
#include "as/mnemonics.h"
#include "as/prelude.h"
#include "as/sections.h"
#include "as/statement.h"
#include "cli/memory.h"
#include "decode/classify.h"

/* A .byte longer than an instruction can be is a table. So is a row of BYTES_ROW and more that
 * would be several instructions: random bytes often are, and a pad inside a table breaks it. What
 * is left out wrongly the verifier names. */
#define BYTES_MAX 15
#define BYTES_ROW 8

struct filter {
    const struct prefilter_options *options;
    struct prefilter_result *result;
    const char *input;
    size_t size, copied; /* of the input, what is already in `out` */
    char *out;
    size_t out_size, out_capacity;
    struct section_tracker sections; /* as the text has them; see `place` */
    int bits;
    int leaves_default, following;
    int changes_bits, several_bits; /* seen so far; anywhere in the text, once `following` */
    int intel, alternate;
    int naked;            /* AT&T syntax without the registers' % */
    int moves_are_macros; /* the source has a macro of its own named mov, push, pop or rep */
    int in_string;        /* of a macro call's argument */
    int macro_depth;
    struct section_tracker outer; /* the sections outside the macro being defined */
    int outer_bits;
    struct {
        const char *start,
            *end; /* a statement that is nothing but prefixes, waiting for its instruction */
    } pending;
};

/* --- Rewriting: the output is the input with edits, made in order.
 * ---------------------------------------------------- */

static void append(struct filter *filter, const char *text, size_t length)
{
    while (filter->out_size + length > filter->out_capacity) {
        filter->out_capacity =
            filter->out_capacity ? filter->out_capacity * 2 : filter->size + 4096;
        filter->out = memory_resize(filter->out, filter->out_capacity);
    }
    memcpy(filter->out + filter->out_size, text, length);
    filter->out_size += length;
}

static void append_string(struct filter *filter, const char *text)
{
    append(filter, text, strlen(text));
}

static void copy_to(struct filter *filter, const char *position)
{
    size_t upto = (size_t)(position - filter->input);

    if (upto > filter->copied) {
        append(filter, filter->input + filter->copied, upto - filter->copied);
        filter->copied = upto;
    }
}

static void insert(struct filter *filter, const char *position, const char *text)
{
    copy_to(filter, position);
    append_string(filter, text);
}

/* Drops [start, end), which holds no newline. */
static void skip_text(struct filter *filter, const char *start, const char *end)
{
    copy_to(filter, start);
    filter->copied = (size_t)(end - filter->input);
}

/* --- The place in the output: section, code size, exemption
 *
 * Macros and conditionals make the order in which gas meets directives another one than the text's:
 * whether a site is wanted is decided by the prelude when gas gets there. Here each directive is
 * given the prelude's macro that follows it. Most texts never leave the default state and are not
 * touched.
 * ----------------------------------------------------------------------------------------- */

/* Notes that the text can leave the default state; gives whether to write the macros that follow
 * it. */
static int follows(struct filter *filter, int can_leave)
{
    filter->leaves_default |= can_leave;
    if (filter->following)
        filter->result->needs_prelude = 1;
    return filter->following;
}

/* The section tracked by the text, as the prelude's macros take it. */
static int place(const struct filter *filter)
{
    const struct section_state *section = &filter->sections.current;
    int exempt = !policy_section_on(filter->options->policy, section->name, strlen(section->name));

    return (section->executable ? PRELUDE_PLACE_CODE : 0) | (exempt ? PRELUDE_PLACE_EXEMPT : 0) |
           (section->grouped ? PRELUDE_PLACE_GROUPED : 0) |
           (section->unsure ? PRELUDE_PLACE_UNSURE : 0);
}

static int place_is_special(int place)
{
    return place & PRELUDE_PLACE_CODE && place & (PRELUDE_PLACE_EXEMPT | PRELUDE_PLACE_GROUPED);
}

/* The place as an expression of gas's. */
static void place_text(const struct filter *filter, char *text, size_t capacity)
{
    snprintf(text, capacity, "%d%s", place(filter),
             filter->sections.current.joins ? "+((.Lab_place>>2)-((.Lab_place>>3)*2))*4" : "");
}
_Static_assert(PRELUDE_PLACE_GROUPED == 1 << 2, "the bit that place_text inherits");

/* Before the first statement: a rule of the policy may exempt .text, where the text begins. The
 * lines before it may be the preprocessor's, which must stay at their lines' start. */
static void start_place(struct filter *filter, const char *position)
{
    int start = place(filter);
    char text[32];

    if (!follows(filter, place_is_special(start)) || start == PRELUDE_PLACE_CODE)
        return;
    snprintf(text, sizeof(text), ".Lab_enter %d;", start);
    insert(filter, position, text);
}

static void follow_section(struct filter *filter, const struct statement *statement,
                           const char *word, size_t length, const char *operands)
{
    enum section_step step =
        sections_follow(&filter->sections, word, length, operands, statement->end);
    char now[64], text[96];

    if (step == SECTION_NONE || !follows(filter, place_is_special(place(filter))))
        return;
    place_text(filter, now, sizeof(now));
    insert(filter, statement->start, ".Lab_leave;");
    switch (step) {
    case SECTION_PUSH:
        snprintf(text, sizeof(text), ";.Lab_push %s", now);
        break;
    case SECTION_POP:
        snprintf(text, sizeof(text), ";.Lab_pop");
        break;
    case SECTION_SWAP:
        snprintf(text, sizeof(text), ";.Lab_swap");
        break;
    case SECTION_STAY:
        snprintf(text, sizeof(text), ";.Lab_enter .Lab_place");
        break;
    default:
        snprintf(text, sizeof(text), ";.Lab_enter %s", now);
        break;
    }
    insert(filter, statement->end, text);
}

static void follow_code_size(struct filter *filter, const struct statement *statement, int bits)
{
    char text[32];

    filter->bits = bits;
    filter->changes_bits |= bits != filter->options->bits;
    if (!follows(filter, bits != filter->options->bits))
        return;
    snprintf(text, sizeof(text), ";.Lab_code %d", bits);
    insert(filter, statement->end, text);
}

/* Whether gas alone can tell what a statement of a macro's body is: its word is made of the macro's
 * arguments. */
static int is_hidden(const struct filter *filter, const char *word, size_t length, const char *end)
{
    if (memchr(word, '\\', length) || (word + length < end && word[length] == '&'))
        return 1;
    /* In this mode arguments are replaced without a backslash to show it. */
    return filter->alternate && filter->macro_depth && length && *word != '.' &&
           mnemonic_look_up(word, length) == MNEMONIC_INNOCUOUS &&
           !statement_word_is(word, length, "local");
}

/* Before such a statement; gives whether .Lab_hidden is to be put behind it. */
static int leave_for_hidden(struct filter *filter, const struct statement *statement)
{
    filter->changes_bits = 1;
    if (!follows(filter, 1))
        return 0;
    insert(filter, statement->start, ".Lab_leave;");
    return 1;
}

static void follow_hidden(struct filter *filter, const struct statement *statement)
{
    if (leave_for_hidden(filter, statement))
        insert(filter, statement->end, ";.Lab_hidden");
}

/* --- Data directives that hold instructions
 * --------------------------------------------------------------------------- */

/* Reads comma-separated integer constants into bytes; 0 when there is anything else among them, or
 * more than an instruction can have. */
static size_t read_bytes(const char *at, const char *end, unsigned char *bytes)
{
    size_t count = 0;

    while (at < end) {
        char number[32];
        size_t length = 0;
        unsigned long long value;
        char *stop;

        while (at < end && isspace((unsigned char)*at))
            at++;
        while (at < end && *at != ',' && !isspace((unsigned char)*at) &&
               length + 1 < sizeof(number))
            number[length++] = *at++;
        number[length] = '\0';
        while (at < end && isspace((unsigned char)*at))
            at++;
        if (!isdigit((unsigned char)number[0]) || (at < end && *at != ','))
            return 0;
        errno = 0;
        value = strtoull(number, &stop, 0);
        if (*stop || errno || count == BYTES_MAX)
            return 0;
        bytes[count++] = (unsigned char)value;
        if (at < end && ++at == end) /* a comma with nothing behind it */
            return 0;
    }
    return count;
}

static void append_bytes(struct filter *filter, const unsigned char *bytes, size_t count)
{
    char text[8];

    append_string(filter, ".byte ");
    for (size_t i = 0; i < count; i++) {
        snprintf(text, sizeof(text), "%s0x%02x", i ? "," : "", bytes[i]);
        append_string(filter, text);
    }
}

/* A .byte in an executable section whose bytes are whole instructions, one of them sensitive, is
 * cut into instructions; the bytes stay as they are. Wider data directives are data: code that uses
 * them for instructions is for the verifier to name. In a macro's body, where the text may have
 * code of several sizes, gas is to look in which the macro is used: in another than here the bytes
 * stay one directive. */
static void filter_bytes(struct filter *filter, const struct statement *statement,
                         const char *operands)
{
    unsigned char bytes[BYTES_MAX] = {0};
    size_t count = read_bytes(operands, statement->end, bytes), length;
    int found = 0, asks = filter->macro_depth && filter->several_bits;
    char text[32];

    if (!count)
        return;
    for (size_t at = 0; at < count; at += length) {
        if (classify_bytes(bytes + at, count - at, filter->bits, &length, NULL))
            found = 1;
        if (length == 0 || (length < count && count >= BYTES_ROW))
            return;
    }
    if (!found)
        return;
    skip_text(filter, statement->start, statement->end);
    if (asks) {
        snprintf(text, sizeof(text), ".if .Lab_bits-%d;", filter->bits);
        append_string(filter, text);
        append(filter, statement->start, (size_t)(statement->end - statement->start));
        append_string(filter, ";.else;");
    }
    for (size_t at = 0; at < count; at += length) {
        int before, kind = classify_bytes(bytes + at, count - at, filter->bits, &length, &before);

        if (at)
            append(filter, ";", 1);
        if (kind)
            append_string(filter, before ? ".Lab_site_before " : ".Lab_site ");
        append_bytes(filter, bytes + at, length);
    }
    if (asks)
        append_string(filter, ";.endif");
    filter->result->needs_prelude = 1;
}

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
    insert(filter, statement->start, text);
    filter->result->needs_prelude = 1;
}

static void follow_end_of_macro(struct filter *filter)
{
    if (filter->macro_depth == 0)
        return; /* gas will say what is wrong */
    if (--filter->macro_depth > 0)
        return;
    filter->outer.known = filter->sections.known;
    filter->outer.known_count = filter->sections.known_count;
    filter->outer.known_capacity = filter->sections.known_capacity;
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
        follow_section(filter, statement, word, length, operands);
    } else if (statement_word_is(word, length, ".code16") ||
               statement_word_is(word, length, ".code16gcc")) {
        follow_code_size(filter, statement, 16);
    } else if (statement_word_is(word, length, ".code32")) {
        follow_code_size(filter, statement, 32);
    } else if (statement_word_is(word, length, ".code64")) {
        follow_code_size(filter, statement, 64);
    } else if (statement_word_is(word, length, ".afterburn_off") ||
               statement_word_is(word, length, ".afterburn_on")) {
        filter->result->needs_prelude = 1; /* they are macros of the prelude's */
        follows(filter, 1);
    } else if (statement_word_is(word, length, ".macro")) {
        follow_macro(filter, statement, operands);
    } else if (statement_word_is(word, length, ".endm")) {
        follow_end_of_macro(filter);
    } else if (statement_word_is(word, length, ".altmacro") ||
               statement_word_is(word, length, ".noaltmacro")) {
        filter->alternate = statement_word_is(word, length, ".altmacro");
        insert(filter, statement->end, filter->alternate ? ";.set .Lab_alt,1" : ";.set .Lab_alt,0");
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
        follow_hidden(filter, statement);
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

/* --- Instructions
 * -----------------------------------------------------------------------------------------------------
 */

/* Wraps the instruction from `start` on in a site macro; `prefix`, when given, is text of prefixes
 * to put before it. */
static void make_site(struct filter *filter, const char *start, const char *prefix_start,
                      const char *prefix_end, int before)
{
    insert(filter, start, before ? ".Lab_site_before {nooptimize} " : ".Lab_site {nooptimize} ");
    if (prefix_start) { /* one statement or several, comments between them */
        struct statement prefix;
        struct scanner scanner;

        scanner_start(&scanner, prefix_start, (size_t)(prefix_end - prefix_start));
        while (scanner_next(&scanner, &prefix)) {
            append(filter, prefix.start, (size_t)(prefix.end - prefix.start));
            append(filter, " ", 1);
        }
    }
    filter->result->needs_prelude = 1;
}

/* Looks at the operands of a mov, push or pop: 1 when one is a special register, -1 when a macro
 * argument may be one. *stack: it is SS. */
static int special_operand(const struct filter *filter, const char *at, const char *end, int *stack)
{
    const char *start = at;
    int parentheses = 0, unknown = 0;

    for (;; at++) {
        if (at == end || (*at == ',' && parentheses == 0)) {
            if (operand_is_special_register(start, (size_t)(at - start),
                                            filter->intel || filter->naked, stack))
                return 1;
            if (memchr(start, '\\', (size_t)(at - start)))
                unknown = 1;
            if (at == end)
                return unknown ? -1 : 0;
            start = at + 1;
        } else if (*at == '(' || *at == '[') {
            parentheses++;
        } else if (*at == ')' || *at == ']') {
            parentheses--;
        }
    }
}

/* Whether a jmp or call is far without saying so in its mnemonic: `far` or a 48- or 80-bit pointer
 * in Intel syntax, selector and offset apart in either. */
static int far_operand(const struct filter *filter, const char *at, const char *end)
{
    int commas = 0, colon = 0, word_start = 1, segment = 0;

    for (const char *p = at; p < end; p++) {
        if (*p == ',')
            commas++;
        if (*p == ':') {
            colon = 1;
            segment = p - at >= 2 && p[-1] == 's' && isalpha((unsigned char)p[-2]);
        }
        if (filter->intel && word_start &&
            ((end - p >= 4 && strncasecmp(p, "far", 3) == 0 && isspace((unsigned char)p[3])) ||
             (end - p >= 5 &&
              (strncasecmp(p, "fword", 5) == 0 || strncasecmp(p, "tbyte", 5) == 0))))
            return 1;
        word_start = !isalnum((unsigned char)*p) && *p != '_';
    }
    if (filter->intel)
        return colon && !segment;
    return commas == 1 && at < end && *at == '$';
}

static void filter_instruction(struct filter *filter, const struct statement *statement)
{
    const char *at = statement->start, *word, *operands;
    const char *pending_start = filter->pending.start, *pending_end = filter->pending.end;
    enum mnemonic mnemonic;
    size_t length;
    int prefixes = 0, special, before;

    filter->pending.start = NULL;
    while (at < statement->end && *at == '{') { /* {disp32} and other pseudo prefixes */
        const char *brace = memchr(at, '}', (size_t)(statement->end - at));

        if (!brace)
            return;
        at = brace + 1;
        while (at < statement->end && isspace((unsigned char)*at))
            at++;
        prefixes = 1;
    }
    for (;;) {
        length = statement_word(&at, statement->end, &word);
        operands = at;
        if (memchr(word, '\\', length)) {
            filter->result->needs_prelude = filter->result->needs_dynamic = 1;
            return;
        }
        mnemonic = mnemonic_look_up(word, length);
        if (mnemonic != MNEMONIC_PREFIX)
            break;
        prefixes = 1;
        if (at >= statement->end) { /* only prefixes: the instruction is the next statement */
            filter->pending.start = pending_start ? pending_start : statement->start;
            filter->pending.end = statement->end;
            return;
        }
    }
    before = mnemonic == MNEMONIC_PAD_BEFORE;
    switch (mnemonic) {
    case MNEMONIC_SENSITIVE:
    case MNEMONIC_PAD_BEFORE:
        filter->result->needs_prelude = 1;
        if (!prefixes && !pending_start)
            return; /* the macro of its name does it */
        break;
    case MNEMONIC_MOVE:
        special = special_operand(filter, operands, statement->end, &before);
        if (special < 0)
            filter->result->needs_prelude = filter->result->needs_dynamic = 1;
        if (special <= 0 || filter->moves_are_macros)
            return;
        break;
    case MNEMONIC_BRANCH:
        if (!far_operand(filter, operands, statement->end))
            return;
        break;
    default:
        return;
    }
    if (filter->in_string) {
        filter->result->needs_prelude = filter->result->needs_dynamic = 1;
        return;
    }
    if (pending_start) {
        /* Nothing was edited since the prefixes' own statement: it is blanked, and said again in
         * the site. */
        copy_to(filter, pending_start);
        for (const char *p = pending_start; p < pending_end; p++)
            append(filter, *p == '\n' ? "\n" : " ", 1);
        filter->copied = (size_t)(pending_end - filter->input);
        make_site(filter, statement->start, pending_start, pending_end, before);
        return;
    }
    make_site(filter, statement->start, NULL, NULL, before);
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
    if (*statement->start == '.') {
        filter->pending.start = NULL;
        length = statement_word(&at, statement->end, &word);
        if (is_hidden(filter, word, length, statement->end))
            follow_hidden(filter, statement);
        else
            filter_directive(filter, statement, word, length, at);
        return;
    }
    length = statement_word(&at, statement->end, &word);
    hidden = is_hidden(filter, word, length, statement->end);
    if (hidden) { /* an instruction is left to the prelude's macros */
        filter->pending.start = NULL;
        filter->result->needs_prelude = filter->result->needs_dynamic = 1;
        hidden = leave_for_hidden(filter, statement);
    } else {
        filter_instruction(filter, statement);
    }
    if (memchr(statement->start, '"', (size_t)(statement->end - statement->start)))
        filter_strings(filter, statement);
    if (hidden)
        insert(filter, statement->end, ";.Lab_hidden");
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
        .input = text,
        .size = size,
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
            start_place(&filter, statement.start);
        filter_statement(&filter, &statement);
    }
    result->needs_end = survey != NULL;
    if (filter.out) {
        copy_to(&filter, text + size);
        result->text = filter.out;
        result->size = filter.out_size;
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
