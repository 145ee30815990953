/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Starts QEMU, carries the guest's console between it and us, and finds out how the run ended. */
#ifndef AFTERBURNER_RUN_QEMU_H
#define AFTERBURNER_RUN_QEMU_H

#include <stdbool.h>

#include "run/command-line.h"
#include "run/queue.h"

/* Gives the path of QEMU for x86 (from AFTERBURNER_QEMU or PATH), to be freed, or NULL after a
 * message. */
char *qemu_find(void);

/* Whether QEMU is there, without a message: NULL or its path, to be freed. */
char *qemu_look(void);

/* The COM1 of the guest is the QEMU character device of this name. */
#define QEMU_CONSOLE "console"

/* Who listens to the guest's COM2. */
struct qemu_listener {
    void *context;
    /* Takes what came. Gives -1 to go on with the run; 0 when the run has come to its end, and QEMU
     * is ended; or how many milliseconds more to wait at most for what may still come. */
    int (*receive)(void *context, const char *bytes, size_t count);
    /* NULL, or takes what comes from the guest's console (and last NULL) and queues what of it is
     * for the user. */
    void (*receive_console)(void *context, const char *bytes, size_t count, struct queue *to_user);
    /* NULL, or whether the guest's console takes input yet. */
    bool (*takes_input)(void *context);
};

/* The name by which QEMU opens the descriptor session.files[index]. */
#define QEMU_FILES_LARGEST 3
#define QEMU_FILE_FD       6
#define QEMU_FILE_PATH     "/proc/self/fd/%d" /* of QEMU_FILE_FD + index */

struct qemu_session {
    /* argv: the program, then the machine without its console, which qemu_run() appends. */
    struct command_line *command;
    unsigned int timeout_seconds; /* of wall time */
    bool interactive; /* the user wants standard input to go to the guest whatever it is */
    bool verbose;     /* print the command on standard error */
    bool hold;        /* leave the machine stopped until a debugger starts it */
    const struct qemu_listener *listener; /* NULL: the machine has no COM2 */
    int files[QEMU_FILES_LARGEST];        /* QEMU inherits these descriptors */
    size_t file_count;
};

enum qemu_end {
    QEMU_END_EXIT_CODE,   /* the guest wrote `code` (7 bits) to the debug-exit port */
    QEMU_END_POWER_OFF,   /* the guest switched the machine off */
    QEMU_END_RESET,       /* the guest reset the machine or triple-faulted */
    QEMU_END_PANIC,       /* the guest reported a panic */
    QEMU_END_TIMEOUT,     /* we ended it */
    QEMU_END_INTERRUPTED, /* we were asked to stop by the signal `code` */
    QEMU_END_OUTPUT,      /* standard output takes no more; `code` is the errno */
    QEMU_END_NOT_STARTED, /* QEMU refused with exit code `code` and has said why itself */
    QEMU_END_DIED,        /* QEMU was killed or crashed by the signal `code` */
    QEMU_END_LISTENER,    /* the listener said so; it knows why */
    QEMU_END_UNKNOWN,     /* QEMU ended for a reason of its own */
    QEMU_END_OURS,        /* we could not start QEMU; a message has been printed */
};

struct qemu_result {
    enum qemu_end end;
    int code;
    char *detail; /* QEMU's word for it, or NULL; to be freed */
};

/* Runs QEMU to its end. When this returns no process of it is left and all console output is
 * written. */
struct qemu_result qemu_run(const struct qemu_session *session);

/* Prints the one message that an end other than the guest's own calls for, frees the result and
 * gives the enum run_exit_code. An interruption by a signal does not return: it ends us by that
 * signal. */
int qemu_report(struct qemu_result *result, const struct qemu_session *session);

#endif
