/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A command line that grows: the argv of a program to start. */
#ifndef AFTERBURNER_RUN_COMMAND_LINE_H
#define AFTERBURNER_RUN_COMMAND_LINE_H

#include <stddef.h>
#include <stdio.h>

struct command_line {
    char **values; /* `count` strings and a NULL */
    size_t count;
    size_t capacity;
};

/* Each appends one argument (the printf form) or a NULL-ended list of arguments; all are copied. */
void command_line_add(struct command_line *line, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void command_line_add_list(struct command_line *line, ...) __attribute__((sentinel));

/* Prints the command on one line, quoted so that a shell reads it back unchanged. */
void command_line_print(const struct command_line *line, FILE *stream);

void command_line_free(struct command_line *line);

#endif
