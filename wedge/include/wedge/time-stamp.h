/* SPDX-License-Identifier: BSD-2-Clause */
/* The real time stamp counter. */
#ifndef WEDGE_TIME_STAMP_H
#define WEDGE_TIME_STAMP_H

#include <stdint.h>

static inline uint64_t time_stamp(void)
{
    uint32_t low, high;

    asm volatile("rdtsc" : "=a"(low), "=d"(high)::"memory");
    return (uint64_t)high << 32 | low;
}

#endif
