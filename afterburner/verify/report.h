/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The verifier's answers: a report for people and a JSON certificate. */
#ifndef AFTERBURNER_VERIFY_REPORT_H
#define AFTERBURNER_VERIFY_REPORT_H

#include <jansson.h>
#include <stddef.h>

#include "verify/walk.h"

/* Prints the report on standard output; at most `limit` open findings are listed, and settled ones
 * in one line for each reason; 0 lists every one. */
void report_print(const struct verification *verification, size_t limit);

/* The certificate: tool versions, build-id, counts by mnemonic and section, alternatives, every
 * finding. */
json_t *report_certificate(const struct verification *verification);

/* The sensitive instructions an alternative's replacement holds: names separated by spaces in
 * `text`. Gives their number. */
size_t alternative_sensitive(const struct verification *verification,
                             const struct alternative *alternative, char *text, size_t capacity);

/* Writes JSON to a file through a temporary one, or to standard output for "-". Gives an exit code.
 */
int report_write_json(const char *path, const json_t *json);

#endif
