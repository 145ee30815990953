/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Instructions that the macros of the prelude cannot tell by their mnemonic alone. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "as/mnemonics.h"
#include "as/prefilter-state.h"

/* Wraps the instruction from `start` on in a site macro; `prefix`, when given, is text of prefixes
 * to put before it. */
static void make_site(struct filter *filter, const char *start, const char *prefix_start,
                      const char *prefix_end, int before)
{
    if (prefix_start) { /* one statement or several, comments between them */
        struct statement prefix;
        struct scanner scanner;

        edits_insert(&filter->edits, start, before ? "Lab.prefixed_before \"" : "Lab.prefixed \"");
        scanner_start(&scanner, prefix_start, (size_t)(prefix_end - prefix_start));
        while (scanner_next(&scanner, &prefix)) {
            edits_append_string(&filter->edits, "{nooptimize} ");
            edits_append(&filter->edits, prefix.start, (size_t)(prefix.end - prefix.start));
            edits_append(&filter->edits, ";", 1);
        }
        edits_append_string(&filter->edits, "\",{nooptimize} ");
    } else {
        edits_insert(&filter->edits, start,
                     before ? ".Lab_site_before {nooptimize} " : ".Lab_site {nooptimize} ");
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
                                            filter->intel || filter->naked, filter->bits, stack))
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

/* Whether a jmp or call is far without saying so in its mnemonic: `far` or a pointer with a
 * selector in Intel syntax (of 32 bits it has one in all code but 32-bit code), selector and offset
 * apart in either. */
static int far_operand(const struct filter *filter, const char *at, const char *end)
{
    int commas = 0, brackets = 0, colon = 0, word_start = 1, segment = 0;

    for (const char *p = at; p < end; p++) {
        brackets += (*p == '[') - (*p == ']');
        if (*p == ',' && brackets == 0)
            commas++;
        if (*p == ':') {
            colon = 1;
            segment = (p - at >= 2 && p[-1] == 's' && isalpha((unsigned char)p[-2])) ||
                      (p - at >= 4 && strncasecmp(p - 4, "flat", 4) == 0);
        }
        if (filter->intel && word_start &&
            ((end - p >= 4 && strncasecmp(p, "far", 3) == 0 && isspace((unsigned char)p[3])) ||
             (end - p >= 5 && (strncasecmp(p, "fword", 5) == 0 || strncasecmp(p, "tbyte", 5) == 0 ||
                               (filter->bits != 32 && strncasecmp(p, "dword", 5) == 0)))))
            return 1;
        word_start = !isalnum((unsigned char)*p) && *p != '_';
    }
    if (filter->intel)
        return commas || (colon && !segment);
    return commas == 1 && at < end && *at == '$';
}

void filter_instruction(struct filter *filter, const struct statement *statement)
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
        edits_copy_to(&filter->edits, pending_start);
        for (const char *p = pending_start; p < pending_end; p++)
            edits_append(&filter->edits, *p == '\n' ? "\n" : " ", 1);
        filter->edits.copied = (size_t)(pending_end - filter->edits.input);
        make_site(filter, statement->start, pending_start, pending_end, before);
        return;
    }
    make_site(filter, statement->start, NULL, NULL, before);
}
