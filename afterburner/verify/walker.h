/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the parts of the walk through an image's code share. */
#ifndef AFTERBURNER_VERIFY_WALKER_H
#define AFTERBURNER_VERIFY_WALKER_H

#include <Zydis/Zydis.h>
#include <stddef.h>
#include <stdint.h>

#include "verify/plain.h"
#include "verify/walk.h"

#define INSTRUCTION_MAX 15

struct addresses {
    uint64_t *list;
    size_t count, capacity;
};

struct walker {
    struct verification *verification;
    const struct image_section *section;
    struct section_count *counts;
    struct addresses starts;  /* of decoding, in all sections: sorted */
    struct addresses targets; /* of direct branches, in all sections */
    uint64_t last;            /* the instruction that was decoded last */
    int falls;                /* it may go on behind its end */
    uint64_t looked_until;    /* in the section: what is before that is no fill up to a start */
    struct plain_decoders decoders;
};

struct decoded {
    uint64_t address;
    int bits, exemption;
    struct region *region; /* around it, or NULL */
    ZydisDecodedInstruction instruction;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    const unsigned char *bytes;
    size_t available;
};

/* What is known of a byte of a section: 0, or one of these. */
enum {
    KNOWN_START = 1, /* decoding began there */
    KNOWN_DATA,      /* data or fill, not decoded */
};

void addresses_add(struct addresses *addresses, uint64_t address);

/* --- walk-decode.c: one instruction, all decoders --- */

/* Decodes with Zydis; 0 when it cannot. */
int walk_decode(struct walker *walker, uint64_t address, struct decoded *decoded);

/* Capstone's view of what Zydis decoded: differences become findings. Gives the entry both agree
 * on, or Zydis's when the difference is explained or reported. */
int walk_second_opinion(struct walker *walker, const struct decoded *decoded);

/* Adds the finding that nothing decodes there. */
void walk_undecodable(struct walker *walker, uint64_t address);

/* --- walk-checks.c: what an instruction must satisfy --- */

/* A sensitive instruction, with its entry: it is the one of a site, or a finding. */
void walk_check_sensitive(struct walker *walker, const struct decoded *decoded, int kind);

/* Instructions without an entry that nobody knows how to bind. What Capstone says does not matter:
 * it takes some of them for others, which are innocuous. Gives whether it is one. */
int walk_check_excluded(struct walker *walker, const struct decoded *decoded);

/* Where a direct branch goes, and what addresses an instruction makes: none of them inside a site.
 * Branches' targets are added to the walker's. */
void walk_check_targets(struct walker *walker, const struct decoded *decoded);

/* --- walk-data.c: data and fill among code --- */

/* Whether there is a nop or int3, which can be fill. */
int walk_is_idle(struct walker *walker, uint64_t address);

/* Whether execution may go on behind an instruction. A nop or int3 behind one that does not is fill
 * like it: neither changes it. */
int walk_may_go_on(const struct decoded *decoded, int falls);

/* Data by a region, or zeros and int3 up to `limit`, where decoding begins afresh, that nothing
 * goes on into: notes it and gives its end. Else gives `address`. Zeros and int3 are no sensitive
 * instruction, wherever decoding begins in them. */
uint64_t walk_pass_data(struct walker *walker, uint64_t address, uint64_t limit,
                        unsigned char *known);

/* A branch that leads to `target` in the walker's section, once its code was walked. */
void walk_check_branch_to_data(struct walker *walker, uint64_t target, const unsigned char *known);

/* Functions, the entry and what a table of the guest names are code, whatever a region says.
 * `known` has a list of flags for each section. */
void walk_check_named_code(struct walker *walker, unsigned char **known);

#endif
