/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The header by which boot loaders such as GRUB start an image on bare hardware: Multiboot2
 * Specification 2.0, 3.1. It leads to the wedge's wedge_multiboot_start, which enters the guest by
 * its PVH note. The header lies in the file between the program headers and the first section, and
 * in no segment. */
#ifndef AFTERBURNER_LINK_MULTIBOOT_H
#define AFTERBURNER_LINK_MULTIBOOT_H

#include "link/composition.h"

/* Decides whether the image gets a header, and says so for --explain. Gives 0, or an exit code
 * after one message. */
int multiboot_prepare(struct composition *composition);

/* Whether a program header of type PT_NULL is to be added. GRUB wants the ELF entry to be in a
 * segment, counted by virtual addresses and whatever its type, even where the Multiboot2 header
 * names another. A kernel's may be a physical one. */
int multiboot_wants_program_header(const struct image *guest);

/* Writes the header into the composed file. Where there is no room for it the file stays as it is,
 * and --explain says so. Gives 0, or an exit code after one message. */
int multiboot_write(struct composition *composition, int fd);

#endif
