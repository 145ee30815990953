/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A console on which both the guest and the wedge speak: the wedge's lines go to the log, the rest
 * to the user, without waiting for ends of lines. */
#ifndef AFTERBURNER_RUN_CONSOLE_SPLIT_H
#define AFTERBURNER_RUN_CONSOLE_SPLIT_H

#include <stdbool.h>
#include <stddef.h>

#include "run/queue.h"
#include "run/xen-log.h"

/* To be zeroed, but for the log. */
struct console_split {
    struct xen_log *log;
    /* What is held of a line: bytes at its start that may become the wedge's prefix, or a line of
     * the wedge's. */
    char held[XEN_LOG_LINE_LARGEST + 1];
    size_t held_length;
    enum { SPLIT_START, SPLIT_GUEST, SPLIT_WEDGE } where;
};

void console_split_receive(struct console_split *split, const char *bytes, size_t count,
                           struct queue *to_user);

/* Nothing more comes. */
void console_split_finish(struct console_split *split, struct queue *to_user);

#endif
