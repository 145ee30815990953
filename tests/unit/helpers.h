/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What several unit tests need: cmocka with its includes, files in memory, and what was printed on
 * standard error. */
#ifndef AFTERBURNER_TESTS_UNIT_HELPERS_H
#define AFTERBURNER_TESTS_UNIT_HELPERS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A copy in a block of its own size, so that a sanitizer sees each read past its end. */
static inline void *exact_copy(const void *bytes, size_t size)
{
    void *copy = malloc(size ? size : 1);

    assert_non_null(copy);
    return memcpy(copy, bytes, size);
}

/* Adds to a text that has room for `capacity` characters. */
static inline void append(char *text, size_t capacity, const char *more)
{
    size_t length = strlen(text);

    assert_in_range(length + strlen(more), 0, capacity - 1);
    snprintf(text + length, capacity - length, "%s", more);
}

/* A file that lives in memory; `path` is its name for open(). Closed with close(). */
static inline int memory_file(const void *bytes, size_t size, char path[32])
{
    int fd = memfd_create("unit", 0);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), (ssize_t)size);
    snprintf(path, 32, "/proc/self/fd/%d", fd);
    return fd;
}

/* Between capture_start and capture_end standard error goes into memory. */
struct capture {
    int saved, file;
};

static inline struct capture capture_start(void)
{
    struct capture capture = {.saved = dup(STDERR_FILENO), .file = memfd_create("stderr", 0)};

    assert_true(capture.saved >= 0 && capture.file >= 0);
    fflush(stderr);
    dup2(capture.file, STDERR_FILENO);
    return capture;
}

static inline void capture_end(struct capture capture, char *text, size_t capacity)
{
    ssize_t length;

    fflush(stderr);
    dup2(capture.saved, STDERR_FILENO);
    close(capture.saved);
    length = pread(capture.file, text, capacity - 1, 0);
    close(capture.file);
    assert_true(length >= 0);
    text[length] = '\0';
}

#endif
