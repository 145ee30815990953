/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "run/machine.h"

#include <stdlib.h>
#include <string.h>

#include "cli/memory.h"
#include "run/image-check.h"

char *machine_escape(const char *value)
{
    char *escaped = memory_allocate(2 * strlen(value) + 1);
    char *to = escaped;

    for (; *value; value++) {
        *to++ = *value;
        if (*value == ',')
            *to++ = ',';
    }
    *to = '\0';
    return escaped;
}

/* Adds the plugin by its absolute path: a bare name would be looked for among the system's
 * libraries. */
static bool add_plugin(struct command_line *command, const char *plugin)
{
    const char *rest = strchrnul(plugin, ',');
    char *file = memory_format("%.*s", (int)(rest - plugin), plugin);
    char *path = image_check_readable(file, "plugin") ? realpath(file, NULL) : NULL;
    char *option;

    free(file);
    if (!path)
        return false;
    option = machine_escape(path);
    command_line_add_list(command, "-plugin", NULL);
    command_line_add(command, "file=%s%s", option, rest);
    free(option);
    free(path);
    return true;
}

bool machine_add(struct command_line *command, const struct run_options *options, const char *cpu)
{
    /* One thread: with one for each processor QEMU 7.2 hangs at times when a kernel writes over its
     * code. */
    command_line_add_list(command, "-no-user-config", "-nodefaults", "-machine", "pc", "-accel",
                          "tcg,thread=single", "-display", "none", "-vga", "none", "-nic", "none",
                          "-no-reboot", "-device", "isa-debug-exit,iobase=0xf4,iosize=0x04", "-cpu",
                          cpu, NULL);
    command_line_add_list(command, "-m", NULL);
    command_line_add(command, "%u", options->memory_mib);
    /* SeaBIOS's MP table, which is all a kernel without ACPI has, lists one processor of each
     * socket. */
    command_line_add_list(command, "-smp", NULL);
    command_line_add(command, "%u,sockets=%u", options->processors, options->processors);
    if (options->deterministic)
        command_line_add_list(command, "-icount", "shift=0,sleep=off", "-rtc",
                              "base=2024-01-01,clock=vm", "-seed", "42", NULL);
    if (options->plugin && !add_plugin(command, options->plugin))
        return false;
    for (size_t i = 0; i < options->qemu_argument_count; i++)
        command_line_add(command, "%s", options->qemu_arguments[i]);
    return true;
}

bool machine_is_held(const struct run_options *options)
{
    for (size_t i = 0; i < options->qemu_argument_count; i++)
        if (strcmp(options->qemu_arguments[i], "-S") == 0)
            return true;
    return false;
}
