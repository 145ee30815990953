/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/json-text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/memory.h"

/* The length of the UTF-8 character that `bytes` (which end with a 0) begin with; 0 when they begin
 * with none. RFC 3629, section 4: no overlong forms, no surrogates, nothing above U+10FFFF. */
static size_t character_length(const unsigned char *bytes)
{
    unsigned char low = 0x80, high = 0xbf;
    size_t length;

    if (bytes[0] < 0x80)
        return 1;
    if (bytes[0] < 0xc2 || bytes[0] > 0xf4)
        return 0;
    length = bytes[0] < 0xe0 ? 2 : bytes[0] < 0xf0 ? 3 : 4;
    if (bytes[0] == 0xe0)
        low = 0xa0;
    else if (bytes[0] == 0xed)
        high = 0x9f;
    else if (bytes[0] == 0xf0)
        low = 0x90;
    else if (bytes[0] == 0xf4)
        high = 0x8f;
    if (bytes[1] < low || bytes[1] > high)
        return 0;
    for (size_t i = 2; i < length; i++)
        if (bytes[i] < 0x80 || bytes[i] > 0xbf)
            return 0;
    return length;
}

char *text_as_utf8(const char *text)
{
    char *copy = memory_allocate(4 * strlen(text) + 1), *to = copy;

    while (*text) {
        size_t length = character_length((const unsigned char *)text);

        if (length) {
            memcpy(to, text, length);
            to += length;
            text += length;
        } else {
            to += sprintf(to, "\\x%02x", (unsigned char)*text++);
        }
    }
    *to = '\0';
    return copy;
}

json_t *json_text(const char *text)
{
    char *copy = text_as_utf8(text);
    json_t *string = json_string(copy);

    free(copy);
    return string;
}
