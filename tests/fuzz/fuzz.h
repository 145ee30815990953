/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the harnesses share; each is one file that includes this once. */
#ifndef AFTERBURNER_TESTS_FUZZ_FUZZ_H
#define AFTERBURNER_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Standard error as it is before libFuzzer closes it (-close_fd_mask=2): the program's own messages
 * are not wanted, a broken property's is. */
static int report_fd;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    report_fd = dup(STDERR_FILENO);
    return 0;
}

/* Ends the run with a sentence when a property does not hold; libFuzzer keeps the input. */
#define REQUIRE(property, sentence)                                                                \
    do {                                                                                           \
        if (!(property)) {                                                                         \
            dprintf(report_fd, "property broken: %s\n", sentence);                                 \
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
