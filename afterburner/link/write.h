/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A composition as an ELF file. */
#ifndef AFTERBURNER_LINK_WRITE_H
#define AFTERBURNER_LINK_WRITE_H

#include "link/composition.h"

/* Writes the image and looks at it again: every loadable segment of the guest must be there as it
 * was, byte for byte. Only then does the output appear. Gives 0, or an exit code after one message.
 */
int composition_write(struct composition *composition, const char *path);

#endif
