/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the harnesses share. */
#ifndef AFTERBURNER_TESTS_FUZZ_FUZZ_H
#define AFTERBURNER_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the run with a sentence when a property does not hold; libFuzzer keeps the input. */
#define REQUIRE(property, sentence)                                                                \
    do {                                                                                           \
        if (!(property)) {                                                                         \
            fprintf(stderr, "property broken: %s\n", sentence);                                    \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* A copy in a block of its own size, so that AddressSanitizer sees each read past its end. */
static inline void *exact_copy(const void *bytes, size_t size)
{
    void *copy = malloc(size ? size : 1);

    REQUIRE(copy, "memory is there");
    return memcpy(copy, bytes, size);
}

/* A file that lives in memory; `path` is its name for open(). Closed with close(). */
static inline int memory_file(const void *bytes, size_t size, char path[32])
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);

    REQUIRE(fd >= 0 && write(fd, bytes, size) == (ssize_t)size, "a file in memory can be made");
    snprintf(path, 32, "/proc/self/fd/%d", fd);
    return fd;
}

#endif
