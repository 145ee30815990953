/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The text prefilter: what gas's macros cannot see, it rewrites in the source text, never moving a
 * line.
 *
 *  - instructions written as data directives (`.byte 0x0f,0x01,0xca`) in executable sections, kept
 * byte for byte;
 *  - prefixes, on the same statement or as one of their own (`rep; insb`): the site begins at the
 * prefix;
 *  - mov, push and pop of control, debug and segment registers; Intel syntax's far jumps and calls;
 *  - behind section, code size and .altmacro directives it calls the macros that follow them, where
 * the text leaves the default state at all.
 *
 * Parsing is gas's: the prefilter knows statements, comments, strings and directives, and no
 * expression.
 */
#ifndef AFTERBURNER_AS_PREFILTER_H
#define AFTERBURNER_AS_PREFILTER_H

#include <stddef.h>

#include "as/policy.h"

struct prefilter_result {
    char *text; /* the rewritten text, NULL when it equals the input; the caller frees it */
    size_t size;
    int needs_prelude;  /* something in the text may make a site */
    int needs_end;      /* behind the text, even where it ends early, .Lab_end must come */
    int ends;           /* it has the directive .end, behind which gas reads no more of it */
    int needs_dynamic;  /* instructions are put together by macros: prelude_options.dynamic */
    int several_sizes;  /* it has code of another size: prelude_options.several_sizes */
    int compiled;       /* the text came from a compiler (.ident): the calling convention holds */
    char source[4096];  /* source path from the first line marker, or the name in .file; "" when
                           neither is there */
    int source_is_base; /* source came from .file, which has no folder */
};

struct prefilter_options {
    int bits;      /* of the object: 32 or 64 */
    int alternate; /* .altmacro in force at the start */
    int intel;     /* Intel syntax in force at the start */
    int naked;     /* -mnaked-reg: registers need no % */
    const struct policy *policy;
};

/* Filters one input. Never fails: what it does not understand, it leaves to gas. */
void prefilter(const char *text, size_t size, const struct prefilter_options *options,
               struct prefilter_result *result);

/* For AFTERBURNER_MODE=off: blanks .afterburn_off and .afterburn_on, which plain gas does not know.
 * Gives the new text (the caller frees it), or NULL when there is none of them. */
char *prefilter_blank_directives(const char *text, size_t size);

#endif
