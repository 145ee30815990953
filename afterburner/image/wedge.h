/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which part of an image is a wedge that `afterburner link` put there. */
#ifndef AFTERBURNER_IMAGE_WEDGE_H
#define AFTERBURNER_IMAGE_WEDGE_H

#include "afterburn/image.h"
#include "image/image.h"

/* Where the wedge keeps its struct wedge_image: at the start of this section (wedge/wedge.lds). */
#define WEDGE_HEADER_SECTION ".wedge.rodata"

/* All sections of a wedge have names that begin so, and link's notes for loaders are in the other
 * one. */
#define WEDGE_SECTION_PREFIX ".wedge."
#define WEDGE_NOTE_SECTION   ".note.wedge"

/* Reads the header out of the section that has it. Gives 0, or -1 with a sentence in `wrong` when
 * there is none, or of a format that this program does not know. */
int wedge_header_read(const struct image *image, struct wedge_image *header, char *wrong,
                      size_t capacity);

/* Marks the sections of a composed image's wedge, and fills in wedge_start and wedge_end; a wedge
 * alone, or an image without one, has none. */
void wedge_mark_sections(struct image *image);

#endif
