/* SPDX-License-Identifier: BSD-2-Clause */
/* The site record: what the annotator writes about each site, version 1.
 *
 * Each object file contributes one chunk to the section `.afterburn`: a header, then its records.
 * (Code in a section group, which the linker may drop, has its records in sections of that group, a
 * chunk each.) The linker puts chunks end to end; header and record are multiples of 8 bytes, so no
 * padding arises. All fields little-endian. The section is allocated, so that a loaded module
 * carries its own; nothing reads it when the image runs neutral.
 */
#ifndef AFTERBURN_RECORD_H
#define AFTERBURN_RECORD_H

#include <stdint.h>

#define AFTERBURN_SECTION ".afterburn"
#define AFTERBURN_MAGIC   0x4e425241u /* "ARBN" */
#define AFTERBURN_VERSION 1

struct afterburn_header {
    uint32_t magic;
    uint16_t version;
    uint16_t record_size; /* bytes of one record */
    uint32_t size;        /* bytes of this chunk's records, header not counted */
    uint32_t flags;       /* none defined: 0 */
    uint64_t source;      /* XXH64 of the source path the identities were made with */
    uint64_t reserved;    /* 0 */
};

/* Registers in records: the hardware number 0-15, or one of these. */
enum afterburn_register {
    AFTERBURN_REGISTER_IP = 0x10, /* base of a RIP-relative operand */
    AFTERBURN_REGISTER_NONE = 0xff,
};

enum afterburn_record_flags {
    /* The arithmetic flags may be read behind the site before they are written. */
    AFTERBURN_FLAGS_LIVE = 1 << 0,
    /* sti with hlt right behind it: one wait, not two operations. */
    AFTERBURN_HALT_FOLLOWS = 1 << 1,
    /* A rep prefix is part of the instruction. */
    AFTERBURN_REPEAT = 1 << 2,
    /* base, index, scale and displacement describe a memory operand. */
    AFTERBURN_MEMORY = 1 << 3,
    /* `immediate` holds a port, a vector or a stack adjustment. */
    AFTERBURN_IMMEDIATE = 1 << 4,
    /* The linker fills the displacement, or a far pointer's offset, in: read it from the
     * instruction. */
    AFTERBURN_RELOCATED = 1 << 5,
    /* A far pointer is part of the instruction: selector in `immediate`, offset in `displacement`.
     */
    AFTERBURN_FAR_POINTER = 1 << 6,
    /* There was no room for a pad, since the source fixes the places of this object's code (.org):
     * the span is the instruction. */
    AFTERBURN_NO_ROOM = 1 << 7,
};

struct afterburn_record {
    int32_t site;    /* first byte of the span, minus the address of this field */
    uint8_t span;    /* bytes of instruction and pad */
    uint8_t offset;  /* of the instruction in the span: 0, or the pad's length for sti */
    uint8_t length;  /* bytes of the instruction, prefixes included */
    uint8_t bits;    /* 16, 32 or 64: how it decodes */
    uint16_t kind;   /* entry number of sensitive.def, or AFTERBURN_REGION */
    uint16_t flags;  /* enum afterburn_record_flags */
    uint8_t width;   /* operand width in bytes; without operands, the operand size in force */
    uint8_t reg;     /* general register operands in the order of the Intel manual: the only or */
    uint8_t reg2;    /* first one, and the second (lar, lsl, arpl, vmread and the like) */
    uint8_t special; /* number of a control, debug or segment register operand */
    uint8_t base;    /* of the memory operand, */
    uint8_t index;
    uint8_t scale;
    uint8_t segment;       /* the segment it is addressed through, override or default */
    uint8_t address_width; /* in bytes; also that of string instructions */
    uint8_t reserved[3];   /* 0 */
    uint16_t immediate;
    uint16_t reserved2; /* 0 */
    int32_t displacement;
    uint64_t identity; /* XXH64 over what afterburner/as/identity.h says */
};

/* A region: a record that says how the code from `site` on is to be read, for `displacement` bytes
 * (unsigned). Its span is 0, `bits` is 16, 32 or 64, `flags` an exemption. Outside of regions code
 * has the file's own bits and is not exempt. One of 0 bytes changes nothing; with a length of 1 it
 * is at an int3 with a pad, which is no site. */
#define AFTERBURN_REGION 0xff00

enum afterburn_exemption {
    AFTERBURN_EXEMPT_NOT = 0,
    AFTERBURN_EXEMPT_DIRECTIVE = 1, /* .afterburn_off in the source */
    AFTERBURN_EXEMPT_SECTION = 2,   /* a section rule of the policy */
    AFTERBURN_EXEMPT_BITS_16 = 3,   /* 16-bit code */
    AFTERBURN_EXEMPT_DATA = 4,      /* data directives among code: never executed */
};

_Static_assert(sizeof(struct afterburn_header) == 32, "record format version 1");
_Static_assert(sizeof(struct afterburn_record) == 40, "record format version 1");

#endif
