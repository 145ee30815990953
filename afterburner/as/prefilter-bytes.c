/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Data directives that hold instructions. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "as/prefilter-state.h"
#include "decode/classify.h"

/* A .byte longer than an instruction can be is a table. So is a row of BYTES_ROW and more that
 * would be several instructions: random bytes often are, and a pad inside a table breaks it. What
 * is left out wrongly the verifier names. */
#define BYTES_MAX 15
#define BYTES_ROW 8

/* Reads comma-separated integer constants into bytes; 0 when there is anything else among them, or
 * more than an instruction can have. */
static size_t read_bytes(const char *at, const char *end, unsigned char *bytes)
{
    size_t count = 0;

    while (at < end) {
        char number[32];
        size_t length = 0;
        unsigned long long value;
        char *stop;

        while (at < end && isspace((unsigned char)*at))
            at++;
        while (at < end && *at != ',' && !isspace((unsigned char)*at) &&
               length + 1 < sizeof(number))
            number[length++] = *at++;
        number[length] = '\0';
        while (at < end && isspace((unsigned char)*at))
            at++;
        if (!isdigit((unsigned char)number[0]) || (at < end && *at != ','))
            return 0;
        errno = 0;
        value = strtoull(number, &stop, 0);
        if (stop != number + length || errno || count == BYTES_MAX) /* a NUL ends no number */
            return 0;
        bytes[count++] = (unsigned char)value;
        if (at < end && ++at == end) /* a comma with nothing behind it */
            return 0;
    }
    return count;
}

static void append_bytes(struct filter *filter, const unsigned char *bytes, size_t count)
{
    char text[8];

    edits_append_string(&filter->edits, ".byte ");
    for (size_t i = 0; i < count; i++) {
        snprintf(text, sizeof(text), "%s0x%02x", i ? "," : "", bytes[i]);
        edits_append_string(&filter->edits, text);
    }
}

/* Wider data directives are data: code that uses
 * them for instructions is for the verifier to name. In a macro's body, where the text may have
 * code of several sizes, gas is to look in which the macro is used: in another than here the bytes
 * stay one directive. */
void filter_bytes(struct filter *filter, const struct statement *statement, const char *operands)
{
    unsigned char bytes[BYTES_MAX] = {0};
    size_t count = read_bytes(operands, statement->end, bytes), length;
    int found = 0, asks = filter->macro_depth && filter->several_bits;
    char text[32];

    if (!count)
        return;
    for (size_t at = 0; at < count; at += length) {
        if (classify_bytes(bytes + at, count - at, filter->bits, &length, NULL))
            found = 1;
        if (length == 0 || (length < count && count >= BYTES_ROW))
            return;
    }
    if (!found)
        return;
    edits_skip(&filter->edits, statement->start, statement->end);
    if (asks) {
        snprintf(text, sizeof(text), ".if .Lab_bits-%d;", filter->bits);
        edits_append_string(&filter->edits, text);
        edits_append(&filter->edits, statement->start, (size_t)(statement->end - statement->start));
        edits_append_string(&filter->edits, ";.else;");
    }
    for (size_t at = 0; at < count; at += length) {
        int before, kind = classify_bytes(bytes + at, count - at, filter->bits, &length, &before);

        if (at)
            edits_append(&filter->edits, ";", 1);
        if (kind)
            edits_append_string(&filter->edits, before ? ".Lab_site_before " : ".Lab_site ");
        append_bytes(filter, bytes + at, length);
    }
    if (asks)
        edits_append_string(&filter->edits, ";.endif");
    filter->result->needs_prelude = 1;
}
