/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "run/command-line.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli/memory.h"
#include "cli/message.h"

/* Takes over `value`. */
static void append(struct command_line *line, char *value)
{
    memory_grow((void **)&line->values, &line->capacity, line->count + 1, sizeof(*line->values));
    line->values[line->count++] = value;
    line->values[line->count] = NULL;
}

void command_line_add(struct command_line *line, const char *format, ...)
{
    va_list values;
    char *text;

    va_start(values, format);
    if (vasprintf(&text, format, values) < 0)
        message_out_of_memory();
    va_end(values);
    append(line, text);
}

void command_line_add_list(struct command_line *line, ...)
{
    va_list values;
    const char *text;

    va_start(values, line);
    while ((text = va_arg(values, const char *)))
        append(line, memory_copy_string(text));
    va_end(values);
}

void command_line_print(const struct command_line *line, FILE *stream)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-_=+,./:@%";

    for (size_t i = 0; i < line->count; i++) {
        const char *text = line->values[i];

        if (i)
            fputc(' ', stream);
        if (*text && text[strspn(text, plain)] == '\0') {
            fputs(text, stream);
            continue;
        }
        fputc('\'', stream);
        for (; *text; text++)
            if (*text == '\'')
                fputs("'\\''", stream);
            else
                fputc(*text, stream);
        fputc('\'', stream);
    }
    fputc('\n', stream);
}

void command_line_free(struct command_line *line)
{
    for (size_t i = 0; i < line->count; i++)
        free(line->values[i]);
    free(line->values);
    *line = (struct command_line){0};
}
