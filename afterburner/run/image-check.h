/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Is a file something that QEMU's -kernel, or Xen, boots? Asked before QEMU is, whose own word for
 * a wrong file is often a black screen. */
#ifndef AFTERBURNER_RUN_IMAGE_CHECK_H
#define AFTERBURNER_RUN_IMAGE_CHECK_H

#include <stdbool.h>

/* How an ELF image wants to be entered. */
enum image_entry {
    IMAGE_ENTRY_PVH, /* in 32-bit protected mode: bare hardware */
    IMAGE_ENTRY_XEN, /* as a 64-bit domain of Xen that knows it is one (PV) */
};

/* Whether `path` is a whole bzImage, or a whole x86 ELF image with such an entry; if not, one
 * message said why. */
bool image_check(const char *path, enum image_entry entry);

/* Whether `path` is a readable, non-empty ordinary file; if not, one message said why. `what` names
 * its use. */
bool image_check_readable(const char *path, const char *what);

#endif
