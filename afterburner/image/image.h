/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An ELF image read through libbfd, in the form the verifier works on. A relocatable file (a
 * module) is laid out at made-up addresses and relocated there, so that it looks like a linked one;
 * undefined symbols are at address 0. */
#ifndef AFTERBURNER_IMAGE_IMAGE_H
#define AFTERBURNER_IMAGE_IMAGE_H

#include <stddef.h>
#include <stdint.h>

struct image_section {
    const char *name;
    uint64_t address, size;
    unsigned char *bytes; /* NULL when it has no contents (.bss) */
    int allocated, executable;
    int of_wedge; /* put there by `afterburner link`: not the guest's, and not executable for it */
    void *handle; /* libbfd's section */
};

/* What a loader puts into memory: PT_LOAD of a linked image. */
struct image_segment {
    uint64_t address, physical, offset; /* in memory, and in the file */
    uint64_t size, file_size;           /* in memory, and from the file */
    int executable;
    unsigned int flags; /* p_flags */
};

struct image_symbol {
    uint64_t address; /* first: search.h */
    const char *name;
    unsigned int section; /* index into sections */
    int is_function;
};

struct image {
    const char *path;
    int bits;                       /* 32 or 64 */
    int relocatable;                /* addresses are made up */
    char build_id[2 * 64 + 1];      /* hexadecimal, "" when the image has none */
    uint64_t entry;                 /* of a kernel entered at a physical address the virtual one */
    struct image_section *sections; /* in file order; symbols and records are in these only */
    size_t section_count;
    /* The allocated sections by address, for image_section_at; NULL where two of them overlap or
     * nobody made it, and every section is looked at then. */
    const struct image_section **by_address;
    size_t by_address_count;
    struct image_segment *segments; /* of a linked image */
    size_t segment_count;
    struct image_symbol
        *symbols; /* of sections with an address, sorted by address, functions first */
    size_t symbol_count;
    /* A position-independent image has addresses only where its loader relocates: here, sorted. */
    int position_independent;
    uint64_t *relocated;
    size_t relocated_count;
    uint64_t wedge_start, wedge_end; /* what a composed image's wedge takes; 0 without one */
    void *handle;                    /* libbfd's file */
    void *private;                   /* its symbol table */
    unsigned char *file;
    size_t file_size;
};

/* Opens an ELF file. Gives 0, or an exit code (cli/exit-codes.h) after one message. */
int image_open(const char *path, struct image *image);
void image_close(struct image *image);

/* For qsort: pointers to sections of one image, by address, equal ones in the file's order. */
int image_compare_sections(const void *a, const void *b);

/* The first section with that name, or that address; NULL when there is none. */
const struct image_section *image_section_by_name(const struct image *image, const char *name);
const struct image_section *image_section_at(const struct image *image, uint64_t address);

/* Whether [address, address + size) of a section can hold an address. In a relocatable file that is
 * where relocating changed it, since its addresses are made up; in a position-independent one where
 * its loader will relocate; in any other linked image everywhere. */
int image_is_relocated(const struct image *image, const struct image_section *section,
                       uint64_t address, uint64_t size);

/* The first symbol, in the order of addresses, that is not before this address; the number of
 * symbols when all are. */
size_t image_symbols_from(const struct image *image, uint64_t address);

/* The function around an address: its name and the distance from its start. "" when no symbol is
 * before it in its section. */
const char *image_function_at(const struct image *image, uint64_t address, uint64_t *offset);

/* The source line of an address; 0 when debugging information does not say. *file stays valid until
 * image_close. */
unsigned int image_line_at(const struct image *image, uint64_t address, const char **file);

#endif
