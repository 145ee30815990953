/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The machine that QEMU emulates for every place: a PC, by TCG, whose debug-exit port 0xf4 ends the
 * run. Never KVM: what runs here must not depend on the machine underneath, and a run with
 * --deterministic must repeat to the instruction. */
#ifndef AFTERBURNER_RUN_MACHINE_H
#define AFTERBURNER_RUN_MACHINE_H

#include <stdbool.h>

#include "run/command-line.h"
#include "run/place.h"

/* Appends the machine that the options ask for, with this CPU model, and last the user's own
 * arguments for QEMU. Gives false after a message. */
bool machine_add(struct command_line *command, const struct run_options *options, const char *cpu);

/* Whether the user has a debugger start the machine. */
bool machine_is_held(const struct run_options *options);

/* A value for QEMU's option syntax, where a comma is doubled; to be freed. */
char *machine_escape(const char *value);

#endif
