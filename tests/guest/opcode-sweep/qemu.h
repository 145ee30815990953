/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs the sweep guest under QEMU, again and again until every case has a verdict. */
#ifndef SWEEP_QEMU_H
#define SWEEP_QEMU_H

#include <stdbool.h>

#include "sweep-abi.h"

struct qemu_options {
    const char *program; /* qemu-system-x86_64 */
    const char *guest;   /* sweep.elf */
    const char *cpu;     /* argument of -cpu */
    int memory;          /* open file that is the guest's RAM, of qemu_open_memory */
    unsigned time_limit; /* seconds for everything */
    bool verbose;        /* name every crash and hang as it happens */
};

struct qemu_statistics {
    unsigned starts;
    unsigned crashes;
    unsigned hangs;
    unsigned given_up; /* cases taken to crash because others of their opcode did */
    double seconds;
};

enum qemu_result {
    QEMU_DONE,
    QEMU_MISSING, /* the program is not there */
    QEMU_FAILED,  /* the reason is on standard error */
};

/* Opens the file that is the guest's RAM: `path`, which is made anew when `create`, or with NULL an
 * anonymous one that is gone when we are. -1 on failure (errno). */
int qemu_open_memory(const char *path, bool create);

/* Maps the shared part of it. NULL on failure (errno). */
struct sweep_shared *qemu_map_memory(int file);

/* Runs all of shared->cases. */
enum qemu_result qemu_run(const struct qemu_options *options, struct sweep_shared *shared,
                          struct qemu_statistics *statistics);

#endif
