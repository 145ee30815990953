/* SPDX-License-Identifier: BSD-2-Clause */
/* The console: a 16550 at COM1, polled. */
#include "guest.h"

#define COM1 0x3f8

void console_init(void);

void console_init(void)
{
    outb(COM1 + 1, 0);
    outb(COM1 + 3, 0x80);
    outb(COM1 + 0, 1);
    outb(COM1 + 1, 0);
    outb(COM1 + 3, 3);
    outb(COM1 + 2, 7);
    outb(COM1 + 4, 3);
}

static void put(char character)
{
    while (!(inb(COM1 + 5) & 0x20))
        ;
    outb(COM1, (uint8_t)character);
}

static void put_number(uint64_t value, unsigned base, unsigned width, char fill)
{
    char digits[24];
    unsigned count = 0;

    do {
        digits[count++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    while (count < width)
        digits[count++] = fill;
    while (count--)
        put(digits[count]);
}

static const char *put_conversion(const char *format, va_list *arguments)
{
    unsigned width = 0;
    bool is_long = false;
    char fill = ' ';

    if (*format == '0')
        fill = *format++;
    while (*format >= '0' && *format <= '9')
        width = width * 10 + (unsigned)(*format++ - '0');
    for (; *format == 'l'; format++)
        is_long = true;
    switch (*format) {
    case 's':
        for (const char *text = va_arg(*arguments, const char *); *text; text++)
            put(*text);
        break;
    case 'c':
        put((char)va_arg(*arguments, int));
        break;
    case 'd': {
        int64_t value = is_long ? va_arg(*arguments, int64_t) : va_arg(*arguments, int);

        if (value < 0)
            put('-');
        put_number(value < 0 ? -(uint64_t)value : (uint64_t)value, 10, width, fill);
        break;
    }
    case 'u':
    case 'x':
        put_number(is_long ? va_arg(*arguments, uint64_t) : va_arg(*arguments, unsigned),
                   *format == 'u' ? 10 : 16, width, fill);
        break;
    default:
        put(*format);
        break;
    }
    return format + 1;
}

void print_arguments(const char *format, va_list *arguments)
{
    while (*format)
        if (*format == '%')
            format = put_conversion(format + 1, arguments);
        else
            put(*format++);
}

void print(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    print_arguments(format, &arguments);
    va_end(arguments);
}

void check(const char *name, bool value)
{
    print("%s: %s\n", name, value ? "yes" : "no");
}

void show(const char *name, uint64_t value)
{
    print("%s: 0x%lx\n", name, value);
}
