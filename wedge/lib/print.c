/* SPDX-License-Identifier: BSD-2-Clause */
#include "wedge/print.h"

#include <stdarg.h>

#include "wedge/vcpu.h"

#define LINE_MAX 240

struct line {
    char text[LINE_MAX];
    size_t length;
};

static void put(struct line *line, char c)
{
    if (line->length < LINE_MAX - 1)
        line->text[line->length++] = c;
}

static void put_string(struct line *line, const char *text)
{
    while (*text)
        put(line, *text++);
}

static void put_number(struct line *line, uint64_t value, unsigned base, int width, char fill)
{
    char digits[20];
    int count = 0;

    do {
        digits[count++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    for (; width > count; width--)
        put(line, fill);
    while (count)
        put(line, digits[--count]);
}

static void put_format(struct line *line, const char *format, va_list arguments)
{
    for (; *format; format++) {
        char fill = ' ';
        int width = 0, longs = 0;
        int64_t number;

        if (*format != '%') {
            put(line, *format);
            continue;
        }
        format++;
        if (*format == '0')
            fill = *format++;
        while (*format >= '0' && *format <= '9')
            width = width * 10 + *format++ - '0';
        while (*format == 'l') {
            longs++;
            format++;
        }
        switch (*format) {
        case 's':
            put_string(line, va_arg(arguments, const char *));
            break;
        case 'c':
            put(line, (char)va_arg(arguments, int));
            break;
        case 'd':
            number = longs ? va_arg(arguments, long) : va_arg(arguments, int);
            if (number < 0)
                put(line, '-');
            put_number(line, number < 0 ? -(uint64_t)number : (uint64_t)number, 10, width, fill);
            break;
        case 'u':
        case 'x':
            put_number(line,
                       longs ? va_arg(arguments, unsigned long) : va_arg(arguments, unsigned int),
                       *format == 'x' ? 16 : 10, width, fill);
            break;
        default:
            put(line, *format);
        }
    }
}

static void print(const char *before, const char *format, va_list arguments)
{
    struct line line = {.length = 0};

    put_string(&line, "wedge: ");
    put_string(&line, before);
    put_format(&line, format, arguments);
    line.text[line.length++] = '\n';
    backend->log(line.text, line.length);
}

void wedge_print(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    print("", format, arguments);
    va_end(arguments);
}

static void print_vcpu(const struct vcpu *vcpu)
{
    static const char names[16][4] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                      "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};

    wedge_print("rip %016lx rflags %08lx %s mode, %u bits", vcpu->rip, vcpu->rflags,
                vcpu->user ? "user" : "kernel", vcpu->bits);
    for (unsigned i = 0; i < 16; i += 4)
        wedge_print("%3s %016lx %3s %016lx %3s %016lx %3s %016lx", names[i], vcpu->gpr[i],
                    names[i + 1], vcpu->gpr[i + 1], names[i + 2], vcpu->gpr[i + 2], names[i + 3],
                    vcpu->gpr[i + 3]);
    wedge_print("cr0 %08lx cr2 %016lx cr3 %016lx cr4 %08lx efer %lx", vcpu->cr0, vcpu->cr2,
                vcpu->cr3, vcpu->cr4, vcpu->efer);
    wedge_print("cs %04x ss %04x ds %04x es %04x fs %04x gs %04x", vcpu->selectors[SEGMENT_CS],
                vcpu->selectors[SEGMENT_SS], vcpu->selectors[SEGMENT_DS],
                vcpu->selectors[SEGMENT_ES], vcpu->selectors[SEGMENT_FS],
                vcpu->selectors[SEGMENT_GS]);
    wedge_print("fs base %016lx gs base %016lx other gs base %016lx", vcpu->fs_base, vcpu->gs_base,
                vcpu->kernel_gs_base);
    wedge_print("gdt %016lx/%x idt %016lx/%x task %016lx/%x", vcpu->gdt.base, vcpu->gdt.limit,
                vcpu->idt.base, vcpu->idt.limit, vcpu->task.base, vcpu->task.limit);
    wedge_print("at a site: %s; the error code that came was %lx; real cs %lx ss %lx",
                vcpu->site ? "yes" : "no", vcpu->error, vcpu->real_cs, vcpu->real_ss);
}

void wedge_stop(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    print("stopped: ", format, arguments);
    va_end(arguments);
    print_vcpu(&vcpu_page);
    backend->end(BACKEND_END_WEDGE_STOPPED);
}

void wedge_guest_crashed(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    print("stopped: guest: ", format, arguments);
    va_end(arguments);
    print_vcpu(&vcpu_page);
    backend->end(BACKEND_END_GUEST_CRASHED);
}
