/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "run/console-split.h"

#include <ctype.h>

#define PREFIX        XEN_LOG_WEDGE
#define PREFIX_LENGTH (sizeof(PREFIX) - 1)

static void end_wedge_line(struct console_split *split)
{
    split->held[split->held_length] = '\0';
    split->held_length = 0;
    xen_log_add(split->log, split->held);
}

/* Control characters are not for the terminals that the log is shown on. */
static void take_of_wedge(struct console_split *split, char byte)
{
    if (byte == '\n') {
        end_wedge_line(split);
        split->where = SPLIT_START;
    } else if (byte != '\r' && split->held_length < XEN_LOG_LINE_LARGEST) {
        split->held[split->held_length++] = (char)(isprint((unsigned char)byte) ? byte : '?');
    }
}

static void take_at_start(struct console_split *split, char byte, struct queue *to_user)
{
    if (byte == PREFIX[split->held_length]) {
        split->held[split->held_length++] = byte;
        if (split->held_length == PREFIX_LENGTH)
            split->where = SPLIT_WEDGE;
        return;
    }
    queue_add(to_user, split->held, split->held_length);
    queue_add(to_user, &byte, 1);
    if (split->held_length || (byte != '\n' && byte != '\r'))
        split->where = byte == '\n' ? SPLIT_START : SPLIT_GUEST;
    split->held_length = 0;
}

void console_split_receive(struct console_split *split, const char *bytes, size_t count,
                           struct queue *to_user)
{
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
            take_of_wedge(split, bytes[i]);
            break;
        }
    }
}

void console_split_finish(struct console_split *split, struct queue *to_user)
{
    if (split->where == SPLIT_WEDGE)
        end_wedge_line(split);
    else
        queue_add(to_user, split->held, split->held_length);
    split->held_length = 0;
}
