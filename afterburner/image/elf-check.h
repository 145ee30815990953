/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Checks an ELF file's structure before libbfd reads it: what is wrong gets one plain sentence, and
 * libbfd is never shown offsets that leave the file. */
#ifndef AFTERBURNER_IMAGE_ELF_CHECK_H
#define AFTERBURNER_IMAGE_ELF_CHECK_H

#include <stddef.h>

/* Checks that `bytes` are a little-endian x86 ELF file (executable, shared or relocatable) whose
 * headers, sections, string tables, symbols and relocations lie where they say (ELF gABI, chapters
 * 4 and 5). Gives 0, or -1 with a sentence in `wrong`. */
int elf_check(const unsigned char *bytes, size_t size, char *wrong, size_t capacity);

#endif
