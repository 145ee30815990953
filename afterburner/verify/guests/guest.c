/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "verify/guests/guest.h"

#include <stdlib.h>
#include <string.h>

#include "cli/memory.h"

int guest_tables_read(const struct image *image, struct guest_tables *tables, char *wrong,
                      size_t capacity)
{
    memset(tables, 0, sizeof(*tables));
    return linux_tables_read(image, tables, wrong, capacity);
}

void guest_tables_free(struct guest_tables *tables)
{
    free(tables->targets);
    free(tables->alternatives);
    free(tables->patches);
    free(tables->copied);
    memset(tables, 0, sizeof(*tables));
}

void guest_tables_add_target(struct guest_tables *tables, const char *table, uint64_t address)
{
    memory_grow((void **)&tables->targets, &tables->target_capacity, tables->target_count,
                sizeof(*tables->targets));
    tables->targets[tables->target_count++] =
        (struct table_target){.table = table, .address = address};
}

void guest_tables_add_alternative(struct guest_tables *tables,
                                  const struct alternative *alternative)
{
    memory_grow((void **)&tables->alternatives, &tables->alternative_capacity,
                tables->alternative_count, sizeof(*tables->alternatives));
    tables->alternatives[tables->alternative_count++] = *alternative;
    if (!tables->replacements_end || alternative->replacement < tables->replacements)
        tables->replacements = alternative->replacement;
    if (alternative->replacement + alternative->replacement_length > tables->replacements_end)
        tables->replacements_end = alternative->replacement + alternative->replacement_length;
}

void guest_tables_add_copied(struct guest_tables *tables, uint64_t start, uint64_t end)
{
    memory_grow((void **)&tables->copied, &tables->copied_capacity, tables->copied_count,
                sizeof(*tables->copied));
    tables->copied[tables->copied_count++] = (struct guest_stretch){start, end};
}

int guest_is_copied(const struct guest_tables *tables, uint64_t address)
{
    for (size_t i = 0; i < tables->copied_count; i++)
        if (address >= tables->copied[i].start && address < tables->copied[i].end)
            return 1;
    return 0;
}

int guest_in_replacement(const struct guest_tables *tables, uint64_t address)
{
    if (address < tables->replacements || address >= tables->replacements_end)
        return 0;
    for (size_t i = 0; i < tables->alternative_count; i++)
        if (address - tables->alternatives[i].replacement <
            tables->alternatives[i].replacement_length)
            return 1;
    return 0;
}

void guest_tables_add_patch(struct guest_tables *tables, enum guest_patch_kind kind,
                            uint64_t address, uint64_t target)
{
    memory_grow((void **)&tables->patches, &tables->patch_capacity, tables->patch_count,
                sizeof(*tables->patches));
    tables->patches[tables->patch_count++] =
        (struct guest_patch){.kind = kind, .address = address, .target = target};
}

const char *guest_patch_name(enum guest_patch_kind kind)
{
    static const char *const names[] = {"jump_labels", "static_calls", "locks",
                                        "retpolines",  "returns",      "trace_calls"};

    return names[kind];
}

unsigned int guest_patch_explains(const struct guest_patch *patch, const unsigned char *image,
                                  const unsigned char *live, size_t size, uint64_t *leads)
{
    *leads = 0;
    return linux_patch_explains(patch, image, live, size, leads);
}

void guest_gate(const struct alternative *alternative, struct gate *gate)
{
    linux_gate(alternative, gate);
}

unsigned int guest_copy_replacement(const struct alternative *alternative, unsigned char *bytes)
{
    linux_copy_replacement(alternative, bytes);
    return alternative->replacement_length > alternative->original_length
               ? alternative->replacement_length
               : alternative->original_length;
}
