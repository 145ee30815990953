/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A text's copy with edits, made from its start to its end. */
#ifndef AFTERBURNER_AS_EDITS_H
#define AFTERBURNER_AS_EDITS_H

#include <stddef.h>

struct edits {
    const char *input;
    size_t size;   /* of the input */
    size_t copied; /* of the input, what is already in `out` */
    char *out;     /* NULL as long as nothing was edited; the caller frees it */
    size_t out_size, out_capacity;
};

/* Adds to the copy. */
void edits_append(struct edits *edits, const char *text, size_t length);
void edits_append_string(struct edits *edits, const char *text);

/* Copies the input up to `position`, which is not before that of an earlier edit. */
void edits_copy_to(struct edits *edits, const char *position);

/* Adds `text` before the input's `position`. */
void edits_insert(struct edits *edits, const char *position, const char *text);

/* Leaves out [start, end) of the input. */
void edits_skip(struct edits *edits, const char *start, const char *end);

#endif
