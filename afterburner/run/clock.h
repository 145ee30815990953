/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Wall time that nobody sets back. */
#ifndef AFTERBURNER_RUN_CLOCK_H
#define AFTERBURNER_RUN_CLOCK_H

#include <stdint.h>

int64_t clock_nanoseconds(void);
int64_t clock_milliseconds(void);

#endif
