/* SPDX-License-Identifier: GPL-3.0-or-later */
/* objtool's unwind tables (Linux 6.1, arch/x86/include/asm/orc_types.h): from each address on, 6
 * bytes say where the frame is. objtool writes an entry where that changes, and one of zeros where
 * nothing is ever executed: in fill, and in the pads of instructions that do not fall through
 * (iret). So those that hold for no instruction are left out, and what then says the same twice. */
#include <stdlib.h>
#include <string.h>

#include "cli/memory.h"
#include "compare.h"

#define ENTRY 6

struct unwind {
    const struct part *code;
    uint64_t address;
    const unsigned char *entry;
};

static const struct part *part_by_name(const struct side *side, const char *name)
{
    for (size_t i = 0; i < side->part_count; i++)
        if (strcmp(side->parts[i].section->name, name) == 0)
            return &side->parts[i];
    return NULL;
}

static const struct part *part_of(const struct side *side, const asection *section)
{
    for (size_t i = 0; i < side->part_count; i++)
        if (side->parts[i].section->handle == section)
            return &side->parts[i];
    return NULL;
}

/* Whether an instruction that counts lies between two addresses of a section. */
static int holds_for_any(const struct unwind *from, const struct unwind *to)
{
    for (uint64_t at = from->address; at < to->address; at++)
        if (kept_at(from->code, at))
            return 1;
    return 0;
}

/* The entries that count; their number, or -1 when the two tables do not fit each other. */
static long list_entries(const struct side *side, struct unwind **list)
{
    const struct part *table = part_by_name(side, UNWIND_TABLE);
    const struct part *addresses = part_by_name(side, UNWIND_ADDRESSES);
    long count = 0;

    *list = NULL;
    if (!table && !addresses)
        return 0;
    if (!table || !addresses || table->section->size != addresses->relocation_count * ENTRY)
        return -1;
    *list = memory_allocate((addresses->relocation_count + 1) * sizeof(**list));
    for (size_t i = 0; i < addresses->relocation_count; i++) {
        const arelent *relocation = addresses->relocations[i];
        struct unwind entry = {
            .code = part_of(side, (*relocation->sym_ptr_ptr)->section),
            .address = relocation_target(addresses, relocation),
            .entry = table->bytes + i * ENTRY,
        };

        if (!entry.code || !entry.code->code)
            return -1;
        if (count && (*list)[count - 1].code == entry.code &&
            !holds_for_any(&(*list)[count - 1], &entry))
            count--;
        if (count && (*list)[count - 1].code == entry.code &&
            memcmp((*list)[count - 1].entry, entry.entry, ENTRY) == 0)
            continue;
        (*list)[count++] = entry;
    }
    return count;
}

int compare_unwinding(const struct pair *pair)
{
    struct unwind *a, *b;
    long a_count = list_entries(&pair->plain, &a), b_count = list_entries(&pair->annotated, &b);
    int wrong = 0;

    if (a_count < 0 || b_count < 0 || a_count != b_count)
        wrong = differ(pair, "%ld entries in " UNWIND_TABLE " and %ld", a_count, b_count);
    for (long i = 0; a && b && i < a_count && !wrong; i++) {
        figures.unwind_entries++;
        if (memcmp(a[i].entry, b[i].entry, ENTRY) != 0 ||
            !same_place_or_pad(pair, a[i].address, b[i].address))
            wrong = differ(pair, "entry %ld of " UNWIND_TABLE ", for %s+0x%llx and +0x%llx", i,
                           a[i].code->section->name,
                           (unsigned long long)(a[i].address - a[i].code->section->address),
                           (unsigned long long)(b[i].address - b[i].code->section->address));
    }
    free(a);
    free(b);
    return wrong;
}
