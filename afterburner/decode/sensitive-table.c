/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "decode/sensitive-table.h"

#include <string.h>

#define BITS_32  SENSITIVE_BITS_32
#define BITS_64  SENSITIVE_BITS_64
#define BITS_ANY SENSITIVE_BITS_ANY

const struct sensitive_entry sensitive_entries[] = {
#define SENSITIVE(number, id, kind, class, shape, modes, side, gas, intel, zydis, capstone,        \
                  encoding, why)                                                                   \
    {number, #id,      SENSITIVE_##kind, #class, SHAPE_##shape,                                    \
     #shape, modes,    PAD_##side,       gas,    intel,                                            \
     zydis,  capstone, encoding,         why},
#include "afterburn/sensitive.def"
};
const size_t sensitive_entry_count = sizeof(sensitive_entries) / sizeof(sensitive_entries[0]);

const struct sensitive_sample sensitive_samples[] = {
#define SENSITIVE_SAMPLE(id, modes, text) {SENSITIVE_##id, modes, text},
#include "afterburn/sensitive.def"
};
const size_t sensitive_sample_count = sizeof(sensitive_samples) / sizeof(sensitive_samples[0]);

const struct sensitive_entry *sensitive_entry_by_number(int number)
{
    for (size_t i = 0; i < sensitive_entry_count; i++)
        if (sensitive_entries[i].number == number)
            return &sensitive_entries[i];
    return NULL;
}

const char *sensitive_name(int number)
{
    const struct sensitive_entry *entry = sensitive_entry_by_number(number);

    return entry ? entry->name : "?";
}

#define SEGMENT_SS 2 /* its hardware number */

int sensitive_pads_before(int number, int special)
{
    const struct sensitive_entry *entry = sensitive_entry_by_number(number);

    return entry && (entry->side == PAD_BEFORE ||
                     (entry->side == PAD_BEFORE_FOR_SS && special == SEGMENT_SS));
}

int word_in_list(const char *word, const char *list)
{
    size_t length = strlen(word);

    while (*list) {
        size_t span = strcspn(list, " ");

        if (span == length && memcmp(list, word, length) == 0)
            return 1;
        list += span;
        list += *list == ' ';
    }
    return 0;
}
