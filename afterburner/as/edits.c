/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "as/edits.h"

#include <string.h>

#include "cli/memory.h"

void edits_append(struct edits *edits, const char *text, size_t length)
{
    while (edits->out_size + length > edits->out_capacity) {
        edits->out_capacity = edits->out_capacity ? edits->out_capacity * 2 : edits->size + 4096;
        edits->out = memory_resize(edits->out, edits->out_capacity);
    }
    memcpy(edits->out + edits->out_size, text, length);
    edits->out_size += length;
}

void edits_append_string(struct edits *edits, const char *text)
{
    edits_append(edits, text, strlen(text));
}

void edits_copy_to(struct edits *edits, const char *position)
{
    size_t upto = (size_t)(position - edits->input);

    if (upto > edits->copied) {
        edits_append(edits, edits->input + edits->copied, upto - edits->copied);
        edits->copied = upto;
    }
}

void edits_insert(struct edits *edits, const char *position, const char *text)
{
    edits_copy_to(edits, position);
    edits_append_string(edits, text);
}

void edits_skip(struct edits *edits, const char *start, const char *end)
{
    edits_copy_to(edits, start);
    edits->copied = (size_t)(end - edits->input);
}
