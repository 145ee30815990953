/* SPDX-License-Identifier: GPL-3.0-or-later */
/* QEMU is started stopped (-S). It greets; we answer qmp_capabilities, then cont. So an exit before
 * the RESUME event is QEMU's own failure, and one after it is the guest's doing: their exit codes
 * alone overlap. */
#include "run/qmp.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "cli/memory.h"

static void replace(char **place, const char *text)
{
    free(*place);
    *place = memory_copy_string(text);
}

/* A failed send needs no handling: it means that QEMU has ended, which waitpid() tells. */
static void send_command(const struct qmp *qmp, const char *command)
{
    char *line = memory_format("{\"execute\": \"%s\"}\n", command);

    (void)send(qmp->fd, line, strlen(line), MSG_NOSIGNAL);
    free(line);
}

static void handle_event(struct qmp *qmp, const char *event, json_t *data)
{
    const char *reason = json_string_value(json_object_get(data, "reason"));

    if (strcmp(event, "RESUME") == 0)
        qmp->running = true;
    else if (strcmp(event, "SHUTDOWN") == 0)
        replace(&qmp->stop_reason, reason ? reason : "unknown");
    else if (strcmp(event, "GUEST_PANICKED") == 0)
        qmp->panicked = true;
}

static void handle_message(struct qmp *qmp, json_t *message)
{
    const char *event = json_string_value(json_object_get(message, "event"));
    json_t *error = json_object_get(message, "error");

    if (event) {
        handle_event(qmp, event, json_object_get(message, "data"));
    } else if (json_object_get(message, "QMP")) {
        send_command(qmp, "qmp_capabilities");
        if (!qmp->hold)
            send_command(qmp, "cont");
    } else if (error) {
        const char *description = json_string_value(json_object_get(error, "desc"));

        replace(&qmp->error, description ? description : "unknown error");
    }
}

bool qmp_receive(struct qmp *qmp)
{
    enum queue_status status = queue_fill(&qmp->received, qmp->fd);
    struct queue *received = &qmp->received;
    char *newline;

    while (queue_length(received) &&
           (newline = memchr(received->bytes + received->start, '\n', queue_length(received)))) {
        char *line = received->bytes + received->start;
        json_t *message = json_loadb(line, newline - line, 0, NULL);

        received->start += newline + 1 - line;
        if (message)
            handle_message(qmp, message);
        json_decref(message);
    }
    return status == QUEUE_OK || status == QUEUE_EMPTY;
}

void qmp_quit(const struct qmp *qmp)
{
    send_command(qmp, "quit");
}

void qmp_free(struct qmp *qmp)
{
    queue_free(&qmp->received);
    free(qmp->stop_reason);
    free(qmp->error);
}
