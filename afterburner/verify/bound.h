/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A composed image as it is once the wedge has bound it for a place. */
#ifndef AFTERBURNER_VERIFY_BOUND_H
#define AFTERBURNER_VERIFY_BOUND_H

#include <stddef.h>
#include <stdint.h>

#include "afterburn/image.h"
#include "image/image.h"
#include "image/records.h"

struct verification;

/* An entry of the wedge's table of sites, with its patch. */
struct bound_site {
    struct wedge_site entry;
    struct wedge_patch patch;
    const struct site *site; /* of the records; NULL when none begins there */
};

struct bound {
    const char *place;
    struct wedge_image header;
    struct bound_site *sites;      /* header.site_count of them, in the order of the table */
    struct bound_site **by_record; /* for each site of the records its entry, or NULL */
    uint64_t stubs;                /* where the stubs begin, */
    uint64_t stubs_size;
    uint64_t event_mask;
    uint64_t stub_rsp, stub_stack, stub_entry; /* and what they name */
    unsigned char **neutral;                   /* sections' bytes while bound ones are in place */
    /* Counts for the report. */
    size_t jumps, stores, traps, unbound; /* what the sites became */
    uint64_t instructions;                /* decoded in the bound image */
    size_t overwritten;                   /* bound sites that an alternative may overwrite */
};

/* Whether sites are bound for a place of that name, in any image. */
int bound_place_known(const char *place);

/* Reads what a composed image has for a place. Gives 0, or an exit code after one message: it has
 * no wedge, or nothing for this place, or tables that are not loaded. */
int bound_read(const struct image *image, const char *place, struct bound **bound);
void bound_free(struct bound *bound);

/* The bytes that a loader puts at an address, or NULL when it does not put all of them there from
 * the file. *flags (may be NULL) gets the segment's. */
const unsigned char *bound_loaded(const struct image *image, uint64_t address, uint64_t size,
                                  unsigned int *flags);

/* The entry of a site, or NULL. */
const struct bound_site *bound_site(const struct verification *verification,
                                    const struct site *site);

/* Does what the wedge does in memory to the sections' bytes, and undoes it. */
void bound_bind(struct verification *verification, struct image *image);
void bound_unbind(struct verification *verification, struct image *image);

/* Checks against the records; the first two before binding, the third while bound. */
void check_site_table(struct verification *verification);
int check_stubs(struct verification *verification);
int check_patches(struct verification *verification);

#endif
