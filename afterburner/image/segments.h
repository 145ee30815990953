/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The program headers of a linked image: what a loader puts into memory, whatever the section
 * headers say. */
#ifndef AFTERBURNER_IMAGE_SEGMENTS_H
#define AFTERBURNER_IMAGE_SEGMENTS_H

#include "image/image.h"

/* Reads the PT_LOAD segments of a file that elf_check let pass into image->segments. A relocatable
 * file has none that count. */
void segments_read(struct image *image);

/* Whether any of [address, address + size) is in an executable segment. */
int segments_executable(const struct image *image, uint64_t address, uint64_t size);

/* Where the image's entry point is in the addresses that sections have: kernels are entered at the
 * physical address of a segment. */
uint64_t segments_virtual_entry(const struct image *image);

#endif
