/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "as/policy.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/memory.h"
#include "cli/message.h"

enum rule_subject {
    RULE_PATH,
    RULE_SECTION,
};

struct rule {
    enum rule_subject subject;
    char *glob;
    int on;
};

struct policy {
    struct rule *rules;
    size_t count, capacity;
    int code16_on;
};

/* fnmatch(3) has no `**`, so this is our own: a pattern against `length` bytes of text. When it
 * gets stuck, only the last
 * `*` needs to take more, and when a slash stops that, the last `**`: earlier stars could give the
 * later ones nothing they cannot take themselves. So it takes a time that no number of stars
 * explodes. */
static int glob_matches(const char *glob, const char *text, size_t length)
{
    const char *end = text + length, *star = NULL, *star_text = NULL, *spanning = NULL,
               *spanning_text = NULL;

    for (;;) {
        if (glob[0] == '*' && glob[1] == '*') {
            spanning = glob += 2;
            spanning_text = text;
            star = NULL;
        } else if (*glob == '*') {
            star = ++glob;
            star_text = text;
        } else if (*glob && text < end && (*glob == '?' ? *text != '/' : *glob == *text)) {
            glob++;
            text++;
        } else if (!*glob && text == end) {
            return 1;
        } else if (star && star_text < end && *star_text != '/') {
            glob = star;
            text = ++star_text;
        } else if (spanning && spanning_text < end) {
            glob = spanning;
            text = ++spanning_text;
            star = NULL;
        } else {
            return 0;
        }
    }
}

static int last_match(const struct policy *policy, enum rule_subject subject, const char *text,
                      size_t length)
{
    for (size_t i = policy->count; i-- > 0;)
        if (policy->rules[i].subject == subject &&
            glob_matches(policy->rules[i].glob, text, length))
            return policy->rules[i].on;
    return 1;
}

int policy_path_on(const struct policy *policy, const char *path)
{
    while (path[0] == '.' && path[1] == '/')
        path += 2;
    return last_match(policy, RULE_PATH, path, strlen(path));
}

int policy_section_on(const struct policy *policy, const char *section, size_t length)
{
    return last_match(policy, RULE_SECTION, section, length);
}

int policy_code16_on(const struct policy *policy)
{
    return policy->code16_on;
}

struct policy *policy_default(void)
{
    struct policy *policy = memory_allocate(sizeof(*policy));

    memset(policy, 0, sizeof(*policy));
    return policy;
}

void policy_free(struct policy *policy)
{
    if (!policy)
        return;
    for (size_t i = 0; i < policy->count; i++)
        free(policy->rules[i].glob);
    free(policy->rules);
    free(policy);
}

/* Takes the next word of a line, a quoted one whole; NULL at its end or at a comment. */
static char *next_word(char **cursor)
{
    char *start = *cursor + strspn(*cursor, " \t\r\n");
    char *end;

    if (!*start || *start == '#')
        return NULL;
    if (*start == '"') {
        start++;
        end = start + strcspn(start, "\"\n");
    } else {
        end = start + strcspn(start, " \t\r\n");
    }
    *cursor = end + (*end != '\0');
    *end = '\0';
    return start;
}

/* Parses one line into the policy; gives what is wrong with it, or NULL. */
static const char *parse_line(struct policy *policy, char *line)
{
    char *cursor = line;
    const char *subject = next_word(&cursor);
    const char *glob = NULL, *state;
    int on;

    if (!subject)
        return NULL;
    if (strcmp(subject, "path") != 0 && strcmp(subject, "section") != 0 &&
        strcmp(subject, "code16") != 0)
        return "expected path, section or code16";
    if (strcmp(subject, "code16") != 0 && !(glob = next_word(&cursor)))
        return "expected a glob pattern";
    state = next_word(&cursor);
    if (!state || (strcmp(state, "on") != 0 && strcmp(state, "off") != 0))
        return "expected on or off";
    on = strcmp(state, "on") == 0;
    next_word(&cursor); /* the reason: for the reader */
    if (next_word(&cursor))
        return "expected nothing after the reason (a reason of several words needs quotes)";
    if (!glob) {
        policy->code16_on = on;
        return NULL;
    }
    memory_grow((void **)&policy->rules, &policy->capacity, policy->count, sizeof(*policy->rules));
    policy->rules[policy->count++] = (struct rule){
        .subject = strcmp(subject, "path") == 0 ? RULE_PATH : RULE_SECTION,
        .glob = memory_copy_string(glob),
        .on = on,
    };
    return NULL;
}

struct policy *policy_read(const char *path)
{
    FILE *file = fopen(path, "r");
    struct policy *policy;
    char *line = NULL;
    size_t capacity = 0;
    int number = 0;

    if (!file) {
        message_error("%s: policy file cannot be read: %s; check --policy or AFTERBURNER_POLICY",
                      path, strerror(errno));
        return NULL;
    }
    policy = policy_default();
    while (getline(&line, &capacity, file) >= 0) {
        const char *wrong = parse_line(policy, line);

        number++;
        if (wrong) {
            message_error("%s:%d: %s", path, number, wrong);
            policy_free(policy);
            policy = NULL;
            break;
        }
    }
    if (policy && ferror(file)) {
        message_error("%s: policy file cannot be read: %s", path, strerror(errno));
        policy_free(policy);
        policy = NULL;
    }
    free(line);
    fclose(file);
    return policy;
}
