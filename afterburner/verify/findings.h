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
    FINDING_RUNS_INTO_DATA,        /* code goes on, or branches, into data or fill among code */
    FINDING_EXCLUDED,              /* an instruction that has deliberately no entry */
    FINDING_BRANCH_CHANGES_BITS,   /* a near branch to code that is read with other bits */
    FINDING_REGION_WRONG, /* a region that overlaps another, leaves its section or has odd fields */
    FINDING_SITE_TABLE,   /* the wedge's table of sites is not what the records say */
    FINDING_SITE_NOT_BOUND,      /* a site that binding leaves as it is */
    FINDING_PATCH_WRONG,         /* a bound site that is not what a bound site is */
    FINDING_STUB_WRONG,          /* a stub that does something else than stubs do */
    FINDING_LIVE_NOT_BOUND,      /* a site that is not bound in memory */
    FINDING_LIVE_ALTERNATIVE,    /* an alternative was brought that never is */
    FINDING_LIVE_UNEXPLAINED,    /* code in memory that is not the image's */
    FINDING_ALTERNATIVE_UNGATED, /* an alternative brings sensitive code that nobody emulates */
    FINDING_KIND_COUNT,
};

enum finding_state {
    FINDING_OPEN,
    FINDING_EXPLAINED, /* settled by a rule of decode/decoder-rules.def and the third decoder */
    FINDING_EXEMPT,    /* in code the source or the policy declared exempt */
    FINDING_TRAPPING,  /* where the image is bound, it relies on the trap */
};

struct finding {
    enum finding_kind kind;
    enum finding_state state;
    uint64_t address;
    char *detail;    /* what exactly, for people */
    const char *why; /* the rule or the exemption, NULL when open */
    int entry;       /* the sensitive instruction's, of unannotated and alternative-ungated; or 0 */
};

struct findings {
    struct finding *list;
    size_t count, capacity;
    size_t open, explained, exempt, trapping;
};

/* The kind's name in certificates, and a sentence for people. */
const char *finding_name(enum finding_kind kind);
const char *finding_sentence(enum finding_kind kind);
const char *finding_state_name(enum finding_state state);

void findings_add(struct findings *findings, enum finding_kind kind, enum finding_state state,
                  uint64_t address, const char *why, const char *format, ...)
    __attribute__((format(printf, 6, 7)));

/* Says of the last finding which entry of the table it is about. */
void findings_set_entry(struct findings *findings, int entry);

/* Changes a finding's state. */
void findings_settle(struct findings *findings, size_t index, enum finding_state state,
                     const char *why);

/* Adds those of the other ones that are not there already, by kind, place and detail, and empties
 * them. */
void findings_merge(struct findings *findings, struct findings *others);
void findings_sort(struct findings *findings);
void findings_free(struct findings *findings);

#endif
