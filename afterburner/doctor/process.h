/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs something in a process of its own that cannot hold us up: its output is taken, its time is
 * limited. */
#ifndef AFTERBURNER_DOCTOR_PROCESS_H
#define AFTERBURNER_DOCTOR_PROCESS_H

#include <stdbool.h>

struct process_result {
    char *output; /* standard output and error together, or what the function wrote; to be freed */
    int status;   /* the exit code; -1 when it did not exit by itself */
    int signal;   /* that ended it, or 0 */
    bool timed_out;
};

/* Runs a program (argv[0] looked up in PATH, standard input empty) for at most
 * `limit_milliseconds`. Its exit code is 127 when it cannot be started. */
struct process_result process_run(const char *const *argv, int limit_milliseconds);

/* Calls `function` in a child, where it writes its findings to `output`. */
typedef void process_function(int output);
struct process_result process_call(process_function *function, int limit_milliseconds);

#endif
