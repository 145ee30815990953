/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The program's front door: picks the subcommand. Started under the name `as` it is the assembler,
 * so that `gcc -B<folder>` finds it. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/annotator-hash.h"
#include "cli/command.h"
#include "cli/exit-codes.h"
#include "cli/message.h"
#include "cli/version.h"

struct command {
    const char *name;
    int (*function)(int argc, char **argv);
    const char *summary;
};

static const struct command commands[] = {
    {"as", command_as, "drop-in GNU assembler that annotates sensitive instructions"},
    {"cc", command_cc, "run a compiler so that it assembles through `afterburner as`"},
    {"verify", command_verify, "prove that an image has no sensitive instruction outside a site"},
    {"sites", command_sites, "list an image's sites, or compare two images'"},
    {"link", command_link, "put a wedge beside a guest: one image for metal and hypervisors"},
    {"run", command_run, "boot an image and pass on its console and exit code"},
    {"table", command_table, "print the table of sensitive instructions"},
    {"doctor", command_doctor, "say what this machine can and cannot do"},
};

static void print_help(FILE *stream)
{
    fputs("Usage: afterburner COMMAND [ARGUMENT...]\n"
          "Recompile a kernel once, run it on bare hardware and on hypervisors.\n\n"
          "Commands:\n",
          stream);
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        fprintf(stream, "  %-8s %s\n", commands[i].name, commands[i].summary);
    fputs("\n`afterburner COMMAND --help` explains a command; so does man afterburner-COMMAND.\n"
          "Quick start: make CC=\"afterburner cc gcc\" && afterburner verify vmlinux\n",
          stream);
}

/* A full disk shows when the buffered output is flushed: say so rather than succeed. */
static int flush_output(int code)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    message_error("standard output: %s", strerror(errno));
    return code == EXIT_CODE_OK ? EXIT_CODE_OUTPUT : code;
}

int main(int argc, char **argv)
{
    const char *base = argc > 0 ? strrchr(argv[0], '/') : NULL;

    base = base ? base + 1 : (argc > 0 ? argv[0] : "afterburner");
    if (strcmp(base, "as") == 0) {
        message_set_command("as");
        return command_as(argc, argv);
    }
    if (argc < 2) {
        print_help(stderr);
        return EXIT_CODE_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        print_help(stdout);
        return flush_output(EXIT_CODE_OK);
    }
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
        puts("afterburner " AFTERBURNER_VERSION);
        return flush_output(EXIT_CODE_OK);
    }
    if (strcmp(argv[1], "--annotator-hash") == 0) {
        puts(ANNOTATOR_HASH);
        return flush_output(EXIT_CODE_OK);
    }
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        if (strcmp(argv[1], commands[i].name) == 0) {
            message_set_command(commands[i].name);
            return flush_output(commands[i].function(argc - 1, argv + 1));
        }
    message_error("unknown command '%s'; `afterburner --help` lists the commands", argv[1]);
    return EXIT_CODE_USAGE;
}
