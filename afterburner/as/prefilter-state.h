/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the parts of the prefilter share: where a pass over the text is. */
#ifndef AFTERBURNER_AS_PREFILTER_STATE_H
#define AFTERBURNER_AS_PREFILTER_STATE_H

#include "as/edits.h"
#include "as/prefilter.h"
#include "as/sections.h"
#include "as/statement.h"

struct filter {
    const struct prefilter_options *options;
    struct prefilter_result *result;
    struct edits edits;
    struct section_tracker sections; /* as the text has them */
    int bits;
    int leaves_default, following;
    int changes_bits, several_bits; /* seen so far; anywhere in the text, once `following` */
    int intel, alternate;
    int naked;            /* AT&T syntax without the registers' % */
    int moves_are_macros; /* the source has a macro of its own named mov, push, pop or rep */
    int in_string;        /* of a macro call's argument */
    int in_data;          /* in a row of data directives among code */
    int behind_bytes;     /* of a .byte, which may be the beginning of an instruction */
    int macro_depth;
    struct section_tracker outer; /* the sections outside the macro being defined */
    int outer_bits;
    struct {
        const char *start,
            *end; /* a statement that is nothing but prefixes, waiting for its instruction */
    } pending;
};

/* --- prefilter-places.c --- */

/* Notes that the text can leave the default state; gives whether to write the macros that follow
 * it. */
int filter_follows(struct filter *filter, int can_leave);

/* Before the first statement: a rule of the policy may exempt .text, where the text begins. The
 * lines before it may be the preprocessor's, which must stay at their lines' start. */
void filter_start_place(struct filter *filter, const char *position);

/* A directive that may change the section: `word` with its operands. */
void filter_section(struct filter *filter, const struct statement *statement, const char *word,
                    size_t length, const char *operands);

/* A directive that changes the code size. */
void filter_code_size(struct filter *filter, const struct statement *statement, int bits);

/* Before each statement: a row of data directives that begins or ends there. */
void filter_data(struct filter *filter, const struct statement *statement, const char *word,
                 size_t length);

/* Whether gas alone can tell what a statement of a macro's body is: its word is made of the macro's
 * arguments. */
int filter_is_hidden(const struct filter *filter, const char *word, size_t length, const char *end);

/* Before such a statement; gives whether .Lab_hidden is to be put behind it. */
int filter_leave_for_hidden(struct filter *filter, const struct statement *statement);

/* Such a statement as a whole. */
void filter_hidden(struct filter *filter, const struct statement *statement);

/* --- prefilter-bytes.c --- */

/* A .byte in an executable section whose bytes are whole instructions, one of them sensitive, is
 * cut into instructions; the bytes stay as they are. */
void filter_bytes(struct filter *filter, const struct statement *statement, const char *operands);

/* --- prefilter-instructions.c --- */

/* An instruction: made a site here if no macro of the prelude does it. */
void filter_instruction(struct filter *filter, const struct statement *statement);

#endif
