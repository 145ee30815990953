/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of sensitive instructions (sensitive.def) as C data. */
#ifndef AFTERBURN_SENSITIVE_H
#define AFTERBURN_SENSITIVE_H

enum sensitive_kind {
    SENSITIVE_PRIVILEGED, /* faults in ring 3 */
    SENSITIVE_SILENT,     /* does the wrong thing in ring 3 without a fault */
};

/* What decides, beside the mnemonic, whether an instruction is the entry's. */
enum sensitive_shape {
    SHAPE_ANY,
    SHAPE_TO_CONTROL,
    SHAPE_FROM_CONTROL,
    SHAPE_TO_DEBUG,
    SHAPE_FROM_DEBUG,
    SHAPE_TO_SEGMENT,
    SHAPE_FROM_SEGMENT,
    SHAPE_PUSH_SEGMENT,
    SHAPE_POP_SEGMENT,
    SHAPE_FAR,
};

enum sensitive_modes {
    SENSITIVE_BITS_32 = 1,
    SENSITIVE_BITS_64 = 2,
    SENSITIVE_BITS_ANY = 3,
};

enum sensitive_side {
    PAD_AFTER,
    PAD_BEFORE,
    PAD_BEFORE_FOR_SS, /* before when the segment register is SS, else after */
};

/* Entry numbers: SENSITIVE_cli and so on. They are the record kinds. */
enum sensitive_number {
    SENSITIVE_NONE = 0,
#define SENSITIVE(number, id, ...) SENSITIVE_##id = (number),
#include "afterburn/sensitive.def"
};

/* Every site spans at least this many bytes: room for a 7-byte RIP-relative store or `call
 * *absolute`. */
#define SITE_SPAN_MIN 7

#endif
