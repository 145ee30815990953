/* SPDX-License-Identifier: BSD-2-Clause */
/* What compilers call without being asked. */
#include "wedge/string.h"

void *memcpy(void *to, const void *from, size_t size)
{
    void *start = to;

    size_t words = size / 8;

    size %= 8;
    asm volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words)::"memory");
    asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size)::"memory");
    return start;
}

void *memset(void *to, int value, size_t size)
{
    void *start = to;

    size_t words = size / 8;

    size %= 8;
    asm volatile("rep stosq"
                 : "+D"(to), "+c"(words)
                 : "a"((unsigned char)value * 0x0101010101010101ul)
                 : "memory");
    asm volatile("rep stosb" : "+D"(to), "+c"(size) : "a"(value) : "memory");
    return start;
}

int memcmp(const void *a, const void *b, size_t size)
{
    const unsigned char *x = a, *y = b;

    for (size_t i = 0; i < size; i++)
        if (x[i] != y[i])
            return x[i] < y[i] ? -1 : 1;
    return 0;
}

size_t strlen(const char *text)
{
    size_t length = 0;

    while (text[length])
        length++;
    return length;
}
