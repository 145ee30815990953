/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Decodes every executable section of an image with both decoders and checks what it meets against
 * the records. */
#ifndef AFTERBURNER_VERIFY_WALK_H
#define AFTERBURNER_VERIFY_WALK_H

#include <stddef.h>
#include <stdint.h>

#include "image/image.h"
#include "image/records.h"
#include "verify/bound.h"
#include "verify/findings.h"
#include "verify/guests/guest.h"
#include "verify/live.h"

#define ENTRY_NUMBERS 256 /* above every entry number of the table */

struct section_count {
    const struct image_section *section;
    uint64_t instructions;
    size_t sensitive, sites;
};

struct verification {
    const struct image *image;
    struct records records;
    struct guest_tables tables;
    struct findings findings;
    uint64_t instructions;
    uint64_t data, fill;            /* bytes among code: data by records, zeros that nothing runs */
    size_t by_entry[ENTRY_NUMBERS]; /* sensitive instructions by entry number */
    struct section_count *sections; /* the executable ones */
    size_t section_count;
    /* Of a verification for a place; else NULL. */
    struct bound *bound;
    /* Of one that was held against a dump; else NULL. */
    const struct live *live;
    struct alternative_answer
        *answers; /* for each alternative, once check_alternatives was there */
};

/* What becomes of an alternative at a place. */
enum alternative_verdict {
    ALTERNATIVE_INNOCUOUS, /* it brings nothing sensitive */
    ALTERNATIVE_NEVER,     /* it is not brought */
    ALTERNATIVE_HARMLESS,  /* what it brings does as it is what the wedge would do */
    ALTERNATIVE_TRAPPING,  /* what it brings traps */
    ALTERNATIVE_OPEN,
};

struct alternative_answer {
    enum alternative_verdict verdict;
    char why[256];
};

/* Decodes from every symbol, every record, every direct branch target and every place a table of
 * the guest names, and adds what is wrong to the findings; fills in the counts. Gives 0, or -1 when
 * a decoder cannot be started. */
int walk_image(struct verification *verification);

/* Why code is exempt, for people; NULL when it is not (enum afterburn_exemption). */
const char *exemption_text(int exemption);

/* All regions once the code has been walked, by address, with neighbours that are alike as one.
 * Gives their number; *list is the caller's to free. */
size_t regions_list(const struct verification *verification, struct region **list);

/* Checks of the records themselves, once the code has been walked: overlaps, places, spans, symbols
 * and table entries inside sites, alternatives that would cut one; then check_segments. */
void check_records(struct verification *verification);

/* Judges the alternatives that bring sensitive instructions at a place, from the bytes as they are:
 * of an image that is bound, or of a guest whose replacements will not be. Fills in the answers.
 * Gives 0, or -1 when a decoder cannot be started. */
int check_alternatives(struct verification *verification, const char *place);

const char *alternative_verdict_name(enum alternative_verdict verdict);

/* Whether everything that the program headers load as executable was there to decode. */
void check_segments(struct verification *verification);

/* Whether a section has contents in an executable segment without being executable itself: a kernel
 * may have such (read-only data beside the code, initial data beside initial code). They are not
 * decoded, but told. */
int left_undecoded(const struct image *image, const struct image_section *section);

#endif
