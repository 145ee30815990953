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
    char feature[64];    /* the guest's own name for it where the image has one, and its number */
    unsigned int number; /* the guest's, of the feature or bug */
    int inverted;        /* replaced when the processor lacks it */
    int is_feature;      /* known not to be a bug's number */
    int bug;             /* counted from the first bug; -1 when it is none, or nobody can tell */
};

/* Whether a guest that a wedge runs will bring an alternative. */
enum gate_verdict {
    GATE_NEVER,
    GATE_MAY,
    GATE_UNKNOWN, /* nothing is known of what it hangs on: as GATE_MAY, but that must be changed */
};

struct gate {
    enum gate_verdict verdict;
    char why[256];
};

/* What else a guest writes over its code while it runs. */
enum guest_patch_kind {
    PATCH_JUMP_LABEL,
    PATCH_STATIC_CALL,
    PATCH_LOCK,       /* a lock prefix */
    PATCH_RETPOLINE,  /* an indirect branch by way of a thunk */
    PATCH_RETURN,     /* a return by way of a thunk */
    PATCH_TRACE_CALL, /* a call at a function's start, for tracing */
    PATCH_KIND_COUNT,
};

struct guest_patch {
    enum guest_patch_kind kind;
    uint64_t address;
    uint64_t target; /* of a jump label */
};

/* Code that the guest copies, and runs there as well as where it lies. */
struct guest_stretch {
    uint64_t start, end;
};

struct guest_tables {
    struct table_target *targets;
    size_t target_count, target_capacity;
    struct alternative *alternatives;
    size_t alternative_count, alternative_capacity;
    uint64_t replacements, replacements_end; /* all of them lie in here */
    struct guest_patch *patches;
    size_t patch_count, patch_capacity;
    struct guest_stretch *copied;
    size_t copied_count, copied_capacity;
    uint64_t initial, initial_end; /* code and data that the guest gives up when it has started */
};

/* Reads the tables of every guest known; an image without them gives none. Gives 0, or -1 with a
 * sentence in `wrong` when a table makes no sense. */
int guest_tables_read(const struct image *image, struct guest_tables *tables, char *wrong,
                      size_t capacity);
void guest_tables_free(struct guest_tables *tables);

/* Whether an address lies in the replacement of an alternative: code that the guest copies, and
 * does not run where it lies. */
int guest_in_replacement(const struct guest_tables *tables, uint64_t address);

/* Whether an address lies in code of which the guest makes copies: it must run anywhere. */
int guest_is_copied(const struct guest_tables *tables, uint64_t address);

/* How many bytes the guest may have written at such a place, or 0 when `live` is nothing that it
 * would write over `image`, of both of which `size` bytes are there. Where what it wrote leads goes
 * to *leads, else 0. */
unsigned int guest_patch_explains(const struct guest_patch *patch, const unsigned char *image,
                                  const unsigned char *live, size_t size, uint64_t *leads);

/* The kind's name in certificates. */
const char *guest_patch_name(enum guest_patch_kind kind);

/* Whether the alternative is ever brought under the CPUID policy, and why so. */
void guest_gate(const struct alternative *alternative, struct gate *gate);

#define REPLACEMENT_MAX 256 /* more than original_length and replacement_length can be */

/* What the guest makes of a replacement before it writes it over the original: `bytes` holds the
 * replacement and has room for REPLACEMENT_MAX; gives how many are written. */
unsigned int guest_copy_replacement(const struct alternative *alternative, unsigned char *bytes);

/* One per guest; called by the ones above. */
void linux_gate(const struct alternative *alternative, struct gate *gate);
void linux_copy_replacement(const struct alternative *alternative, unsigned char *bytes);
unsigned int linux_patch_explains(const struct guest_patch *patch, const unsigned char *image,
                                  const unsigned char *live, size_t size, uint64_t *leads);

/* One per guest; called by guest_tables_read. */
int linux_tables_read(const struct image *image, struct guest_tables *tables, char *wrong,
                      size_t capacity);

void guest_tables_add_target(struct guest_tables *tables, const char *table, uint64_t address);
void guest_tables_add_patch(struct guest_tables *tables, enum guest_patch_kind kind,
                            uint64_t address, uint64_t target);
void guest_tables_add_copied(struct guest_tables *tables, uint64_t start, uint64_t end);
void guest_tables_add_alternative(struct guest_tables *tables,
                                  const struct alternative *alternative);

#endif
