/* SPDX-License-Identifier: BSD-2-Clause */
/* What a C compiler may call without being asked, even in a freestanding program. */
#include <stddef.h>

void *memcpy(void *to, const void *from, size_t length);
void *memset(void *to, int byte, size_t length);

void *memcpy(void *to, const void *from, size_t length)
{
    void *start = to;

    asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(length)::"memory");
    return start;
}

void *memset(void *to, int byte, size_t length)
{
    void *start = to;

    asm volatile("rep stosb" : "+D"(to), "+c"(length) : "a"(byte) : "memory");
    return start;
}
