/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the verifier found wrong, or odd but explained. */
#ifndef AFTERBURNER_VERIFY_FINDINGS_H
#define AFTERBURNER_VERIFY_FINDINGS_H

#include <stddef.h>
#include <stdint.h>

enum finding_kind {
    FINDING_UNANNOTATED,           /* a sensitive instruction outside every site */
    FINDING_SITE_MISMATCH,         /* a site that does not hold the instruction its record says */
    FINDING_SITE_OUTSIDE_CODE,     /* a record that points outside executable sections */
    FINDING_SITE_SHORT,            /* a span below the least one */
    FINDING_SITES_OVERLAP,         /* two records share bytes */
    FINDING_PAD_NOT_NOP,           /* a pad that is not made of nops */
    FINDING_BRANCH_INTO_SITE,      /* a branch lands inside a site */
    FINDING_SYMBOL_IN_SITE,        /* a symbol lies inside a site */
    FINDING_TABLE_INTO_SITE,       /* an entry of a table of the guest points inside a site */
    FINDING_ALTERNATIVE_IN_SITE,   /* an alternative would overwrite part of a site */
    FINDING_UNDECODABLE,           /* bytes that are no instruction */
    FINDING_DECODERS_DIFFER,       /* the decoders do not agree on an instruction */
    FINDING_SYMBOL_IN_INSTRUCTION, /* a symbol lies inside an instruction */
    FINDING_SECTIONS_OVERLAP,      /* two sections of the image share addresses */
    FINDING_BRANCH_OUT_OF_CODE,    /* a branch leaves the executable sections */
    FINDING_NOT_DECODED,           /* executable bytes that were not there to decode */
    FINDING_ADDRESS_INTO_SITE,     /* an operand or a word of data is an address inside a site */
    FINDING_EXCLUDED,              /* an instruction that has deliberately no entry */
    FINDING_BRANCH_CHANGES_BITS,   /* a near branch to code that is read with other bits */
    FINDING_REGION_WRONG, /* a region that overlaps another, leaves its section or has odd fields */
    FINDING_KIND_COUNT,
};

enum finding_state {
    FINDING_OPEN,
    FINDING_EXPLAINED, /* settled by a rule of decode/decoder-rules.def and the third decoder */
    FINDING_EXEMPT,    /* in code the source or the policy declared exempt */
};

struct finding {
    enum finding_kind kind;
    enum finding_state state;
    uint64_t address;
    char *detail;    /* what exactly, for people */
    const char *why; /* the rule or the exemption, NULL when open */
};

struct findings {
    struct finding *list;
    size_t count, capacity;
    size_t open, explained, exempt;
};

/* The kind's name in certificates, and a sentence for people. */
const char *finding_name(enum finding_kind kind);
const char *finding_sentence(enum finding_kind kind);
const char *finding_state_name(enum finding_state state);

void findings_add(struct findings *findings, enum finding_kind kind, enum finding_state state,
                  uint64_t address, const char *why, const char *format, ...)
    __attribute__((format(printf, 6, 7)));
void findings_sort(struct findings *findings);
void findings_free(struct findings *findings);

#endif
