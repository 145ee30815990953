/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bytes on their way from one file descriptor to another, neither of which may make us wait. */
#ifndef AFTERBURNER_RUN_QUEUE_H
#define AFTERBURNER_RUN_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

struct queue {
    char *bytes;
    size_t start; /* of what is still to be written */
    size_t end;
    size_t capacity;
};

enum queue_status {
    QUEUE_OK,    /* some bytes moved, or none can just now */
    QUEUE_EMPTY, /* queue_fill: the descriptor has no more for the moment */
    QUEUE_END,   /* queue_fill: end of file */
    QUEUE_ERROR, /* errno says why */
};

size_t queue_length(const struct queue *queue);

void queue_add(struct queue *queue, const char *bytes, size_t count);

/* One read from `fd`, which does not block, to the queue's end. */
enum queue_status queue_fill(struct queue *queue, int fd);

/* One write of at most a page to `fd`: after poll() said POLLOUT, so much goes into a pipe without
 * waiting. */
enum queue_status queue_drain(struct queue *queue, int fd);

void queue_free(struct queue *queue);

#endif
