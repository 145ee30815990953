/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The exit codes of every subcommand but `run` and `as`; afterburner(1) documents them.
 * `run` has its own (a guest's code comes through), `as` passes on the GNU assembler's. */
#ifndef AFTERBURNER_CLI_EXIT_CODES_H
#define AFTERBURNER_CLI_EXIT_CODES_H

enum exit_code {
    EXIT_CODE_OK = 0,
    EXIT_CODE_FINDINGS =
        1, /* the work was done and its answer is no: open findings, differences, a lack */
    EXIT_CODE_USAGE = 2,    /* unknown option or missing argument */
    EXIT_CODE_INPUT = 3,    /* an input file is missing, unreadable or not what it should be */
    EXIT_CODE_OUTPUT = 4,   /* an output could not be written; nothing half-written is left */
    EXIT_CODE_TOOL = 5,     /* a program we need is missing or could not be started */
    EXIT_CODE_INTERNAL = 6, /* our own mistake: please report it */
};

/* Exit codes of `afterburner run`: 0-99 are the guest's own. */
enum run_exit_code {
    RUN_EXIT_GUEST_LAST = 99,
    RUN_EXIT_GUEST_CRASHED = 120,
    RUN_EXIT_WEDGE_STOPPED = 121,
    RUN_EXIT_HYPERVISOR_CRASHED = 122,
    RUN_EXIT_TIMEOUT = 124,
    RUN_EXIT_OURS = 125,
};

#endif
