/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of sensitive instructions, for host tools. */
#ifndef AFTERBURNER_DECODE_SENSITIVE_TABLE_H
#define AFTERBURNER_DECODE_SENSITIVE_TABLE_H

#include <stddef.h>

#include "afterburn/sensitive.h"

struct sensitive_entry {
    int number; /* of sensitive.def; the record kind */
    const char *name;
    enum sensitive_kind kind;
    const char *class_name;
    enum sensitive_shape shape;
    const char *shape_name;
    int modes; /* enum sensitive_modes */
    enum sensitive_side side;
    const char *gas;      /* mnemonics in AT&T syntax, separated by spaces */
    const char *intel;    /* further ones in Intel syntax */
    const char *zydis;    /* the decoders' mnemonics */
    const char *capstone; /* "-" when Capstone does not know it */
    const char *encoding;
    const char *why;
};

struct sensitive_sample {
    int number;
    int modes;
    const char *text; /* AT&T assembler text */
};

extern const struct sensitive_entry sensitive_entries[];
extern const size_t sensitive_entry_count;
extern const struct sensitive_sample sensitive_samples[];
extern const size_t sensitive_sample_count;

/* The entry with that number, or NULL. */
const struct sensitive_entry *sensitive_entry_by_number(int number);

/* The display name of an entry number; "?" when there is none. */
const char *sensitive_name(int number);

/* Whether a site of that entry is padded before the instruction; `special` is the record's: the
 * number of its control, debug or segment register. */
int sensitive_pads_before(int number, int special);

/* Whether `word` is one of the words of `list`, which are separated by single spaces. */
int word_in_list(const char *word, const char *list);

#endif
