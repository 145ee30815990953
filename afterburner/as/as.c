/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `afterburner as`: GNU as with annotation. In short:
 *
 *   1. read the inputs and run the prefilter over them; with nothing sensitive in them, become
 * plain `as`;
 *   2. assemble prelude + filtered inputs into memory;
 *   3. when gas had anything to say, let plain `as` say it about the original text: same words,
 * same lines;
 *   4. complete the records, write the object beside its final name and rename it into place.
 *
 * Nothing is written under the output's name before the last step, so an assembler killed half-way
 * leaves what was there.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "as/job.h"
#include "as/tool.h"
#include "as/version.h"
#include "cli/command.h"
#include "cli/exit-codes.h"
#include "cli/message.h"

static void print_help(void)
{
    puts("Usage: afterburner as [GNU AS OPTION...] [FILE...]\n"
         "GNU as that annotates sensitive instructions: takes everything `as` takes.\n\n"
         "  .afterburn_off, .afterburn_on   directives: leave the code between them alone\n"
         "  AFTERBURNER_MODE=off            plain `as`, byte for byte\n"
         "  AFTERBURNER_POLICY=FILE         which objects and sections are left alone\n"
         "  AFTERBURNER_REAL_AS=PATH        GNU as to use, instead of the first in PATH\n\n"
         "Most use it through a compiler: make CC=\"afterburner cc gcc\". See man afterburner-as.\n"
         "GNU as's own help follows.\n");
    fflush(stdout);
}

/* Whether the output is something else than a file we may replace: /dev/null and the like go
 * straight to gas. */
static int output_is_special(const char *name)
{
    struct stat status;

    return stat(name, &status) == 0 && !S_ISREG(status.st_mode);
}

/* For an input that cannot be read: gas shall say so. Where it takes what we could not, nothing is
 * assembled, since an object without annotation would go unnoticed. */
static int let_gas_refuse(struct job *job, const struct input *unreadable)
{
    int reason = errno, code = EXIT_CODE_INTERNAL;
    char *nowhere;

    if (inputs_memory_file("", 0, &nowhere) < 0)
        return code;
    code = plain_run(job, nowhere, 0);
    free(nowhere);
    if (code != 0)
        return code;
    if (reason == ENOENT) { /* we misread the command line */
        message_error("%s: cannot be read, though GNU as assembles without it; write options out "
                      "in full, with their values behind `=`",
                      unreadable->name);
        return EXIT_CODE_USAGE;
    }
    message_error("%s: cannot be read: %s", unreadable->name, strerror(reason));
    return EXIT_CODE_INPUT;
}

static int start_off(struct job *job)
{
    inputs_read(job); /* what cannot be read, gas shall say */
    return plain_become(job);
}

static int start(struct job *job, const char *mode, const char *policy_path)
{
    int off = mode && strcmp(mode, "off") == 0;
    const struct input *unreadable;

    if (mode && *mode && !off && strcmp(mode, "on") != 0) {
        message_error("AFTERBURNER_MODE=%s: not known; use on or off", mode);
        return EXIT_CODE_USAGE;
    }
    job->adds_version =
        !off && (job->arguments.only_asks ? job->arguments.asks_version : job->arguments.verbose);
    if (job->arguments.only_asks)
        return plain_become(job);
    job->policy = policy_path && *policy_path ? policy_read(policy_path) : policy_default();
    if (!job->policy)
        return EXIT_CODE_INPUT;
    if (off || output_is_special(as_arguments_output(&job->arguments)) ||
        !policy_path_on(job->policy, as_arguments_output(&job->arguments)))
        return start_off(job);
    if (job->arguments.mri) {
        message_error("MRI mode (-M) is another language, which cannot be annotated; use "
                      "AFTERBURNER_MODE=off for this file");
        return EXIT_CODE_USAGE;
    }
    unreadable = inputs_read(job);
    if (unreadable)
        return let_gas_refuse(job, unreadable);
    if (!annotate_filter(job))
        return plain_become(job);
    if (job->filtered.ends && job->input_count > 1) {
        message_error("%s: .end among several inputs is not supported; assemble them one by one",
                      job->inputs[0].name);
        return EXIT_CODE_USAGE;
    }
    return annotate(job);
}

int command_as(int argc, char **argv)
{
    struct job job = {.stdin_copy = -1};
    int code;

    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        print_help();
    job.real_as = tool_find_as();
    if (!job.real_as)
        return EXIT_CODE_TOOL;
    as_arguments_parse(&job.arguments, argc, argv);
    code = start(&job, getenv("AFTERBURNER_MODE"), getenv("AFTERBURNER_POLICY"));
    if (job.adds_version && !job.arguments.asks_version && code != EXIT_CODE_TOOL)
        version_add();

    for (size_t i = 0; i < job.input_count; i++) {
        free(job.inputs[i].text);
        free(job.inputs[i].plain_path);
    }
    free(job.joined);
    free(job.filtered.text);
    free(job.filtered_path);
    free(job.end_path);
    free(job.inputs);
    free(job.source);
    policy_free(job.policy);
    as_arguments_free(&job.arguments);
    free(job.real_as);
    return code;
}
