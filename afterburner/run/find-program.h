/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Looks for a program as the shell would. */
#ifndef AFTERBURNER_RUN_FIND_PROGRAM_H
#define AFTERBURNER_RUN_FIND_PROGRAM_H

#include <stdbool.h>

/* Gives the path of `name` (itself when it has a slash, else from PATH), to be freed, or NULL. */
char *find_program(const char *name);

/* Whether `path` is a file that may be executed. */
bool is_program(const char *path);

#endif
