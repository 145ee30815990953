/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Text of others (symbols, sections, paths) in JSON, which has to be UTF-8: Jansson refuses what is
 * not. */
#ifndef AFTERBURNER_CLI_JSON_TEXT_H
#define AFTERBURNER_CLI_JSON_TEXT_H

#include <jansson.h>

/* A copy of `text` in which each byte that is no part of a UTF-8 character (RFC 3629) is written as
 * \xNN. The caller frees it. */
char *text_as_utf8(const char *text);

/* A JSON string of that copy. */
json_t *json_text(const char *text);

#endif
