/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "doctor/report.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/memory.h"
#include "cli/message.h"

static const char *const state_names[] = {
    [STATE_OK] = "ok",
    [STATE_MISSING] = "missing",
    [STATE_BROKEN] = "broken",
    [STATE_NOT_HERE] = "not here",
};

bool report_wants(const struct report *report, unsigned int uses)
{
    return (report->wanted & uses) != 0;
}

void report_add(struct report *report, const char *name, unsigned int uses, enum state state,
                char *detail, char *remedy)
{
    memory_grow((void **)&report->items, &report->capacity, report->count, sizeof(*report->items));
    report->items[report->count++] = (struct item){name, state, uses, detail, remedy};
}

bool report_is_well(const struct report *report)
{
    for (size_t i = 0; i < report->count; i++)
        if (report->items[i].state != STATE_OK)
            return false;
    return true;
}

void report_print_table(const struct report *report)
{
    size_t name_width = 0, state_width = strlen(state_names[STATE_NOT_HERE]);

    for (size_t i = 0; i < report->count; i++)
        if (strlen(report->items[i].name) > name_width)
            name_width = strlen(report->items[i].name);
    for (size_t i = 0; i < report->count; i++) {
        const struct item *item = &report->items[i];

        printf("%-*s  %-*s  %s\n", (int)name_width, item->name, (int)state_width,
               state_names[item->state], item->detail);
        if (item->remedy)
            printf("%-*s  %-*s  mend: %s\n", (int)name_width, "", (int)state_width, "",
                   item->remedy);
    }
}

void report_print_json(const struct report *report, const char *use)
{
    json_t *items = json_array();
    json_t *root;
    char *text;

    for (size_t i = 0; i < report->count; i++) {
        const struct item *item = &report->items[i];

        /* A tool's output may not be UTF-8; what is not becomes null rather than a lost item. */
        json_t *detail = json_string(item->detail);

        json_array_append_new(items,
                              json_pack("{s:s, s:s, s:o, s:s?}", "item", item->name, "state",
                                        state_names[item->state], "detail",
                                        detail ? detail : json_null(), "remedy", item->remedy));
    }
    root = json_pack("{s:s?, s:b, s:o}", "for", use, "ok", report_is_well(report), "items", items);
    text = root ? json_dumps(root, JSON_INDENT(2)) : NULL;
    if (!text)
        message_out_of_memory();
    puts(text);
    free(text);
    json_decref(root);
}

void report_free(struct report *report)
{
    for (size_t i = 0; i < report->count; i++) {
        free(report->items[i].detail);
        free(report->items[i].remedy);
    }
    free(report->items);
}
