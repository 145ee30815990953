/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "explained.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct explanation {
    enum explained_kind kind;
    char name[64];
    unsigned line;
    bool needed;
};

struct explained {
    char *path;
    struct explanation *list;
    size_t count;
};

static const char *const kind_names[EXPLAINED_KINDS] = {
    [EXPLAINED_DIFFERS] = "differs",
    [EXPLAINED_CRASHES] = "crashes",
    [EXPLAINED_LENGTH_ZYDIS] = "length ZYDIS",
    [EXPLAINED_LENGTH_CAPSTONE] = "length CAPSTONE",
    [EXPLAINED_SAME] = "same",
    [EXPLAINED_UNDEFINED] = "undefined",
    [EXPLAINED_ABSENT] = "absent",
    [EXPLAINED_COMPLETES] = "completes",
    [EXPLAINED_ZYDIS] = "decoder ZYDIS",
    [EXPLAINED_CAPSTONE] = "decoder CAPSTONE",
};

const char *explained_kind_name(enum explained_kind kind)
{
    return kind_names[kind];
}

/* The kind a line starts with; *rest is what follows it and a blank. */
static int find_kind(const char *line, const char **rest)
{
    for (int kind = 0; kind < EXPLAINED_KINDS; kind++) {
        size_t length = strlen(kind_names[kind]);
        if (strncmp(line, kind_names[kind], length) == 0 && line[length] == ' ') {
            *rest = line + length + 1;
            return kind;
        }
    }
    return -1;
}

/* Fills in `explanation` from a line; NULL, or what is wrong with it. */
static const char *parse(const char *line, struct explanation *explanation)
{
    const char *rest;
    int kind = find_kind(line, &rest);
    if (kind < 0)
        return "starts with none of the words that explained.h lists";

    size_t length = strcspn(rest, " ");
    if (length == 0 || length >= sizeof(explanation->name))
        return "the name is missing or too long";
    const char *reason = rest + length;
    if (strncmp(reason, " : ", 3) != 0 || !isgraph((unsigned char)reason[3]))
        return "there is no ` : reason` behind the name";
    explanation->kind = kind;
    memcpy(explanation->name, rest, length);
    explanation->name[length] = '\0';
    return NULL;
}

static struct explanation *lookup(struct explained *explained, enum explained_kind kind,
                                  const char *name)
{
    for (size_t i = 0; i < explained->count; i++)
        if (explained->list[i].kind == kind && strcmp(explained->list[i].name, name) == 0)
            return &explained->list[i];
    return NULL;
}

static int add_line(struct explained *explained, const char *line, unsigned number)
{
    struct explanation explanation = {.line = number};
    const char *wrong = parse(line, &explanation);

    if (!wrong && lookup(explained, explanation.kind, explanation.name))
        wrong = "this is explained already";
    if (wrong) {
        fprintf(stderr, "%s:%u: %s\n", explained->path, number, wrong);
        return -1;
    }
    struct explanation *list = realloc(explained->list, (explained->count + 1) * sizeof(*list));
    if (!list) {
        perror("sweep-host");
        return -1;
    }
    list[explained->count++] = explanation;
    explained->list = list;
    return 0;
}

struct explained *explained_read(const char *path)
{
    struct explained *explained = calloc(1, sizeof(*explained));
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t size = 0;
    unsigned number = 0;
    int wrong = 0;

    if (!file || !explained || !(explained->path = strdup(path))) {
        fprintf(stderr, "sweep-host: %s: %s\n", path, strerror(errno));
        wrong = 1;
    }
    while (!wrong && getline(&line, &size, file) > 0) {
        number++;
        line[strcspn(line, "\n")] = '\0';
        if (line[0] != '\0' && line[0] != '#')
            wrong = add_line(explained, line, number);
    }
    free(line);
    if (file)
        fclose(file);
    if (!wrong)
        return explained;
    explained_free(explained);
    return NULL;
}

void explained_free(struct explained *explained)
{
    if (!explained)
        return;
    free(explained->path);
    free(explained->list);
    free(explained);
}

/* `name` without a /REG at its end; false when it has none. */
static bool drop_register(const char *name, char *shorter, size_t size)
{
    const char *slash = strrchr(name, '/');

    if (!slash)
        return false;
    snprintf(shorter, size, "%.*s]", (int)(slash - name), name);
    return true;
}

bool explained_find(struct explained *explained, enum explained_kind kind, const char *name)
{
    struct explanation *explanation = lookup(explained, kind, name);
    char shorter[sizeof(explanation->name)];

    if (!explanation && drop_register(name, shorter, sizeof(shorter)))
        explanation = lookup(explained, kind, shorter);
    if (!explanation)
        return false;
    explanation->needed = true;
    return true;
}

size_t explained_report_unused(const struct explained *explained, unsigned kinds)
{
    size_t count = 0;

    for (size_t i = 0; i < explained->count; i++) {
        const struct explanation *explanation = &explained->list[i];
        if (explanation->needed || !(kinds >> explanation->kind & 1))
            continue;
        printf("%s:%u: `%s %s` explains nothing any more: remove the line\n", explained->path,
               explanation->line, kind_names[explanation->kind], explanation->name);
        count++;
    }
    return count;
}
