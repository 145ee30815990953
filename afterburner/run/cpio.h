/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writes a cpio archive in the format of Linux's initial RAM disks. Not by libarchive: the program
 * is the assembler, too, and what it is linked with is loaded for each file of a kernel. */
#ifndef AFTERBURNER_RUN_CPIO_H
#define AFTERBURNER_RUN_CPIO_H

#include <stdbool.h>
#include <stddef.h>

/* Each appends to the file `fd`, and gives false with errno. An archive begins at a multiple of 4:
 * cpio_align() brings a file there. */
bool cpio_align(int fd);
bool cpio_add_folder(int fd, const char *name);
bool cpio_add_bytes(int fd, const char *name, const void *bytes, size_t size);
/* The whole of a file that is open for reading. */
bool cpio_add_file(int fd, const char *name, int from);
bool cpio_end(int fd);

/* Appends the whole of a file as it is. */
bool cpio_copy(int fd, int from);

#endif
