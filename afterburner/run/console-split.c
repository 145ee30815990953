/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "run/console-split.h"

#define PREFIX        XEN_LOG_WEDGE
#define PREFIX_LENGTH (sizeof(PREFIX) - 1)

static void release(struct console_split *split, struct queue *to_user)
{
    queue_add(to_user, PREFIX, split->held);
    split->held = 0;
}

static void take_at_start(struct console_split *split, char byte, struct queue *to_user)
{
    if (byte == PREFIX[split->held]) {
        if (++split->held < PREFIX_LENGTH)
            return;
        xen_log_receive(split->log, PREFIX, PREFIX_LENGTH);
        split->held = 0;
        split->where = SPLIT_WEDGE;
        return;
    }
    release(split, to_user);
    queue_add(to_user, &byte, 1);
    if (byte != '\n' && byte != '\r')
        split->where = SPLIT_GUEST;
}

int console_split_receive(struct console_split *split, const char *bytes, size_t count,
                          struct queue *to_user)
{
    int patience = -1;

    for (size_t i = 0; i < count; i++) {
        switch (split->where) {
        case SPLIT_START:
            take_at_start(split, bytes[i], to_user);
            break;
        case SPLIT_GUEST:
            queue_add(to_user, &bytes[i], 1);
            if (bytes[i] == '\n')
                split->where = SPLIT_START;
            break;
        case SPLIT_WEDGE:
            patience = xen_log_receive(split->log, &bytes[i], 1);
            if (bytes[i] == '\n')
                split->where = SPLIT_START;
            break;
        }
    }
    return patience;
}

void console_split_finish(struct console_split *split, struct queue *to_user)
{
    release(split, to_user);
}
