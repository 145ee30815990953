/* SPDX-License-Identifier: BSD-2-Clause */
/* What `afterburner link` hands to the wedge: a header at the start of the section `.wedge.image`,
 * which the wedge reserves and link fills in, and the tables it points to, in sections that link
 * adds behind the wedge. All fields little-endian. Version 2. */
#ifndef AFTERBURN_IMAGE_H
#define AFTERBURN_IMAGE_H

#include <stdint.h>

#define WEDGE_IMAGE_SECTION ".wedge.image"
#define WEDGE_IMAGE_MAGIC   0x4547444557425241u /* "ARBWEDGE" */
#define WEDGE_IMAGE_VERSION 2
#define WEDGE_SEGMENT_MAX   16
#define WEDGE_ENTRY_MAX     8
#define WEDGE_CODE_MAX      16

/* How a guest is entered (wedge/guests/). */
enum wedge_protocol {
    WEDGE_PROTOCOL_PVH = 1, /* 32-bit, paging off: Xen's public header arch-x86/hvm/start_info.h */
    WEDGE_PROTOCOL_LINUX =
        2, /* 64-bit: Documentation/x86/boot.rst of Linux, "64-bit BOOT PROTOCOL" */
};

/* One loadable segment of the guest. Physical addresses are the guest's, from its program headers.
 */
struct wedge_segment {
    uint64_t virtual_address;
    uint64_t physical_address;
    uint64_t size; /* in memory */
};

/* A stretch of the guest's code, which `afterburner verify` has decoded. */
struct wedge_code {
    uint64_t physical_address, size;
};

/* A place where images are bound for, with its table of patches: one for each site, in the same
 * order. */
struct wedge_place {
    char name[16];
    uint64_t patches; /* virtual address of struct wedge_patch[site_count] */
};

struct wedge_image {
    uint64_t magic;
    uint32_t version;
    uint32_t size;        /* of this structure */
    uint64_t wedge_start; /* virtual addresses that the wedge with its tables takes */
    uint64_t wedge_end;
    uint64_t wedge_physical; /* where a loader puts its first byte */
    uint64_t guest_entry;    /* physical address */
    uint32_t protocol;       /* enum wedge_protocol */
    uint32_t segment_count;
    uint32_t place_count;
    uint32_t site_count;
    uint32_t shadow_pages; /* for shadows of the guest's page tables; 0: the wedge decides */
    uint32_t pvh_entry; /* physical address for loaders on bare hardware; 0: the guest has none */
    uint64_t
        sites; /* virtual address of struct wedge_site[site_count], sorted by physical address */
    struct wedge_segment segments[WEDGE_SEGMENT_MAX];
    struct wedge_place places[WEDGE_ENTRY_MAX];
    uint64_t code_count;
    struct wedge_code code[WEDGE_CODE_MAX];
};

/* A site, with its record (afterburn/record.h) as far as emulation needs it; what a linker filled
 * in is filled in here, too. */
struct wedge_site {
    uint32_t physical_address; /* of the span's first byte */
    uint8_t span, offset, length, bits;
    uint16_t kind, flags; /* entry of sensitive.def; enum afterburn_record_flags */
    uint8_t width, reg, reg2, special;
    uint8_t base, index, scale, segment;
    uint8_t address_width, reserved[3];
    uint16_t immediate, reserved2;
    int32_t displacement; /* of a RIP-relative operand: from the instruction's end, as in the
                             instruction */
};

#define WEDGE_PATCH_MAX 7

/* What binding writes at a site: `length` bytes from `offset` on, counted from the span's first
 * byte. */
struct wedge_patch {
    uint8_t bytes[WEDGE_PATCH_MAX];
    uint8_t length : 4, offset : 4;
};

_Static_assert(sizeof(struct wedge_site) == 32, "image format version 2");
_Static_assert(sizeof(struct wedge_patch) == 8, "image format version 2");

#endif
