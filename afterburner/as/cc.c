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
         "AFTERBURNER_MODE=off in the environment assembles plainly, byte for byte.");
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
        /* `env NAME=VALUE`, and a launcher's own options. */
        if (!is_launcher && (i == first || (!strchr(argv[i], '=') && argv[i][0] != '-')))
            return i;
    }
    return first;
}

/* Whether this run's code is left alone: by AFTERBURNER_MODE, or by a rule of the policy for its
 * -o. The assembler would decide the same; deciding here lets ccache tell the two apart. */
static int is_off(int argc, char **argv, int first)
{
    const char *mode = getenv("AFTERBURNER_MODE"), *policy_path = getenv("AFTERBURNER_POLICY");
    struct policy *policy;
    int off = 0;

    if (mode && strcmp(mode, "off") == 0)
        return 1;
    policy = policy_path && *policy_path ? policy_read(policy_path) : NULL;
    for (int i = first; policy && i < argc; i++) {
        if (strcmp(argv[i], "-o") == 0 && i + 1 < argc)
            off = !policy_path_on(policy, argv[i + 1]);
        else if (strncmp(argv[i], "-o", 2) == 0 && argv[i][2])
            off = !policy_path_on(policy, argv[i] + 2);
    }
    policy_free(policy);
    return off;
}

/* Whether a compiler is clang: by its name, or by that of the file it is a link to (`cc`). */
static int compiler_is_clang(const char *compiler)
{
    const char *path = strchr(compiler, '/') ? "" : getenv("PATH");
    int found = strstr(base_name(compiler), "clang") != NULL, done = found;

    while (!done && path) {
        size_t length = strcspn(path, ":");
        char *candidate = length ? memory_format("%.*s/%s", (int)length, path, compiler)
                                 : memory_copy_string(compiler);
        char *target = access(candidate, X_OK) == 0 ? realpath(candidate, NULL) : NULL;

        if (target) {
            found = strstr(base_name(target), "clang") != NULL;
            done = 1;
        }
        free(target);
        free(candidate);
        path = path[length] == ':' ? path + length + 1 : NULL;
    }
    return found;
}

static int run_compiler(int argc, char **argv, int first)
{
    int compiler = find_compiler(argc, argv, first), count = 0, folder;
    int is_clang = compiler_is_clang(argv[compiler]);
    char **words = memory_allocate((size_t)(argc + 4) * sizeof(char *));
    char self[PATH_MAX], *libexec = tool_find_libexec();
    ssize_t length;
    int off;

    if (!libexec) {
        free(words);
        return EXIT_CODE_TOOL;
    }
    off = is_off(argc, argv, compiler + 1);
    if (off)
        setenv("AFTERBURNER_MODE", "off", 1);
    for (int i = first; i <= compiler; i++)
        words[count++] = argv[i];
    /* ccache hashes the command line and the files it is told of, not the environment: code that is
     * not annotated gets the folder spelt another way. */
    folder = count;
    words[count++] =
        memory_format("%s%s/%s", is_clang ? "--prefix=" : "-B", libexec, off ? "./" : "");
    if (is_clang)
        words[count++] = "-fno-integrated-as";
    free(libexec);
    length = readlink("/proc/self/exe", self, sizeof(self) - 1);
    if (length > 0) {
        self[length] = '\0';
        add_to_list("CCACHE_EXTRAFILES", self); /* another annotator makes other objects */
    }
    for (int i = compiler + 1; i < argc; i++)
        words[count++] = argv[i];
    words[count] = NULL;
    execvp(argv[first], words);
    message_error("%s: cannot be started: %s", argv[first], strerror(errno));
    free(words[folder]);
    free(words);
    return EXIT_CODE_TOOL;
}

int command_cc(int argc, char **argv)
{
    const char *inherited = getenv("AFTERBURNER_POLICY");
    int at = 1, policy_given = 0;

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
            policy_given = 1;
            if (set_policy(argv[++at]) < 0)
                return EXIT_CODE_INPUT;
        } else if (strncmp(argv[at], "--policy=", 9) == 0) {
            policy_given = 1;
            if (set_policy(argv[at] + 9) < 0)
                return EXIT_CODE_INPUT;
        } else {
            message_error("unknown option '%s'; `afterburner cc --help` lists the options",
                          argv[at]);
            return EXIT_CODE_USAGE;
        }
    }
    if (!policy_given && inherited && *inherited && set_policy(inherited) < 0)
        return EXIT_CODE_INPUT;
    if (at >= argc) {
        message_error("no compiler given; for example: afterburner cc gcc -c file.c");
        return EXIT_CODE_USAGE;
    }
    return run_compiler(argc, argv, at);
}
