/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Completes the records of an assembled object: decodes each site and fills in kind, operands,
 * flags and identity. */
#ifndef AFTERBURNER_AS_COMPLETE_H
#define AFTERBURNER_AS_COMPLETE_H

#include <stddef.h>

struct complete_options {
    const char *source; /* path the identities are made with */
    int needs_end;      /* the prelude's mark of the text's end must be among the records */
    int no_room;        /* sites have no pads */
    int compiled; /* a compiler's output: its calling convention says that flags die at calls and
                     returns */
};

/* `object_path` names an object file that is also mapped, writable, at `object`; only bytes of
 * `.afterburn` change. Gives 0, or -1 after printing what is wrong: then the annotation itself is
 * at fault, never the user's source. */
int complete_records(const char *object_path, unsigned char *object, size_t size,
                     const struct complete_options *options);

#endif
