/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ELF notes (gABI, "Note Section"): those a guest has, and those link adds. */
#ifndef AFTERBURNER_LINK_NOTES_H
#define AFTERBURNER_LINK_NOTES_H

#include <stddef.h>
#include <stdint.h>

#include "image/image.h"

/* The owner of the notes by which images say how they are entered: Xen's public/elfnote.h. */
#define NOTE_OWNER_XEN "Xen"

#define NOTE_PHYS32_ENTRY 18 /* the PVH entry: 32-bit, paging off */

/* Whether a 64-bit image has a note of that owner and type in a PT_NOTE segment; the first one's
 * value as a number where it has 4 or 8 bytes, else 0. */
int notes_find(const struct image *image, const char *owner, uint32_t type, uint64_t *value);

/* Notes that are being written. */
struct notes {
    unsigned char *bytes;
    size_t size;
};

void notes_add(struct notes *notes, const char *owner, uint32_t type, const void *value,
               uint32_t size);

#endif
