/* SPDX-License-Identifier: BSD-2-Clause */
/* Three stacks in the TSS, and which of them a handler ran on. */
#ifndef GUEST_IST_H
#define GUEST_IST_H

#include "guest.h"

static uint8_t stacks[3][4096] __attribute__((aligned(16)));
static uint64_t frame_address;

static bool hook(struct frame *frame)
{
    frame_address = (uint64_t)&frame->ss + 8;
    return false;
}

static void where(const char *name)
{
    for (unsigned i = 0; i < 3; i++)
        if (frame_address == (uint64_t)stacks[i] + 4096) {
            print("%s: IST %u\n", name, i + 1);
            return;
        }
    print("%s: no IST stack\n", name);
}

static inline void ist_start(void)
{
    trap_hook = hook;
    for (unsigned i = 0; i < 3; i++)
        tss.ist[i] = (uint64_t)stacks[i] + 4096;
}

#endif
