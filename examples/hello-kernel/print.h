/* SPDX-License-Identifier: BSD-2-Clause */
/* For functions that take a format and arguments themselves. */
#ifndef HELLO_PRINT_H
#define HELLO_PRINT_H

#include <stdarg.h>

void print_arguments(const char *format, va_list *arguments);

#endif
