/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "run/clock.h"

#include <time.h>

int64_t clock_nanoseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

int64_t clock_milliseconds(void)
{
    return clock_nanoseconds() / 1000000;
}
