/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "as/arguments.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/memory.h"

/* gas's long options whose argument may be a word of its own (gas/as.c and config/tc-i386.c, `as
 * --help`). gas takes them with one dash or two, and with `=`. */
static const char *const options_with_word[] = {
    "MD",
    "defsym",
    "debug-prefix-map",
    "hash-size",
    "listing-lhs-width",
    "listing-lhs-width2",
    "listing-rhs-width",
    "listing-cont-lines",
    "emulation",
    "march",
    "mtune",
    "mmnemonic",
    "msyntax",
    "gdwarf-cie-version",
    "size-check",
    "elf-stt-common",
    "generate-missing-build-notes",
    "multibyte-handling",
    "malign-branch",
    "malign-branch-boundary",
    "malign-branch-prefix-size",
    "mlfence-after-load",
    "mlfence-before-indirect-branch",
    "mlfence-before-ret",
    "mfence-as-lock-add",
    "momit-lock-prefix",
    "mrelax-relocations",
    "mx86-used-note",
    "mevexrcig",
    "mevexlig",
    "mevexwig",
    "mvexwig",
    "msse-check",
    "moperand-check",
    "mavxscalar",
};

#define NESTING_MAX 16 /* an @file that names itself ends here */

static void add_word(struct as_arguments *arguments, size_t *capacity, char *word)
{
    memory_grow((void **)&arguments->words, capacity, arguments->word_count, sizeof(char *));
    arguments->words[arguments->word_count++] = word;
}

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "r");
    size_t size = 0, capacity = 0;
    char *text = NULL;

    if (!file)
        return NULL;
    do {
        capacity += 65536;
        text = memory_resize(text, capacity + 1);
        size += fread(text + size, 1, capacity - size, file);
    } while (size == capacity);
    text[size] = '\0';
    fclose(file);
    return text;
}

/* libiberty's rules (buildargv): words end at white space, quotes of either kind group, a backslash
 * takes the next character as it is. */
static char *split_word(const char **cursor)
{
    const char *p = *cursor;
    char *word, *end;
    char quote = 0;

    while (isspace((unsigned char)*p))
        p++;
    if (!*p) {
        *cursor = p;
        return NULL;
    }
    word = end = memory_allocate(strlen(p) + 1);
    for (; *p && (quote || !isspace((unsigned char)*p)); p++) {
        if (*p == '\\' && p[1])
            *end++ = *++p;
        else if (quote && *p == quote)
            quote = 0;
        else if (!quote && (*p == '\'' || *p == '"'))
            quote = *p;
        else
            *end++ = *p;
    }
    *end = '\0';
    *cursor = p;
    return word;
}

static void expand(struct as_arguments *arguments, size_t *capacity, const char *word, int depth)
{
    char *text = word[0] == '@' && depth < NESTING_MAX ? read_file(word + 1) : NULL;
    const char *cursor = text;
    char *inner;

    if (!text) {
        if (strncmp(word, "-o", 2) == 0 && word[2]) { /* -oFILE: the name gets a word of its own */
            add_word(arguments, capacity, memory_copy_string("-o"));
            word += 2;
        } else if (strncmp(word, "--MD=", 5) == 0 ||
                   strncmp(word, "-MD=", 4) == 0) { /* and so does --MD=FILE's */
            add_word(arguments, capacity, memory_copy_string("--MD"));
            word = strchr(word, '=') + 1;
        }
        add_word(arguments, capacity, memory_copy_string(word));
        return;
    }
    while ((inner = split_word(&cursor))) {
        expand(arguments, capacity, inner, depth + 1);
        free(inner);
    }
    free(text);
}

/* Whether option `word` is `name`, with one dash or two. */
static int is_option(const char *word, const char *name)
{
    if (*word++ != '-')
        return 0;
    word += *word == '-';
    return strcmp(word, name) == 0;
}

/* --version, which gas takes shortened too: down to where it could be --verbose. */
static int is_version(const char *word)
{
    static const char name[] = "version";

    word += 1 + (word[1] == '-');
    return strlen(word) >= sizeof("vers") - 1 && strncmp(name, word, strlen(word)) == 0;
}

/* -v, and --verbose in the same way. */
static int is_verbose(const char *word)
{
    static const char name[] = "verbose";

    if (strcmp(word, "-v") == 0)
        return 1;
    word += 1 + (word[1] == '-');
    return strlen(word) >= sizeof("verb") - 1 && strncmp(name, word, strlen(word)) == 0;
}

static int takes_next_word(const char *word)
{
    for (size_t i = 0; i < sizeof(options_with_word) / sizeof(options_with_word[0]); i++)
        if (is_option(word, options_with_word[i]))
            return 1;
    return strcmp(word, "-I") == 0 || strcmp(word, "-Q") == 0 || strcmp(word, "-t") == 0;
}

void as_arguments_parse(struct as_arguments *arguments, int argc, char **argv)
{
    size_t capacity = 0;

    memset(arguments, 0, sizeof(*arguments));
    arguments->bits = 64;
    for (int i = 0; i < argc; i++) {
        if (i == 0)
            add_word(arguments, &capacity, memory_copy_string(argv[0]));
        else
            expand(arguments, &capacity, argv[i], 0);
    }
    add_word(arguments, &capacity, NULL);
    arguments->word_count--;
    arguments->inputs = memory_allocate(arguments->word_count * sizeof(size_t));

    for (size_t i = 1; i < arguments->word_count; i++) {
        char *word = arguments->words[i];

        if (word[0] != '-' || word[1] == '\0') {
            arguments->inputs[arguments->input_count++] = i;
        } else if (strcmp(word, "-o") == 0 && i + 1 < arguments->word_count) {
            arguments->output = ++i;
        } else if (is_option(word, "32")) {
            arguments->bits = 32;
        } else if (is_option(word, "64") || is_option(word, "x32")) {
            arguments->bits = 64;
        } else if (is_version(word)) {
            arguments->asks_version |= !arguments->only_asks;
            arguments->only_asks = 1;
        } else if (is_verbose(word)) {
            arguments->verbose = 1;
        } else if (is_option(word, "help") || is_option(word, "target-help") ||
                   is_option(word, "dump-config")) {
            arguments->only_asks = 1;
        } else if (is_option(word, "alternate")) {
            arguments->alternate = 1;
        } else if (is_option(word, "msyntax=intel") || is_option(word, "msyntax=att")) {
            arguments->intel = is_option(word, "msyntax=intel");
        } else if (is_option(word, "msyntax") && i + 1 < arguments->word_count) {
            arguments->intel = strcmp(arguments->words[++i], "intel") == 0;
        } else if (is_option(word, "mnaked-reg")) {
            arguments->naked = 1;
        } else if (is_option(word, "mri") || strcmp(word, "-M") == 0) {
            arguments->mri = 1;
        } else if (is_option(word, "MD") && i + 1 < arguments->word_count) {
            arguments->dependencies = arguments->words[++i];
        } else if (strncmp(word, "-a", 2) == 0) {
            arguments->lists = 1;
        } else if (takes_next_word(word) && i + 1 < arguments->word_count) {
            i++;
        }
    }
}

void as_arguments_free(struct as_arguments *arguments)
{
    for (size_t i = 0; i < arguments->word_count; i++)
        free(arguments->words[i]);
    free(arguments->words);
    free(arguments->inputs);
}

const char *as_arguments_output(const struct as_arguments *arguments)
{
    return arguments->output ? arguments->words[arguments->output] : "a.out";
}
