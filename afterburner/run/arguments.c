/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "run/arguments.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli/memory.h"
#include "cli/message.h"

/* Takes over `value`. */
static void append(struct arguments *arguments, char *value)
{
    memory_grow((void **)&arguments->values, &arguments->capacity, arguments->count + 1,
                sizeof(*arguments->values));
    arguments->values[arguments->count++] = value;
    arguments->values[arguments->count] = NULL;
}

void arguments_add(struct arguments *arguments, const char *format, ...)
{
    va_list values;
    char *text;

    va_start(values, format);
    if (vasprintf(&text, format, values) < 0)
        message_out_of_memory();
    va_end(values);
    append(arguments, text);
}

void arguments_add_list(struct arguments *arguments, ...)
{
    va_list values;
    const char *text;

    va_start(values, arguments);
    while ((text = va_arg(values, const char *)))
        append(arguments, memory_copy_string(text));
    va_end(values);
}

void arguments_print(const struct arguments *arguments, FILE *stream)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-_=+,./:@%";

    for (size_t i = 0; i < arguments->count; i++) {
        const char *text = arguments->values[i];

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

void arguments_free(struct arguments *arguments)
{
    for (size_t i = 0; i < arguments->count; i++)
        free(arguments->values[i]);
    free(arguments->values);
    *arguments = (struct arguments){0};
}
