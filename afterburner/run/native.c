/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The place "native": bare hardware, as QEMU's TCG emulates it. Never KVM: what runs here must not
 * depend on the machine underneath, and a run with --deterministic must repeat to the instruction.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/exit-codes.h"
#include "cli/memory.h"
#include "cli/message.h"
#include "run/image-check.h"
#include "run/place.h"
#include "run/qemu.h"

/* Adds the plugin by its absolute path: a bare name would be looked for among the system's
 * libraries. In QEMU's option syntax a comma in a value is doubled. */
static bool add_plugin(struct command_line *command, const char *plugin)
{
    const char *rest = strchrnul(plugin, ',');
    char *file = memory_format("%.*s", (int)(rest - plugin), plugin);
    char *path = image_check_readable(file, "plugin") ? realpath(file, NULL) : NULL;
    char *option = NULL;

    free(file);
    if (!path)
        return false;
    option = memory_allocate(2 * strlen(path) + 1);
    for (char *from = path, *to = option; (*to = *from); from++, to++)
        if (*from == ',')
            *++to = ',';
    command_line_add_list(command, "-plugin", NULL);
    command_line_add(command, "file=%s%s", option, rest);
    free(option);
    free(path);
    return true;
}

static bool build_command(struct command_line *command, const struct run_options *options)
{
    command_line_add_list(command, "-no-user-config", "-nodefaults", "-machine", "pc", "-accel",
                          "tcg", "-display", "none", "-vga", "none", "-nic", "none", "-no-reboot",
                          "-device", "isa-debug-exit,iobase=0xf4,iosize=0x04", "-cpu", options->cpu,
                          NULL);
    command_line_add_list(command, "-m", NULL);
    command_line_add(command, "%u", options->memory_mib);
    command_line_add_list(command, "-smp", NULL);
    command_line_add(command, "%u", options->processors);
    command_line_add_list(command, "-kernel", options->image, NULL);
    if (options->initrd)
        command_line_add_list(command, "-initrd", options->initrd, NULL);
    if (options->append)
        command_line_add_list(command, "-append", options->append, NULL);
    if (options->deterministic)
        command_line_add_list(command, "-icount", "shift=0,sleep=off", "-rtc",
                              "base=2024-01-01,clock=vm", "-seed", "42", NULL);
    if (options->plugin && !add_plugin(command, options->plugin))
        return false;
    for (size_t i = 0; i < options->qemu_argument_count; i++)
        command_line_add(command, "%s", options->qemu_arguments[i]);
    return true;
}

static int run_native(const struct run_options *options)
{
    struct command_line command = {0};
    struct qemu_session session = {
        .command = &command,
        .timeout_seconds = options->timeout_seconds,
        .interactive = options->interactive,
        .verbose = options->verbose,
    };
    struct qemu_result result;
    char *program;
    int code = RUN_EXIT_OURS;

    if (!image_check(options->image) ||
        (options->initrd && !image_check_readable(options->initrd, "initrd")))
        return code;
    program = qemu_find();
    if (!program)
        return code;
    command_line_add(&command, "%s", program);
    for (size_t i = 0; i < options->qemu_argument_count; i++)
        session.hold |= strcmp(options->qemu_arguments[i], "-S") == 0;
    if (build_command(&command, options)) {
        result = qemu_run(&session);
        code = qemu_report(&result, &session);
    }
    command_line_free(&command);
    free(program);
    return code;
}

const struct place place_native = {
    .name = "native",
    .summary = "bare hardware, emulated by QEMU",
    .run = run_native,
};
