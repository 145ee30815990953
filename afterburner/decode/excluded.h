/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Instructions that are deliberately not in the table of sensitive ones. */
#ifndef AFTERBURNER_DECODE_EXCLUDED_H
#define AFTERBURNER_DECODE_EXCLUDED_H

#include <Zydis/Zydis.h>
#include <stddef.h>

enum excluded_verdict { /* what the verifier does with one; excluded.def */
                        EXCLUDED_REPORTED,
                        EXCLUDED_UNDECODABLE,
                        EXCLUDED_INNOCUOUS,
};

struct excluded {
    const char *names, *zydis;
    enum excluded_verdict verdict;
    const char *encoding, *why;
};

extern const struct excluded excluded_list[];
extern const size_t excluded_count;

/* The exclusion that an instruction decoded by Zydis falls under, or NULL. */
const struct excluded *excluded_zydis(const ZydisDecodedInstruction *instruction);

#endif
