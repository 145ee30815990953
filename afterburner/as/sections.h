/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which section the text is in: follows .section, .pushsection and their kin as gas does. */
#ifndef AFTERBURNER_AS_SECTIONS_H
#define AFTERBURNER_AS_SECTIONS_H

#include <stddef.h>

#define SECTION_NAME_MAX  128
#define SECTION_STACK_MAX 64

struct section_state {
    char name[SECTION_NAME_MAX];
    int executable;
    int absolute; /* .struct and .offset: no bytes, only values */
    int unsure;   /* only gas knows whether it is executable */
    int grouped;  /* member of a section group (flag G): the linker may drop it */
    int joins;    /* flag `?`: grouped if the section before it was, which gas knows */
};

/* What a directive did to the section. */
enum section_step {
    SECTION_NONE, /* nothing: it is another directive */
    SECTION_ENTER,
    SECTION_PUSH,
    SECTION_POP,
    SECTION_SWAP, /* .previous */
    SECTION_STAY, /* another part of the same section */
};

struct section_tracker {
    struct section_state current, previous;
    struct {
        struct section_state current, previous;
    } stack[SECTION_STACK_MAX];
    int depth;
    void *known; /* tree of those whose flags were given: later mentions may leave them out */
    const struct section_tracker *survey; /* at the end of an earlier pass over the text, or NULL */
};

void sections_start(struct section_tracker *tracker, const struct section_tracker *survey);
void sections_end(struct section_tracker *tracker);

/* Follows the directive `word` (with its dot) with operands at `operands`. */
enum section_step sections_follow(struct section_tracker *tracker, const char *word, size_t length,
                                  const char *operands, const char *end);

/* Whether `word` is a directive that may change the section. */
int sections_changes(const char *word, size_t length);

#endif
