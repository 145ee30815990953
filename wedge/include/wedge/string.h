/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WEDGE_STRING_H
#define WEDGE_STRING_H

#include <stddef.h>

void *memcpy(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);
int memcmp(const void *a, const void *b, size_t size);
size_t strlen(const char *text);

#endif
