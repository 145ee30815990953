/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Following the section, the code size and the exemption.
 *
 * Macros and conditionals make the order in which gas meets directives another one than the text's:
 * whether a site is wanted is decided by the prelude when gas gets there. Here each directive is
 * given the prelude's macro that follows it. Most texts never leave the default state and are not
 * touched.
 */
#include <stdio.h>
#include <string.h>

#include "as/mnemonics.h"
#include "as/prefilter-state.h"
#include "as/prelude.h"

int filter_follows(struct filter *filter, int can_leave)
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
    int exempt;

    if (section->absolute)
        return PRELUDE_PLACE_NOWHERE;
    exempt = !policy_section_on(filter->options->policy, section->name, strlen(section->name));

    return (section->executable ? PRELUDE_PLACE_CODE : 0) | (exempt ? PRELUDE_PLACE_EXEMPT : 0) |
           (section->grouped ? PRELUDE_PLACE_GROUPED : 0) |
           (section->unsure ? PRELUDE_PLACE_UNSURE : 0);
}

static int place_is_special(int place)
{
    return place == PRELUDE_PLACE_NOWHERE ||
           (place & PRELUDE_PLACE_CODE && place & (PRELUDE_PLACE_EXEMPT | PRELUDE_PLACE_GROUPED));
}

/* The place as an expression of gas's. */
static void place_text(const struct filter *filter, char *text, size_t capacity)
{
    snprintf(text, capacity, "%d%s", place(filter),
             filter->sections.current.joins ? "+((.Lab_place>>2)-((.Lab_place>>3)*2))*4" : "");
}
_Static_assert(PRELUDE_PLACE_GROUPED == 1 << 2, "the bit that place_text inherits");

void filter_start_place(struct filter *filter, const char *position)
{
    int start = place(filter);
    char text[32];

    if (!filter_follows(filter, place_is_special(start)) || start == PRELUDE_PLACE_CODE)
        return;
    snprintf(text, sizeof(text), ".Lab_enter %d;", start);
    edits_insert(&filter->edits, position, text);
}

void filter_section(struct filter *filter, const struct statement *statement, const char *word,
                    size_t length, const char *operands)
{
    enum section_step step =
        sections_follow(&filter->sections, word, length, operands, statement->end);
    char now[64], text[96];

    if (step == SECTION_NONE || !filter_follows(filter, place_is_special(place(filter))))
        return;
    place_text(filter, now, sizeof(now));
    edits_insert(&filter->edits, statement->start, ".Lab_leave;");
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
    edits_insert(&filter->edits, statement->end, text);
}

void filter_code_size(struct filter *filter, const struct statement *statement, int bits)
{
    char text[32];

    filter->bits = bits;
    filter->changes_bits |= bits != filter->options->bits;
    filter->result->several_sizes |= bits != filter->options->bits;
    if (!filter_follows(filter, bits != filter->options->bits))
        return;
    snprintf(text, sizeof(text), ";.Lab_code %d", bits);
    edits_insert(&filter->edits, statement->end, text);
}

/* Directives whose bytes are data. Not .byte, which often is an instruction that gas does not know,
 * and not what fills: that may be nops. */
static int is_data(const char *word, size_t length)
{
    static const char *const names[] = {
        ".word",     ".hword", ".short",  ".value",   ".2byte",    ".long",
        ".int",      ".4byte", ".quad",   ".8byte",   ".octa",     ".16byte",
        ".ascii",    ".asciz", ".string", ".string8", ".string16", ".string32",
        ".string64", ".float", ".single", ".double",  ".tfloat"};

    if (length < sizeof(".int") - 1 || *word != '.')
        return 0;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (statement_word_is(word, length, names[i]))
            return 1;
    return 0;
}

/* A table among code is data, and a region says so. Behind a .byte it may be the rest of an
 * instruction, as of `.byte 0xe9; .long target - .`. */
void filter_data(struct filter *filter, const struct statement *statement, const char *word,
                 size_t length)
{
    int named = is_data(word, length);
    int data = named && filter->sections.current.executable && !filter->behind_bytes;

    if (!named)
        filter->behind_bytes = statement_word_is(word, length, ".byte");
    if (data == filter->in_data)
        return;
    filter->in_data = data;
    if (filter_follows(filter, 1))
        edits_insert(&filter->edits, statement->start,
                     data ? ".Lab_data_row 1;" : ".Lab_data_row 0;");
}

int filter_is_hidden(const struct filter *filter, const char *word, size_t length, const char *end)
{
    if (memchr(word, '\\', length) || (word + length < end && word[length] == '&'))
        return 1;
    /* In this mode arguments are replaced without a backslash to show it. */
    return filter->alternate && filter->macro_depth && length && *word != '.' &&
           mnemonic_look_up(word, length) == MNEMONIC_INNOCUOUS &&
           !statement_word_is(word, length, "local");
}

int filter_leave_for_hidden(struct filter *filter, const struct statement *statement)
{
    filter->changes_bits = 1;
    if (!filter_follows(filter, 1))
        return 0;
    edits_insert(&filter->edits, statement->start, ".Lab_leave;");
    return 1;
}

void filter_hidden(struct filter *filter, const struct statement *statement)
{
    if (filter_leave_for_hidden(filter, statement))
        edits_insert(&filter->edits, statement->end, ";.Lab_hidden");
}
