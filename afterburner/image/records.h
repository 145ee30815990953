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

/* How the code from `address` on is to be read, up to the next mark of its section. */
struct mark {
    uint64_t address;
    int bits;
    int exemption;         /* enum afterburn_exemption */
    size_t order;          /* which one of the image's marks it is, as written */
    uint64_t instructions; /* for the verifier to count */
};

struct records {
    struct site *sites; /* sorted by start */
    size_t site_count;
    uint64_t first, end; /* every site lies in [first, end) */
    struct mark *marks;  /* sorted by address; of equal addresses the last one holds */
    size_t mark_count;
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

/* The index of the last mark at or before `address` in `section`; the number of marks when there is
 * none. */
size_t records_mark_index(const struct records *records, const struct image_section *section,
                          uint64_t address);

/* How code at `address`, in `section`, is to be read: the last mark at or before it, or the image's
 * own bits. */
struct mark records_mark_at(const struct records *records, const struct image *image,
                            const struct image_section *section, uint64_t address);

#endif
