/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Allocation for a short-lived host program: running out ends it with a message. */
#ifndef AFTERBURNER_CLI_MEMORY_H
#define AFTERBURNER_CLI_MEMORY_H

#include <stddef.h>

/* Like malloc/realloc/strdup/asprintf, but they never return NULL. */
void *memory_allocate(size_t size);
void *memory_resize(void *old, size_t size);
char *memory_copy_string(const char *text);
char *memory_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Makes room for one more element: `*capacity` elements of `size` bytes are held at `*array`. */
void memory_grow(void **array, size_t *capacity, size_t count, size_t size);

#endif
