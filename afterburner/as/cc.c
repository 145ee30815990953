/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `afterburner cc`: runs a compiler so that it assembles through us. */

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "as/policy.h"
#include "as/tool.h"
#include "cli/command.h"
#include "cli/exit-codes.h"
#include "cli/memory.h"
#include "cli/message.h"

static void print_help(void)
{
    puts("Usage: afterburner cc [--policy FILE] COMPILER [ARGUMENT...]\n"
         "Run COMPILER (gcc or clang, with a launcher such as ccache in front if you like) so that "
         "it\n"
         "assembles through `afterburner as`.\n\n"
         "  --policy FILE   which objects and sections are left alone (see man afterburner-as)\n\n"
         "Example: make CC=\"afterburner cc --policy examples/linux/policy gcc\" "
         "CONFIG_LD_ORPHAN_WARN=\n"
         "AFTERBURNER_MODE=off in the environment runs the compiler untouched.");
}

/* Adds a path to a colon-separated environment variable. */
static void add_to_list(const char *variable, const char *path)
{
    const char *old = getenv(variable);
    char *value = old && *old ? memory_format("%s:%s", old, path) : memory_copy_string(path);

    setenv(variable, value, 1);
    free(value);
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static int set_policy(const char *path)
{
    struct policy *policy = policy_read(path);
    char *absolute;

    if (!policy)
        return -1;
    policy_free(policy);
    absolute = realpath(path, NULL);
    if (!absolute)
        message_out_of_memory();
    setenv("AFTERBURNER_POLICY", absolute, 1);
    add_to_list("CCACHE_EXTRAFILES", absolute); /* ccache: another policy makes other objects */
    free(absolute);
    return 0;
}

static const char *const launchers[] = {"ccache", "sccache", "distcc", "env", "nice"};

/* Which argument is the compiler itself, behind launchers; `first` when none is recognised. */
static int find_compiler(int argc, char **argv, int first)
{
    for (int i = first; i < argc; i++) {
        int is_launcher = 0;

        for (size_t k = 0; k < sizeof(launchers) / sizeof(launchers[0]); k++)
            is_launcher |= strcmp(base_name(argv[i]), launchers[k]) == 0;
        if (!is_launcher)
            return i;
    }
    return first;
}

static int run_compiler(int argc, char **argv, int first)
{
    int compiler = find_compiler(argc, argv, first), count = 0;
    int is_clang = strstr(base_name(argv[compiler]), "clang") != NULL;
    char **words = memory_allocate((size_t)(argc + 4) * sizeof(char *));
    const char *mode = getenv("AFTERBURNER_MODE");
    char self[PATH_MAX];
    ssize_t length;

    for (int i = first; i <= compiler; i++)
        words[count++] = argv[i];
    if (!mode || strcmp(mode, "off") != 0) {
        char *libexec = tool_find_libexec();

        if (!libexec)
            return EXIT_CODE_TOOL;
        words[count++] =
            is_clang ? memory_format("--prefix=%s/", libexec) : memory_format("-B%s/", libexec);
        if (is_clang)
            words[count++] = "-fno-integrated-as";
        free(libexec);
        length = readlink("/proc/self/exe", self, sizeof(self) - 1);
        if (length > 0) {
            self[length] = '\0';
            add_to_list("CCACHE_EXTRAFILES",
                        self); /* ccache: another annotator makes other objects */
        }
    }
    for (int i = compiler + 1; i < argc; i++)
        words[count++] = argv[i];
    words[count] = NULL;
    execvp(words[0], words);
    message_error("%s: cannot be started: %s", words[0], strerror(errno));
    return EXIT_CODE_TOOL;
}

int command_cc(int argc, char **argv)
{
    int at = 1;

    /* No argp here: every word from the compiler on is the compiler's. */
    for (; at < argc && argv[at][0] == '-'; at++) {
        if (strcmp(argv[at], "--help") == 0) {
            print_help();
            return EXIT_CODE_OK;
        }
        if (strcmp(argv[at], "--") == 0) {
            at++;
            break;
        }
        if (strcmp(argv[at], "--policy") == 0 && at + 1 < argc) {
            if (set_policy(argv[++at]) < 0)
                return EXIT_CODE_INPUT;
        } else if (strncmp(argv[at], "--policy=", 9) == 0) {
            if (set_policy(argv[at] + 9) < 0)
                return EXIT_CODE_INPUT;
        } else {
            message_error("unknown option '%s'; `afterburner cc --help` lists the options",
                          argv[at]);
            return EXIT_CODE_USAGE;
        }
    }
    if (at >= argc) {
        message_error("no compiler given; for example: afterburner cc gcc -c file.c");
        return EXIT_CODE_USAGE;
    }
    return run_compiler(argc, argv, at);
}
