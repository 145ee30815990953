/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/message.h"

void *memory_allocate(size_t size)
{
    void *memory = malloc(size ? size : 1);

    if (!memory)
        message_out_of_memory();
    return memory;
}

void *memory_resize(void *old, size_t size)
{
    void *memory = realloc(old, size ? size : 1);

    if (!memory)
        message_out_of_memory();
    return memory;
}

char *memory_copy_string(const char *text)
{
    size_t size = strlen(text) + 1;

    return memcpy(memory_allocate(size), text, size);
}

char *memory_format(const char *format, ...)
{
    va_list arguments;
    char *text;

    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        message_out_of_memory();
    va_end(arguments);
    return text;
}

void memory_grow(void **array, size_t *capacity, size_t count, size_t size)
{
    if (count < *capacity)
        return;
    *capacity = *capacity ? *capacity * 2 : 16;
    *array = memory_resize(*array, *capacity * size);
}
