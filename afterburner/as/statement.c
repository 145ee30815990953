/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "as/statement.h"

#include <ctype.h>
#include <string.h>

void scanner_start(struct scanner *scanner, const char *text, size_t size)
{
    scanner->text = scanner->at = text;
    scanner->end = text + size;
}

static int is_word_character(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '.' || c == '$' || c == '\\' || c == '@' ||
           (unsigned char)c >= 128;
}

static const char *skip_blanks(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\r' || *at == '\f'))
        at++;
    return at;
}

/* Past the block comment at `at`, or `at` itself when there is none. */
static const char *skip_block_comment(const char *at, const char *end)
{
    if (end - at < 2 || at[0] != '/' || at[1] != '*')
        return at;
    for (at += 2; end - at > 1; at++)
        if (at[0] == '*' && at[1] == '/')
            return at + 2;
    return end;
}

/* Past a comment at `at`, or `at` itself when there is none. A newline that ends a comment is left.
 */
static const char *skip_comment(const char *at, const char *end, int statement_start)
{
    const char *past = skip_block_comment(at, end);

    if (past == at && at < end && (*at == '#' || (*at == '/' && statement_start))) {
        past = memchr(at, '\n', (size_t)(end - at));
        return past ? past : end;
    }
    return past;
}

size_t statement_word(const char **at, const char *end, const char **word)
{
    const char *p = *at;
    size_t length;

    while (p < end && is_word_character(*p)) {
        /* `\()` ends a macro argument's name and is part of the word: \insn\()q. */
        if (*p == '\\' && end - p >= 3 && p[1] == '(' && p[2] == ')')
            p += 3;
        else
            p++;
    }
    *word = *at;
    length = (size_t)(p - *word);
    *at = p;
    do {
        p = *at;
        *at = skip_block_comment(skip_blanks(p, end), end);
    } while (*at != p);
    return length;
}

/* Past a string or character constant that starts at `at`. */
static const char *skip_quoted(const char *at, const char *end)
{
    if (*at == '\'') { /* 'c, '\c, or 'c' */
        at++;
        if (at < end && *at == '\\')
            at++;
        if (at < end && *at != '\n')
            at++;
        if (at < end && *at == '\'')
            at++;
        return at;
    }
    for (at++; at < end && *at != '"'; at++)
        if (*at == '\\' && at + 1 < end)
            at++;
    return at < end ? at + 1 : end;
}

/* The end of the statement that starts at `at`; *stop is where scanning goes on. */
static const char *find_end(const char *at, const char *end, const char **stop)
{
    const char *last = at;

    while (at < end && *at != '\n' && *at != ';') {
        const char *past = skip_comment(at, end, 0);

        if (past != at) {
            if (memchr(
                    at, '\n',
                    (size_t)(past -
                             at))) /* gas keeps the newlines of comments: the first one ends it */
                break;
            at = past;
            continue;
        }
        if (*at == '"' || *at == '\'') {
            last = at = skip_quoted(at, end);
            continue;
        }
        if (!isspace((unsigned char)*at))
            last = at + 1;
        at++;
    }
    *stop = at;
    return last;
}

int scanner_next(struct scanner *scanner, struct statement *statement)
{
    const char *end = scanner->end;

    statement->labels = 0;
    for (;;) {
        const char *at = skip_blanks(scanner->at, end), *past, *word;
        size_t length;

        if (at >= end) {
            scanner->at = end;
            return 0;
        }
        if (*at == '\n' || *at == ';') {
            scanner->at = at + 1;
            if (!statement->labels)
                continue;
            statement->start = statement->end = at;
            return 1;
        }
        past = skip_comment(at, end, 1);
        if (past != at) {
            scanner->at = past;
            continue;
        }
        /* A label: a word or a string with a colon behind it. */
        past = at;
        if (*past == '"') {
            past = skip_blanks(skip_quoted(past, end), end);
            length = 1;
        } else {
            length = statement_word(&past, end, &word);
        }
        if (length && past < end && *past == ':') {
            statement->labels = 1;
            scanner->at = past + 1;
            continue;
        }
        statement->start = at;
        statement->end = find_end(at, end, &scanner->at);
        return 1;
    }
}

void scanner_source(const char *text, size_t size, char *path, size_t capacity)
{
    const char *end = text + size, *at = text, *quote;
    size_t length = 0;

    path[0] = '\0';
    /* `# 0 "path"` or `# 1 "path"` from the preprocessor: its first line says what was compiled. */
    if (size < 6 || at[0] != '#' || at[1] != ' ' || !isdigit((unsigned char)at[2]))
        return;
    quote = memchr(at, '"', (size_t)(end - at));
    if (!quote || memchr(at, '\n', (size_t)(quote - at)))
        return;
    for (at = quote + 1; at < end && *at != '"' && *at != '\n' && length + 1 < capacity; at++)
        path[length++] = *at;
    path[length] = '\0';
    if (path[0] == '<')
        path[0] = '\0';
}

int statement_word_is(const char *word, size_t length, const char *name)
{
    return strlen(name) == length && strncasecmp(word, name, length) == 0;
}
