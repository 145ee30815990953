/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "run/queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/memory.h"

#define READ_SIZE  65536
#define WRITE_SIZE 4096 /* PIPE_BUF: POLLOUT on a pipe promises room for this much */

size_t queue_length(const struct queue *queue)
{
    return queue->end - queue->start;
}

/* Makes room for `count` more bytes at the end. What is left of an old start is moved down only
 * when that frees at least half, so a byte is moved a bounded number of times. */
static char *reserve(struct queue *queue, size_t count)
{
    size_t length = queue_length(queue);

    if (queue->capacity - queue->end < count && queue->start >= queue->capacity / 2 &&
        queue->start) {
        memmove(queue->bytes, queue->bytes + queue->start, length);
        queue->start = 0;
        queue->end = length;
    }
    if (queue->capacity - queue->end < count) {
        queue->capacity = (queue->end + count) * 2;
        queue->bytes = memory_resize(queue->bytes, queue->capacity);
    }
    return queue->bytes + queue->end;
}

void queue_add(struct queue *queue, const char *bytes, size_t count)
{
    if (!count)
        return; /* an empty queue has no bytes at all */
    memcpy(reserve(queue, count), bytes, count);
    queue->end += count;
}

enum queue_status queue_fill(struct queue *queue, int fd)
{
    ssize_t count = read(fd, reserve(queue, READ_SIZE), READ_SIZE);

    if (count < 0)
        return errno == EAGAIN || errno == EINTR ? QUEUE_EMPTY : QUEUE_ERROR;
    queue->end += count;
    return count ? QUEUE_OK : QUEUE_END;
}

enum queue_status queue_drain(struct queue *queue, int fd)
{
    size_t length = queue_length(queue);
    ssize_t count =
        write(fd, queue->bytes + queue->start, length < WRITE_SIZE ? length : WRITE_SIZE);

    if (count < 0)
        return errno == EAGAIN || errno == EINTR ? QUEUE_OK : QUEUE_ERROR;
    queue->start += count;
    if (queue->start == queue->end)
        queue->start = queue->end = 0;
    return QUEUE_OK;
}

void queue_free(struct queue *queue)
{
    free(queue->bytes);
    *queue = (struct queue){0};
}
