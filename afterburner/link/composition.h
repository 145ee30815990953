/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A guest, a wedge and what is put beside them: the image as it will be written. */
#ifndef AFTERBURNER_LINK_COMPOSITION_H
#define AFTERBURNER_LINK_COMPOSITION_H

#include <stddef.h>
#include <stdint.h>

#include "afterburn/image.h"
#include "image/image.h"
#include "image/records.h"

#define LINK_PAGE 4096

/* A section that is put beside the guest. Neighbours with the same flags share a segment. */
struct link_section {
    const char *name;
    uint64_t address;
    unsigned char *bytes; /* ours */
    size_t size;
    unsigned int flags;     /* of its segment: PF_R, PF_W, PF_X */
    unsigned int alignment; /* a power of two */
    int is_note;            /* in a PT_NOTE segment, too */
};

struct guest_tables;

struct composition {
    const struct image *guest, *wedge;
    struct wedge_image header;
    struct link_section *sections; /* by address, the first at header.wedge_start */
    size_t section_count, section_capacity;
    const struct site **sites; /* the guest's, by physical address: the order of every table */
    size_t site_count;
    const struct guest_tables *tables; /* the guest's own, about code that it patches */
    uint32_t multiboot_entry; /* physical address for Multiboot2 loaders (multiboot.h), or 0 */
    /* What --explain prints: lines. */
    char **lines;
    size_t line_count, line_capacity;
};

/* Takes the wedge's own sections over and finds out where the image is loaded. Gives 0, or an exit
 * code (cli/exit-codes.h) after one message. The composition keeps pointers to its arguments. */
int composition_begin(struct composition *composition, const struct image *guest,
                      const struct image *wedge);
void composition_free(struct composition *composition);

/* Adds a section behind the last one, at a multiple of `alignment`, which a change of `flags` makes
 * a page. Takes `bytes`, from memory_allocate, over. Gives its address; where it would leave the
 * window, 0 after a message. */
uint64_t composition_add(struct composition *composition, const char *name, unsigned int flags,
                         unsigned int alignment, unsigned char *bytes, size_t size);

/* Adds a place to the header, with the address of its patches. */
void composition_add_place(struct composition *composition, const char *name, uint64_t patches);

/* Writes the header, now that all is known, to its place in the wedge. */
void composition_end(struct composition *composition);

/* Where one of the wedge's addresses is loaded. */
uint64_t composition_physical(const struct composition *composition, uint64_t address);

/* The address of a symbol of the wedge. Gives 0, or an exit code after one message. */
int composition_symbol(const struct composition *composition, const char *name, uint64_t *address);

/* A line for --explain. */
void composition_explain(struct composition *composition, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The guest's segment that loads [address, address + size) from its file, or NULL. */
const struct image_segment *guest_segment_at(const struct image *guest, uint64_t address,
                                             uint64_t size);

/* The physical address of a guest's address in such a segment. */
uint64_t guest_physical(const struct image_segment *segment, uint64_t address);

#endif
