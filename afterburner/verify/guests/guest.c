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
}
