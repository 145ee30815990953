/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fuzzes the policy file's reader and its globs. The input's first line is the path that is looked
 * up, its second the section (and a glob for the path), the rest is the policy file.
 *
 * Properties, beside what the sanitizers see: answers are 0 or 1; ./PATH is PATH; the last rule for
 * a path that is the path itself decides; and a glob without ** matches what fnmatch(3) says. */
#include <fnmatch.h>

#include "as/policy.h"
#include "fuzz.h"

#define FNMATCH_MAX 24 /* fnmatch tries every way to share the text out among stars */

/* The next line of the input, without its newline, as a string of its own. */
static char *take_line(const uint8_t **data, size_t *size)
{
    const uint8_t *end = *size ? memchr(*data, '\n', *size) : NULL;
    size_t length = end ? (size_t)(end - *data) : *size;
    char *line = malloc(length + 1);

    REQUIRE(line, "memory is there");
    if (length)
        memcpy(line, *data, length);
    line[length] = '\0';
    *data += length + (end != NULL);
    *size -= length + (end != NULL);
    return line;
}

static struct policy *read_text(const char *text, size_t size)
{
    char path[32];
    int fd = memory_file(text, size, path);
    struct policy *policy = policy_read(path);

    close(fd);
    return policy;
}

/* The rule `path "GLOB" off`, whose glob can stand between quotes. */
static void check_glob(const char *glob, const char *path)
{
    char text[FNMATCH_MAX + 32];
    struct policy *policy;
    int length;

    while (path[0] == '.' && path[1] == '/')
        path += 2;
    if (strlen(glob) > FNMATCH_MAX || strlen(path) > FNMATCH_MAX || strpbrk(glob, "\"\n[") ||
        strstr(glob, "**"))
        return;
    length = snprintf(text, sizeof(text), "path \"%s\" off\n", glob);
    policy = read_text(text, (size_t)length);
    REQUIRE(policy, "a rule that is right is read");
    REQUIRE(policy_path_on(policy, path) == (fnmatch(glob, path, FNM_PATHNAME | FNM_NOESCAPE) != 0),
            "a glob matches what fnmatch says");
    policy_free(policy);
}

static void check_lookups(const struct policy *policy, const char *path, const char *section)
{
    size_t length = strlen(section), room = strlen(path) + 3;
    char *dotted = malloc(room), *exact = exact_copy(section, length);
    int on = policy_path_on(policy, path), section_on;

    REQUIRE(dotted, "memory is there");
    REQUIRE(on == 0 || on == 1, "a path is on or off");
    snprintf(dotted, room, "./%s", path);
    REQUIRE(policy_path_on(policy, dotted) == on, "./PATH is PATH");
    section_on = policy_section_on(policy, exact, length);
    REQUIRE(section_on == 0 || section_on == 1, "a section is on or off");
    REQUIRE(policy_code16_on(policy) == 0 || policy_code16_on(policy) == 1,
            "16-bit code is on or off");
    free(exact);
    free(dotted);
}

/* The policy with one more rule, which names the path itself. */
static void check_last_rule(const char *text, const char *path)
{
    size_t size = strlen(text) + strlen(path) + 32;
    struct policy *policy;
    char *more;

    while (path[0] == '.' && path[1] == '/')
        path += 2;
    if (strpbrk(path, "\"\n*?"))
        return;
    for (int on = 0; on < 2; on++) {
        more = malloc(size);
        REQUIRE(more, "memory is there");
        snprintf(more, size, "%s\npath \"%s\" %s\n", text, path, on ? "on" : "off");
        policy = read_text(more, strlen(more));
        REQUIRE(!policy || policy_path_on(policy, path) == on, "the last rule decides");
        policy_free(policy);
        free(more);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *path = take_line(&data, &size), *section = take_line(&data, &size),
         *text = malloc(size + 1);
    struct policy *policy = read_text((const char *)data, size);

    REQUIRE(text, "memory is there");
    memcpy(text, data, size);
    text[size] = '\0'; /* up to the first NUL, if there is one */
    if (policy) {
        check_lookups(policy, path, section);
        check_last_rule(text, path);
    }
    policy_free(policy);
    check_glob(section, path);
    free(text);
    free(section);
    free(path);
    return 0;
}
