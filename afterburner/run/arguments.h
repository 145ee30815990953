/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A command line that grows: the argv of a program to start. */
#ifndef AFTERBURNER_RUN_ARGUMENTS_H
#define AFTERBURNER_RUN_ARGUMENTS_H

#include <stddef.h>
#include <stdio.h>

struct arguments {
    char **values; /* `count` strings and a NULL */
    size_t count;
    size_t capacity;
};

/* Each appends one argument (the printf form) or a NULL-ended list of arguments; all are copied. */
void arguments_add(struct arguments *arguments, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void arguments_add_list(struct arguments *arguments, ...) __attribute__((sentinel));

/* Prints the command on one line, quoted so that a shell reads it back unchanged. */
void arguments_print(const struct arguments *arguments, FILE *stream);

void arguments_free(struct arguments *arguments);

#endif
