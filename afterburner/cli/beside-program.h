/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AFTERBURNER_CLI_BESIDE_PROGRAM_H
#define AFTERBURNER_CLI_BESIDE_PROGRAM_H

/* The first of these files that is there, by its place relative to our own program's folder: where
 * it is installed, and where it is built. The list ends with NULL. To be freed; NULL when none is
 * there. */
char *beside_program(const char *const *places);

#endif
