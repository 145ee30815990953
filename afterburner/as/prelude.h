/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The macro prelude: GNU as reads it before the source, so that every mnemonic of the table becomes
 * a macro that makes a site. Inside such a macro the real instruction is reached through
 * `{nooptimize}`, which keeps gas from expanding the macro again. */
#ifndef AFTERBURNER_AS_PRELUDE_H
#define AFTERBURNER_AS_PRELUDE_H

#include <stddef.h>
#include <stdint.h>

/* What the prelude is told about a section that is entered: the argument of .Lab_enter and
 * .Lab_push. */
enum prelude_place {
    PRELUDE_PLACE_CODE = 1 << 0,    /* executable */
    PRELUDE_PLACE_EXEMPT = 1 << 1,  /* by a section rule of the policy */
    PRELUDE_PLACE_GROUPED = 1 << 2, /* in a section group: its records must be dropped with it */
    PRELUDE_PLACE_UNSURE = 1 << 3,  /* only gas knows whether it is executable */
    /* .struct, which makes no bytes */
    PRELUDE_PLACE_NOWHERE = PRELUDE_PLACE_EXEMPT | PRELUDE_PLACE_GROUPED,
};

/* What .Lab_end says for a length in a region's record, until complete.c has seen it. */
#define PRELUDE_END_LENGTH 2

struct prelude_options {
    int bits;      /* of the object: 32 or 64 */
    int code16_on; /* the policy wants 16-bit code annotated */
    int dynamic;   /* also macros for mov, push, pop and rep, which decide by their operands as gas
                      expands them */
    int alternate; /* gas was told to start in .altmacro mode */
    int no_room;   /* sites without pads */
    int several_sizes; /* the text has code of other sizes than the object's */
    uint64_t source;   /* hash of the source path, for the chunk's header */
};

/* The prelude's text; the caller frees it. */
char *prelude_make(const struct prelude_options *options, size_t *size);

#endif
