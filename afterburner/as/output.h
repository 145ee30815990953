/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files that appear whole or not at all, even when we are killed. */
#ifndef AFTERBURNER_AS_OUTPUT_H
#define AFTERBURNER_AS_OUTPUT_H

#include <stddef.h>

/* Writes a file, in the place of one that is there. Gives 0, or EXIT_CODE_OUTPUT after one message;
 * what was there before is untouched then. */
int output_write(const char *name, const void *bytes, size_t size);

/* Writes all bytes to an open file. Gives 0, or -1 with errno. */
int output_write_bytes(int fd, const void *bytes, size_t size);

#endif
