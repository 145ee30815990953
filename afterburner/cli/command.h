/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The subcommands. Each takes its own argv (argv[0] is its name) and gives the exit code. */
#ifndef AFTERBURNER_CLI_COMMAND_H
#define AFTERBURNER_CLI_COMMAND_H

int command_as(int argc, char **argv);
int command_cc(int argc, char **argv);
int command_verify(int argc, char **argv);
int command_sites(int argc, char **argv);
int command_link(int argc, char **argv);
int command_run(int argc, char **argv);
int command_table(int argc, char **argv);
int command_doctor(int argc, char **argv);

#endif
