/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The site records of an image. */
#ifndef AFTERBURNER_IMAGE_RECORDS_H
#define AFTERBURNER_IMAGE_RECORDS_H

#include <stddef.h>
#include <stdint.h>

#include "afterburn/record.h"
#include "image/image.h"

struct site {
    uint64_t start, end; /* the span, instruction and pad */
    uint64_t instruction;
    uint64_t source; /* hash of the source path */
    struct afterburn_record record;
};

/* Code that is to be read in another way than the image's own: with other bits, or as exempt. */
struct region {
    uint64_t start, end;
    int bits;
    int exemption;         /* enum afterburn_exemption */
    int odd;               /* the record says something that no region can be */
    uint64_t instructions; /* that began in it: for the verifier to count */
};

struct records {
    struct site *sites; /* sorted by start */
    size_t site_count;
    uint64_t first, end;    /* every site lies in [first, end) */
    struct region *regions; /* sorted by start, then end; none is empty */
    size_t region_count;
    uint64_t *traps; /* sorted: where an int3 has a pad and no site, since it was `int $3` */
    size_t trap_count;
    int present; /* the image has the section at all */
};

/* Reads every section named `.afterburn`: a relocatable file can have several. An image without one
 * has no records: that is no error here. Gives 0, or -1 with a sentence in `wrong`: unknown magic,
 * version or record size, or a chunk that is cut off. */
int records_read(const struct image *image, struct records *records, char *wrong, size_t capacity);
void records_free(struct records *records);

/* The site whose span holds the address, or NULL. */
const struct site *records_site_at(const struct records *records, uint64_t address);

/* The site that has the address past its first byte, or NULL: nothing may lead there. */
const struct site *records_site_around(const struct records *records, uint64_t address);

/* The region around an address, or NULL: there code is read as the image's own bits say. */
struct region *records_region_at(const struct records *records, uint64_t address);

/* The bits with which code at `address` decodes. */
int records_bits_at(const struct records *records, const struct image *image, uint64_t address);

/* Whether there is such a trap at an address. */
int records_trap_at(const struct records *records, uint64_t address);

#endif
