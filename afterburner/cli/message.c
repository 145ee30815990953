/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/message.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/exit-codes.h"

static const char *current_command;

void message_set_command(const char *command)
{
    current_command = command;
}

static void print_line(const char *kind, const char *format, va_list arguments)
{
    fflush(stdout);
    fputs("afterburner", stderr);
    if (current_command)
        fprintf(stderr, " %s", current_command);
    fprintf(stderr, ": %s", kind);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
}

void message_error(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    print_line("", format, arguments);
    va_end(arguments);
}

void message_note(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    print_line("note: ", format, arguments);
    va_end(arguments);
}

void message_out_of_memory(void)
{
    message_error("out of memory");
    exit(EXIT_CODE_INTERNAL);
}
