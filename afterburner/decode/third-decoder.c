/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "decode/third-decoder.h"

#define PACKAGE "afterburner" /* bfd.h insists */
#include <bfd.h>
#include <dis-asm.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct text {
    char *at;
    size_t left;
};

static void add_text(struct text *text, const char *format, va_list arguments)
{
    int length = vsnprintf(text->at, text->left, format, arguments);

    if (length < 0)
        return;
    if ((size_t)length >= text->left)
        length = text->left ? (int)text->left - 1 : 0;
    text->at += length;
    text->left -= (size_t)length;
}

static int print_plain(void *stream, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    add_text(stream, format, arguments);
    va_end(arguments);
    return 0;
}

static int print_styled(void *stream, enum disassembler_style style, const char *format, ...)
{
    va_list arguments;

    (void)style;
    va_start(arguments, format);
    add_text(stream, format, arguments);
    va_end(arguments);
    return 0;
}

size_t third_decode(const unsigned char *bytes, size_t size, uint64_t address, int bits, char *text,
                    size_t capacity)
{
    struct text stream = {text, capacity};
    disassembler_ftype disassemble;
    disassemble_info info;
    int length;

    text[0] = '\0';
    init_disassemble_info(&info, &stream, print_plain, print_styled);
    info.arch = bfd_arch_i386;
    info.mach = bits == 64   ? bfd_mach_x86_64
                : bits == 32 ? bfd_mach_i386_i386
                             : bfd_mach_i386_i8086;
    info.endian = BFD_ENDIAN_LITTLE;
    info.buffer = (bfd_byte *)bytes;
    info.buffer_vma = address;
    info.buffer_length = size;
    disassemble_init_for_target(&info);
    disassemble = disassembler(bfd_arch_i386, 0, info.mach, NULL);
    length = disassemble ? disassemble(address, &info) : -1;
    disassemble_free_target(&info);
    return length <= 0 || strstr(text, "(bad)") ? 0 : (size_t)length;
}
