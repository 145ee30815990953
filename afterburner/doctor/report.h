/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What `afterburner doctor` found: a list of items, and its two printed forms. */
#ifndef AFTERBURNER_DOCTOR_REPORT_H
#define AFTERBURNER_DOCTOR_REPORT_H

#include <stdbool.h>
#include <stddef.h>

enum state {
    STATE_OK,
    STATE_MISSING,  /* not installed; the remedy installs it */
    STATE_BROKEN,   /* there, but not what is needed */
    STATE_NOT_HERE, /* this machine cannot have it */
};

/* What an item is needed for; `--for` picks one. */
enum use {
    USE_DEMO = 1,
    USE_CHECK = 2,
    USE_LINUX = 4,
    USE_XEN = 8,
    USE_KVM = 16,
    USE_XEN_DOMU = 32,
    /* Every use builds and boots a guest. */
    USE_ALL = USE_DEMO | USE_CHECK | USE_LINUX | USE_XEN | USE_KVM | USE_XEN_DOMU,
};

struct item {
    const char *name;
    enum state state;
    unsigned int uses;
    char *detail;
    char *remedy; /* the command or advice that mends it; NULL when it is well */
};

struct report {
    struct item *items;
    size_t count;
    size_t capacity;
    unsigned int wanted; /* uses; items of no wanted use are not even looked for */
};

/* Whether the user wants to know about something of these uses. */
bool report_wants(const struct report *report, unsigned int uses);

/* Adds an item. `name` is kept; `detail` and `remedy` are taken over (from memory_format() and the
 * like). */
void report_add(struct report *report, const char *name, unsigned int uses, enum state state,
                char *detail, char *remedy);

/* Whether everything is well. */
bool report_is_well(const struct report *report);

void report_print_table(const struct report *report);
void report_print_json(const struct report *report, const char *use);

void report_free(struct report *report);

#endif
