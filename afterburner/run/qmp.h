/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The QEMU Machine Protocol, as much as tells how a run ended (QEMU docs/interop/qmp-spec.txt). */
#ifndef AFTERBURNER_RUN_QMP_H
#define AFTERBURNER_RUN_QMP_H

#include <stdbool.h>

#include "run/queue.h"

struct qmp {
    int fd;
    bool hold; /* do not start the machine: a debugger will */
    struct queue received;
    bool running;      /* the machine was built and its first instruction is due */
    bool panicked;     /* a GUEST_PANICKED event came */
    char *stop_reason; /* from the SHUTDOWN event, e.g. "guest-reset"; NULL before it */
    char *error;       /* what QEMU objected to, or NULL */
};

/* Takes what has come on `fd`, which does not block, and answers it. Gives false when QEMU has
 * closed it. */
bool qmp_receive(struct qmp *qmp);

/* Asks QEMU to end, as a user would: what it has to write at its end is written. */
void qmp_quit(const struct qmp *qmp);

void qmp_free(struct qmp *qmp);

#endif
