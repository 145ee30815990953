/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parts of compare-streams. A pair is two relocatable objects, plain and annotated; both are
 * read unrelocated, each allocated section at an address of its own. */
#ifndef AFTERBURNER_TESTS_COMPARE_H
#define AFTERBURNER_TESTS_COMPARE_H

#define PACKAGE "afterburner"
#include <Zydis/Zydis.h>
#include <bfd.h>
#include <stddef.h>
#include <stdint.h>

#include "image/image.h"
#include "image/records.h"
#include "verify/guests/guest.h"

/* An instruction that must have its like on the other side. */
struct kept {
    uint64_t address;
    uint8_t length, bits;
};

/* Bytes between two kept instructions that were left out as fill. */
struct gap {
    uint64_t start, end;
};

/* One allocated section. */
struct part {
    const struct image_section *section;
    unsigned char *bytes; /* as they stand in the file, NULL in .bss */
    int code;             /* executable, or with sites in it on the annotated side */
    unsigned int alignment;
    arelent **relocations; /* by address */
    size_t relocation_count;
    struct kept *kept; /* of executable sections */
    size_t kept_count, kept_capacity;
    struct gap *gaps; /* fill i of one side is fill i of the other; may be empty on one side */
    size_t gap_count, gap_capacity;
};

struct side {
    struct image image;
    struct records records;
    struct guest_tables tables;
    struct part *parts; /* all allocated sections but .afterburn */
    size_t part_count;
};

struct pair {
    struct side plain, annotated;
    uint64_t sizes[2]; /* of the finished kernels: one of these stands for the other; or 0 */
};

struct figures {
    unsigned long long instructions, nops, pads, pad_bytes, trap_pads, fills, fill_bytes,
        fills_by_label, fills_by_transfer, fills_at_end, fills_of_zeros, alternative_fills,
        grown_branches, other_orders, sizes, unwind_entries, relocations, symbols, data_sections,
        data_bytes;
};

extern struct figures figures;

/* Reads an object. Gives 0, or an exit code after a message. */
int side_open(const char *path, struct side *side);
void side_close(struct side *side);

/* Fills in `kept` and `gaps` of two executable sections. Gives 0, or 1 after a message. */
int align_parts(const struct pair *pair, struct part *plain, struct part *annotated);

/* Whether two nops are the same jump label: one becomes a jump, and has the length that this needs.
 */
int is_other_label(const struct pair *pair, const struct kept *a, const struct kept *b);

/* Whether an instruction is a nop. */
int is_nop(const struct part *part, const struct kept *kept);

/* Whether every fill of a section is where an assembler puts one: in front of something that is
 * jumped to or named, behind what never falls through, or at the section's end. To be called when
 * all sections are aligned. Gives 0, or 1 after a message. */
int check_fills(const struct pair *pair, const struct part *plain, const struct part *annotated);

/* Compares the kept instructions of two sections. Gives 0, or 1 after a message. */
int compare_instructions(const struct pair *pair, const struct part *plain,
                         const struct part *annotated);

/* Compares what is not code. Each gives 0, or 1 after a message. */
int compare_contents(const struct pair *pair, const struct part *plain,
                     const struct part *annotated);
int compare_relocations(const struct pair *pair, const struct part *plain,
                        const struct part *annotated);
int compare_symbols(const struct pair *pair);
int compare_alternatives(const struct pair *pair);
int compare_unwinding(const struct pair *pair);

/* objtool's tables: what holds from an address on, and the addresses. */
#define UNWIND_TABLE     ".orc_unwind"
#define UNWIND_ADDRESSES ".orc_unwind_ip"

/* The same place, or the one behind an instruction and in front of its pad: there the unwinder's
 * tables change. */
int same_place_or_pad(const struct pair *pair, uint64_t plain, uint64_t annotated);

/* Decodes at an address with that many bits; 0 when Zydis cannot. */
int decode_at(const struct part *part, uint64_t address, int bits,
              ZydisDecodedInstruction *instruction, ZydisDecodedOperand *operands);

/* Where an operand that counts from its instruction's end points; 0 when it is none. Addresses are
 * not cut to the code's size, since sections are laid out beyond what 16 bits reach. */
int relative_target(const ZydisDecodedInstruction *instruction, const ZydisDecodedOperand *operand,
                    uint64_t address, uint64_t *target);

/* The index of the first relocation at or behind an offset. */
size_t relocation_at(const struct part *part, uint64_t offset);

/* Where a relocation points: its symbol's address plus addend; 0 plus addend when undefined. In
 * code, pc-relative ones count from the instruction's end. */
uint64_t relocation_target(const struct part *part, const arelent *relocation);

/* Whether two addresses mean the same place: the same byte of the same instruction, or the same
 * offset of a section without code. */
int same_place(const struct pair *pair, uint64_t plain, uint64_t annotated);

/* Whether an address is in no section. */
int is_outside(const struct side *side, uint64_t address);

/* How many kept instructions begin below an address. */
size_t kept_before(const struct part *part, uint64_t address);

/* The kept instruction that holds an address, and NULL when none does. */
const struct kept *kept_at(const struct part *part, uint64_t address);

/* Prints both paths and what differs, and gives 1. */
int differ(const struct pair *pair, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
