/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "as/sections.h"

#include <ctype.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "as/statement.h"
#include "cli/memory.h"
#include "cli/message.h"

static const char *const section_directives[] = {
    ".text",        ".data",       ".bss",      ".struct", ".offset",    ".subsection", ".section",
    ".pushsection", ".popsection", ".previous", ".sect",   ".section.s", ".sect.s",
};
#define SECTIONS_BY_NAME  5 /* the first of them are sections' names, */
#define SECTIONS_ABSOLUTE 2 /* of which the last have no bytes */

int sections_changes(const char *word, size_t length)
{
    for (size_t i = 0; i < sizeof(section_directives) / sizeof(section_directives[0]); i++)
        if (statement_word_is(word, length, section_directives[i]))
            return 1;
    return 0;
}

static void set_state(struct section_state *state, const char *name, size_t length, int executable)
{
    if (length >= SECTION_NAME_MAX)
        length = SECTION_NAME_MAX - 1;
    memcpy(state->name, name, length);
    state->name[length] = '\0';
    state->executable = executable;
    state->absolute = state->grouped = state->joins = state->unsure = 0;
}

void sections_start(struct section_tracker *tracker, const struct section_tracker *survey)
{
    memset(tracker, 0, sizeof(*tracker));
    tracker->survey = survey;
    set_state(&tracker->current, ".text", 5, 1);
    tracker->previous = tracker->current;
}

void sections_end(struct section_tracker *tracker)
{
    tdestroy(tracker->known, free);
    tracker->known = NULL;
}

/* A section whose flags the text gives. */
struct known_section {
    int executable; /* by the first flags given, which are gas's */
    int ever;       /* by any of them */
    char name[];
};

static int compare_known(const void *a, const void *b)
{
    return strcmp(((const struct known_section *)a)->name, ((const struct known_section *)b)->name);
}

static struct known_section *make_known(const char *name)
{
    size_t size = strlen(name) + 1;
    struct known_section *section = memory_allocate(sizeof(*section) + size);

    *section = (struct known_section){0};
    memcpy(section->name, name, size);
    return section;
}

static const struct known_section *find_known(const struct section_tracker *tracker,
                                              const char *name)
{
    struct known_section *key;
    void *node;

    if (!tracker->known)
        return NULL;
    key = make_known(name);
    node = tfind(key, &tracker->known, compare_known);
    free(key);
    return node ? *(struct known_section **)node : NULL;
}

static void note_known(struct section_tracker *tracker, const char *name, int executable)
{
    struct known_section *section = make_known(name), **node;

    section->executable = executable;
    node = tsearch(section, &tracker->known, compare_known);
    if (!node)
        message_out_of_memory();
    (*node)->ever |= executable;
    if (*node != section)
        free(section);
}

/* Whether a name is `group` or begins with it and a dot: .text.hot, not .text_table. */
static int in_group(const char *name, const char *group)
{
    size_t length = strlen(group);

    return strncmp(name, group, length) == 0 && (name[length] == '\0' || name[length] == '.');
}

/* gas's defaults for a section named without flags (bfd's special sections, ELF gABI). */
static int executable_by_name(const char *name)
{
    return in_group(name, ".text") || strcmp(name, ".init") == 0 || strcmp(name, ".fini") == 0 ||
           strcmp(name, ".plt") == 0 || in_group(name, ".gnu.linkonce.t");
}

/* Whether the text gives a section the flag x anywhere: what has no flags at this place of the text
 * may be assembled behind that, as a macro's body is. */
static int is_later_executable(const struct section_tracker *tracker, const char *name)
{
    const struct known_section *section =
        tracker->survey ? find_known(tracker->survey, name) : NULL;

    return section && section->ever;
}

static int known_executable(const struct section_tracker *tracker, const char *name, int *unsure)
{
    const struct known_section *section = find_known(tracker, name);

    if (section)
        return section->executable;
    *unsure = strpbrk(name, "\\&") != NULL || is_later_executable(tracker, name);
    return executable_by_name(name);
}

static void enter_named(struct section_tracker *tracker, const char *at, const char *end)
{
    const char *name, *flags = NULL;
    struct section_state state = {0};
    size_t length;

    if (at < end && *at == '"') {
        name = ++at;
        while (at < end && *at != '"')
            at++;
        length = (size_t)(at - name);
    } else {
        name = at;
        while (at < end && *at != ',' && *at != ' ' && *at != '\t')
            at++;
        length = (size_t)(at - name);
    }
    for (; at < end; at++)
        if (*at == ',' || *at == '"') { /* the first string after the name is the flags */
            const char *quote = memchr(at, '"', (size_t)(end - at));

            if (quote && *at == ',')
                flags = quote + 1;
            if (flags)
                break;
        }
    set_state(&state, name, length, 0);
    if (flags) {
        for (; flags < end && *flags != '"'; flags++) {
            if (*flags == 'x')
                state.executable = 1;
            else if (*flags == 'G')
                state.grouped = 1;
            else if (*flags == '?')
                state.joins = 1;
            else if (*flags == '\\' || *flags == '&' || isdigit((unsigned char)*flags))
                state.unsure = 1;
        }
        if (state.executable)
            state.unsure = 0;
        note_known(tracker, state.name, state.executable);
    } else {
        state.executable = known_executable(tracker, state.name, &state.unsure);
    }
    tracker->previous = tracker->current;
    tracker->current = state;
}

enum section_step sections_follow(struct section_tracker *tracker, const char *word, size_t length,
                                  const char *operands, const char *end)
{
    for (size_t i = 0; i < SECTIONS_BY_NAME; i++)
        if (statement_word_is(word, length, section_directives[i])) {
            tracker->previous = tracker->current;
            set_state(&tracker->current, section_directives[i], length, i == 0);
            tracker->current.absolute = i >= SECTIONS_BY_NAME - SECTIONS_ABSOLUTE;
            return SECTION_ENTER;
        }
    if (statement_word_is(word, length, ".section") || statement_word_is(word, length, ".sect") ||
        statement_word_is(word, length, ".section.s") ||
        statement_word_is(word, length, ".sect.s")) {
        enter_named(tracker, operands, end);
        return SECTION_ENTER;
    }
    if (statement_word_is(word, length, ".pushsection")) {
        if (tracker->depth < SECTION_STACK_MAX) {
            tracker->stack[tracker->depth].current = tracker->current;
            tracker->stack[tracker->depth].previous = tracker->previous;
        }
        tracker->depth++;
        enter_named(tracker, operands, end);
        return SECTION_PUSH;
    }
    if (statement_word_is(word, length, ".popsection")) {
        if (tracker->depth > 0 && --tracker->depth < SECTION_STACK_MAX) {
            tracker->current = tracker->stack[tracker->depth].current;
            tracker->previous = tracker->stack[tracker->depth].previous;
        }
        return SECTION_POP;
    }
    if (statement_word_is(word, length, ".previous")) {
        struct section_state swap = tracker->current;

        tracker->current = tracker->previous;
        tracker->previous = swap;
        return SECTION_SWAP;
    }
    return statement_word_is(word, length, ".subsection") ? SECTION_STAY : SECTION_NONE;
}
