/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The place "native": bare hardware, as QEMU's TCG emulates it. */
#include <stdlib.h>

#include "cli/exit-codes.h"
#include "run/image-check.h"
#include "run/machine.h"
#include "run/place.h"
#include "run/qemu.h"

static bool build_command(struct command_line *command, const struct run_options *options)
{
    command_line_add_list(command, "-kernel", options->image, NULL);
    if (options->initrd)
        command_line_add_list(command, "-initrd", options->initrd, NULL);
    if (options->append)
        command_line_add_list(command, "-append", options->append, NULL);
    return machine_add(command, options, options->cpu);
}

static int run_native(const struct run_options *options)
{
    struct command_line command = {0};
    struct qemu_session session = {
        .command = &command,
        .timeout_seconds = options->timeout_seconds,
        .interactive = options->interactive,
        .verbose = options->verbose,
        .hold = machine_is_held(options),
    };
    struct qemu_result result;
    char *program;
    int code = RUN_EXIT_OURS;

    if (!image_check(options->image, IMAGE_ENTRY_PVH) ||
        (options->initrd && !image_check_readable(options->initrd, "initrd")))
        return code;
    program = qemu_find();
    if (!program)
        return code;
    command_line_add(&command, "%s", program);
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
