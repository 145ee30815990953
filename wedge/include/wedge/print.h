/* SPDX-License-Identifier: BSD-2-Clause */
/* The wedge's own words, to the back end's log. */
#ifndef WEDGE_PRINT_H
#define WEDGE_PRINT_H

#include "wedge/backend.h"

struct vcpu;

/* Each line begins with "wedge: ". %s %c %d %u %x, with l, width and 0. */
void wedge_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Says what was unexpected, with the virtual CPU, and ends the run. */
void wedge_stop(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* The same for the guest's own fault: a triple fault, or one that we cannot deliver. */
void wedge_guest_crashed(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
