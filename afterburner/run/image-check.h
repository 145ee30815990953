/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Is a file something that QEMU's -kernel boots? Asked before QEMU is, whose own word for a wrong
 * file is often a black screen. */
#ifndef AFTERBURNER_RUN_IMAGE_CHECK_H
#define AFTERBURNER_RUN_IMAGE_CHECK_H

#include <stdbool.h>

/* Whether `path` is a whole bzImage or x86 ELF image with a PVH entry point; if not, one message
 * said why. */
bool image_check(const char *path);

/* Whether `path` is a readable, non-empty ordinary file; if not, one message said why. `what` names
 * its use. */
bool image_check_readable(const char *path, const char *what);

#endif
