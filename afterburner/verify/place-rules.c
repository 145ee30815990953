/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "verify/place-rules.h"

#include <stddef.h>
#include <string.h>

#include "decode/sensitive-table.h"

struct rule {
    const char *place;
    int entry;
    const char *why;
};

static const struct rule harmless[] = {
#define PLACE_HARMLESS(place, entry, why) {#place, SENSITIVE_##entry, why},
#include "verify/place-rules.def"
};

static const struct rule no_trap[] = {
#define PLACE_NO_TRAP(place, entry, why) {#place, SENSITIVE_##entry, why},
#include "verify/place-rules.def"
};

static const char *why(const struct rule *rules, size_t count, const char *place, int entry)
{
    for (size_t i = 0; i < count; i++)
        if (rules[i].entry == entry && strcmp(rules[i].place, place) == 0)
            return rules[i].why;
    return NULL;
}

const char *place_harmless_why(const char *place, int entry)
{
    return why(harmless, sizeof(harmless) / sizeof(harmless[0]), place, entry);
}

int place_traps(const char *place, int entry)
{
    const struct sensitive_entry *known = sensitive_entry_by_number(entry);

    return known && known->kind == SENSITIVE_PRIVILEGED &&
           !why(no_trap, sizeof(no_trap) / sizeof(no_trap[0]), place, entry);
}
