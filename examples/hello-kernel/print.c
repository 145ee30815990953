/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Chapter 4: words and numbers.
 *
 * 4.1 A printf with what a register dump needs. A line is put together in memory and written at
 * once, so that lines do not mix.
 */
#include <stdarg.h>

#include "kernel.h"
#include "print.h"

struct line {
    char text[160];
    size_t length;
};

static void put(struct line *line, char character)
{
    if (line->length < sizeof(line->text))
        line->text[line->length++] = character;
}

static void put_number(struct line *line, unsigned long value, unsigned base, int width, char fill)
{
    char digits[20];
    int count = 0;

    do {
        digits[count++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    for (int i = count; i < width; i++)
        put(line, fill);
    while (count)
        put(line, digits[--count]);
}

/* 4.2 One conversion: [0][width][l] and one of c s d u x. Returns the character after it. */
static const char *convert(struct line *line, const char *format, va_list *arguments)
{
    char fill = ' ';
    int width = 0;
    bool is_long = false;

    if (*format == '0') {
        fill = '0';
        format++;
    }
    for (; *format >= '0' && *format <= '9'; format++)
        width = width * 10 + (*format - '0');
    if (*format == 'l') {
        is_long = true;
        format++;
    }
    switch (*format) {
    case 'c':
        put(line, (char)va_arg(*arguments, int));
        break;
    case 's':
        for (const char *text = va_arg(*arguments, const char *); *text; text++)
            put(line, *text);
        break;
    case 'd': {
        long value = is_long ? va_arg(*arguments, long) : va_arg(*arguments, int);
        if (value < 0)
            put(line, '-');
        put_number(line, value < 0 ? -(unsigned long)value : (unsigned long)value, 10, width, fill);
        break;
    }
    case 'u':
    case 'x': {
        unsigned long value =
            is_long ? va_arg(*arguments, unsigned long) : va_arg(*arguments, unsigned);
        put_number(line, value, *format == 'x' ? 16 : 10, width, fill);
        break;
    }
    default:
        put(line, *format);
        break;
    }
    return format + 1;
}

void print_arguments(const char *format, va_list *arguments)
{
    struct line line = {.length = 0};

    while (*format) {
        if (*format == '%')
            format = convert(&line, format + 1, arguments);
        else
            put(&line, *format++);
    }
    console_write(line.text, line.length);
}

void print(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    print_arguments(format, &arguments);
    va_end(arguments);
}

void stage(const char *name)
{
    print("hello-kernel: %s\n", name);
}
