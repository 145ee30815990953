/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "as/identity.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "cli/memory.h"

struct seen {
    uint64_t hash;
    uint32_t count;
};

struct identity_counter {
    struct seen *seen;
    size_t count, capacity;
};

struct identity_counter *identity_counter_new(void)
{
    struct identity_counter *counter = memory_allocate(sizeof(*counter));

    memset(counter, 0, sizeof(*counter));
    return counter;
}

void identity_counter_free(struct identity_counter *counter)
{
    free(counter->seen);
    free(counter);
}

/* How often this (function, text) was met before. A linear search: an object has tens of sites,
 * rarely a thousand. */
static uint32_t next_ordinal(struct identity_counter *counter, const char *function,
                             const char *text)
{
    uint64_t hash = XXH64(text, strlen(text), XXH64(function, strlen(function), 0));

    for (size_t i = 0; i < counter->count; i++)
        if (counter->seen[i].hash == hash)
            return ++counter->seen[i].count;
    memory_grow((void **)&counter->seen, &counter->capacity, counter->count,
                sizeof(*counter->seen));
    counter->seen[counter->count++] = (struct seen){.hash = hash};
    return 0;
}

uint64_t identity_next(struct identity_counter *counter, const char *source, const char *function,
                       const char *text)
{
    uint32_t ordinal = next_ordinal(counter, function, text);
    unsigned char ordinal_bytes[4] = {ordinal & 0xff, ordinal >> 8 & 0xff, ordinal >> 16 & 0xff,
                                      ordinal >> 24};
    XXH64_state_t *state = XXH64_createState();
    uint64_t hash;

    if (!state)
        abort();
    XXH64_reset(state, 0);
    XXH64_update(state, source, strlen(source) + 1);
    XXH64_update(state, function, strlen(function) + 1);
    XXH64_update(state, text, strlen(text) + 1);
    XXH64_update(state, ordinal_bytes, sizeof(ordinal_bytes));
    hash = XXH64_digest(state);
    XXH64_freeState(state);
    return hash;
}

void identity_function_name(const char *symbol, char *name, size_t capacity)
{
    static const char *const suffixes[] = {".isra", ".constprop", ".part", ".cold", ".llvm"};
    size_t length = strlen(symbol);

    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        const char *found = strstr(symbol + (symbol[0] == '.'), suffixes[i]);
        size_t end = found ? strlen(suffixes[i]) : 0;

        if (found && (found[end] == '\0' || found[end] == '.') && (size_t)(found - symbol) < length)
            length = (size_t)(found - symbol);
    }
    if (length >= capacity)
        length = capacity - 1;
    memcpy(name, symbol, length);
    name[length] = '\0';
}

/* The last step of the path [base, end), which ends in a slash. */
static char *last_step(char *base, char *end)
{
    for (end--; end > base && end[-1] != '/'; end--)
        ;
    return end;
}

/* A path without the working directory in front, without `.` and `..` steps that cancel. */
static char *normalised(const char *path, const char *working_directory)
{
    size_t prefix = strlen(working_directory);
    char *result, *base, *out;

    if (prefix && path[0] == '/' && strncmp(path, working_directory, prefix) == 0 &&
        (path[prefix] == '/' || working_directory[prefix - 1] == '/')) {
        path += prefix;
        path += strspn(path, "/");
    }
    result = base = memory_allocate(strlen(path) + 1);
    if (path[0] == '/')
        *base++ = '/';
    out = base;
    while (*path) {
        size_t length = strcspn(path, "/");

        if (length == 0 || (length == 1 && path[0] == '.')) {
            /* dropped */
        } else if (length == 2 && path[0] == '.' && path[1] == '.' && out > base &&
                   strncmp(last_step(base, out), "../", 3) != 0) {
            out = last_step(base, out);
        } else if (length != 2 || path[0] != '.' || path[1] != '.' ||
                   base == result) { /* above / is / */
            memcpy(out, path, length);
            out += length;
            if (path[length] == '/')
                *out++ = '/';
        }
        path += length;
        path += *path == '/';
    }
    *out = '\0';
    return result;
}

/* Where the folder's last step, behind `start`, begins; `end` is behind its slash. */
static const char *step_before(const char *start, const char *end)
{
    for (end--; end > start && end[-1] != '/'; end--)
        ;
    return end;
}

char *identity_source_path(const char *path, const char *output, const char *working_directory)
{
    char *source = normalised(path, working_directory);
    char *object = normalised(output, working_directory);
    const char *from = strrchr(source, '/'), *other = strrchr(object, '/');

    if (source[0] == '/' || strncmp(source, "../", 3) == 0) {
        from = from ? from + 1 : source;
        other = other ? other + 1 : object;
        while (from > source + 1 && other > object) {
            const char *a = step_before(source, from), *b = step_before(object, other);

            if (from - a != other - b || memcmp(a, b, (size_t)(from - a)) != 0)
                break;
            from = a;
            other = b;
        }
        memmove(source, from, strlen(from) + 1);
    }
    free(object);
    return source;
}
