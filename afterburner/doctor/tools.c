/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Programs that just have to be there, some in a certain version. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/memory.h"
#include "doctor/checks.h"
#include "doctor/process.h"
#include "run/find-program.h"

#define ASK_MILLISECONDS 10000

struct tool {
    const char *name; /* of the item */
    const char *program;
    const char *package;
    unsigned int uses;
    unsigned int major, minor; /* the oldest that does, or 0 */
};

/* The oldest versions: GNU as and ld are what the annotator is measured with, CMake is what our
 * CMakeLists.txt asks for. */
static const struct tool tools[] = {
    {"gcc", "gcc", "gcc", USE_ALL, 0, 0},
    {"clang", "clang", "clang", USE_CHECK, 0, 0},
    {"GNU as", "as", "binutils", USE_ALL, 2, 40},
    {"GNU ld", "ld", "binutils", USE_ALL, 2, 40},
    {"make", "make", "make", USE_ALL, 0, 0},
    {"cmake", "cmake", "cmake", USE_DEMO | USE_CHECK, 3, 25},
    {"ninja", "ninja", "ninja-build", USE_DEMO | USE_CHECK, 0, 0},
    {"flex", "flex", "flex", USE_LINUX, 0, 0},
    {"bison", "bison", "bison", USE_LINUX, 0, 0},
    {"bc", "bc", "bc", USE_LINUX, 0, 0},
    {"cpio", "cpio", "cpio", USE_LINUX, 0, 0},
    {"xz", "xz", "xz-utils", USE_LINUX, 0, 0},
};

/* Finds the version in a first line such as "GNU ld (GNU Binutils for Debian) 2.40" or
 * "Debian clang version 14.0.6": after the word "version", else after the last parenthesis. */
static bool find_version(const char *line, unsigned int *major, unsigned int *minor)
{
    const char *at = strstr(line, "version ");

    if (!at)
        at = strrchr(line, ')');
    if (!at)
        at = line;
    while (*at && !isdigit((unsigned char)*at))
        at++;
    if (!*at)
        return false;
    *major = strtoul(at, (char **)&at, 10);
    *minor = *at == '.' ? strtoul(at + 1, NULL, 10) : 0;
    return true;
}

static void check_tool(struct report *report, const struct tool *tool)
{
    char *path = find_program(tool->program);
    const char *argv[] = {path, "--version", NULL};
    struct process_result result;
    unsigned int major, minor;
    char *line;

    if (!path) {
        report_add(report, tool->name, tool->uses, STATE_MISSING,
                   memory_format("no %s in PATH", tool->program),
                   memory_format("apt-get install %s", tool->package));
        return;
    }
    result = process_run(argv, ASK_MILLISECONDS);
    result.output[strcspn(result.output, "\n")] = '\0';
    line = result.output;
    if (result.status != 0 || !find_version(line, &major, &minor))
        report_add(report, tool->name, tool->uses, STATE_BROKEN,
                   memory_format("%s --version fails or tells no version: %s", path,
                                 result.timed_out ? "no answer in 10 s" : line),
                   memory_format("apt-get install --reinstall %s", tool->package));
    else if (major < tool->major || (major == tool->major && minor < tool->minor))
        report_add(report, tool->name, tool->uses, STATE_BROKEN,
                   memory_format("%s, older than %u.%u", line, tool->major, tool->minor),
                   memory_format("apt-get install %s (Debian 12 or later)", tool->package));
    else
        report_add(report, tool->name, tool->uses, STATE_OK, memory_copy_string(line), NULL);
    free(result.output);
    free(path);
}

void check_tools(struct report *report)
{
    for (size_t i = 0; i < sizeof(tools) / sizeof(tools[0]); i++)
        if (report_wants(report, tools[i].uses))
            check_tool(report, &tools[i]);
}
