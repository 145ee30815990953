/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tables a guest kernel keeps about its own code. The verifier needs to know where they point, and
 * which bytes the guest itself will patch; what a table's entries look like, one file per guest
 * says. */
#ifndef AFTERBURNER_VERIFY_GUESTS_GUEST_H
#define AFTERBURNER_VERIFY_GUESTS_GUEST_H

#include <stddef.h>
#include <stdint.h>

#include "image/image.h"

/* A place in code that a table names. */
struct table_target {
    const char *table; /* the section */
    uint64_t address;
};

/* A stretch of code the guest replaces at boot when the processor has a feature. */
struct alternative {
    uint64_t original, replacement;
    unsigned int original_length, replacement_length;
    char feature[64]; /* the guest's own name for it where the image has one, and its number */
};

struct guest_tables {
    struct table_target *targets;
    size_t target_count, target_capacity;
    struct alternative *alternatives;
    size_t alternative_count, alternative_capacity;
};

/* Reads the tables of every guest known; an image without them gives none. Gives 0, or -1 with a
 * sentence in `wrong` when a table makes no sense. */
int guest_tables_read(const struct image *image, struct guest_tables *tables, char *wrong,
                      size_t capacity);
void guest_tables_free(struct guest_tables *tables);

/* One per guest; called by guest_tables_read. */
int linux_tables_read(const struct image *image, struct guest_tables *tables, char *wrong,
                      size_t capacity);

void guest_tables_add_target(struct guest_tables *tables, const char *table, uint64_t address);
void guest_tables_add_alternative(struct guest_tables *tables,
                                  const struct alternative *alternative);

#endif
