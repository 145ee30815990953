/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A guest's code as it is in a dump of memory, held against the image that was booted. */
#ifndef AFTERBURNER_VERIFY_LIVE_H
#define AFTERBURNER_VERIFY_LIVE_H

#include <stddef.h>
#include <stdint.h>

#include "image/image.h"
#include "verify/guests/guest.h"

struct verification;

struct live {
    const char *path;
    uint64_t offset; /* where guest-physical address 0 is in the dump */
    const unsigned char *bytes;
    size_t size;
    /* Counts for the report. */
    uint64_t compared;   /* bytes of code */
    uint64_t initial;    /* bytes of code that the guest has given up */
    size_t sites;        /* as the image says */
    size_t alternatives; /* brought */
    size_t nops;         /* originals whose nops the guest has made longer ones */
    size_t patches[PATCH_KIND_COUNT];
    int wedge_moved;    /* the wedge is not where it was loaded: it is not compared */
    size_t unexplained; /* stretches */
};

/* Opens a raw dump. Gives 0, or an exit code after one message. */
int live_open(const char *path, uint64_t offset, struct live *live);
void live_close(struct live *live);

/* Compares the guest's executable sections, whose bytes are as the image is expected to run (bound,
 * if it is), with the dump; adds findings and counts. Gives 0, or an exit code after one message:
 * the dump does not have them. */
int check_live(struct verification *verification, struct live *live);

#endif
