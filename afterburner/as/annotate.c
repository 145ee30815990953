/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Assembling with annotation. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "as/complete.h"
#include "as/identity.h"
#include "as/job.h"
#include "as/output.h"
#include "as/prelude.h"
#include "as/tool.h"
#include "cli/exit-codes.h"
#include "cli/memory.h"
#include "cli/message.h"

/* The source path identities are made with: what the text itself says (its first line marker), or
 * the output's folder and the name in .file (a compiler's text comes from a temporary file), or the
 * input's name, or the output's. */
static char *source_path(const struct job *job)
{
    const char *output = as_arguments_output(&job->arguments), *slash = strrchr(output, '/');
    const struct prefilter_result *filtered = &job->filtered;
    char directory[PATH_MAX], *path, *normal;

    if (!getcwd(directory, sizeof(directory)))
        directory[0] = '\0';
    if (filtered->source[0] && !filtered->source_is_base)
        path = memory_copy_string(filtered->source);
    else if (filtered->source[0])
        path = memory_format("%.*s%s", slash ? (int)(slash + 1 - output) : 0, output,
                             filtered->source);
    else if (strcmp(job->inputs[0].name, "-") != 0)
        path = memory_copy_string(job->inputs[0].name);
    else
        path = memory_copy_string(output);
    normal = identity_source_path(path, output, directory);
    free(path);
    return normal;
}

int annotate_filter(struct job *job)
{
    struct prefilter_options options = {
        .bits = job->arguments.bits,
        .alternate = job->arguments.alternate,
        .intel = job->arguments.intel,
        .naked = job->arguments.naked,
        .policy = job->policy,
    };

    inputs_join(job);
    prefilter(job->joined ? job->joined : job->inputs[0].text,
              job->joined ? job->joined_size : job->inputs[0].size, &options, &job->filtered);
    return job->filtered.needs_prelude;
}

/* Gives gas a copy of what was rewritten, joined or came by standard input, and a text of its own
 * for the end: gas may leave the first before its last line. */
static int provide_filtered(struct job *job)
{
    static const char end[] = ".Lab_end\n";
    const struct input *first = &job->inputs[0];

    if (job->filtered.needs_end && inputs_memory_file(end, sizeof(end) - 1, &job->end_path) < 0)
        return -1;
    if (job->filtered.text)
        return inputs_named_file(first->name, job->filtered.text, job->filtered.size,
                                 &job->filtered_path);
    if (job->joined)
        return inputs_named_file(first->name, job->joined, job->joined_size, &job->filtered_path);
    if (strcmp(first->name, "-") == 0 || first->read_once)
        return inputs_named_file(first->name, first->text, first->size, &job->filtered_path);
    return 0;
}

/* What gas printed. */
struct said {
    char *output, *errors;
    size_t output_size, errors_size;
};

static void free_said(struct said *said)
{
    free(said->output);
    free(said->errors);
}

/* Assembles with the prelude into memory. Gives gas's exit code. */
static int assemble(struct job *job, char *prelude, char *object_path, char *dependencies,
                    struct said *said)
{
    char **words = plain_words(job, prelude, object_path, dependencies);
    int output = memfd_create("output", MFD_CLOEXEC), errors = memfd_create("errors", MFD_CLOEXEC);
    int code;

    if (output < 0 || errors < 0)
        message_out_of_memory();
    code = tool_run(words, -1, output, errors);
    free(words);
    lseek(output, 0, SEEK_SET);
    lseek(errors, 0, SEEK_SET);
    if (inputs_read_file(output, &said->output, &said->output_size) < 0 ||
        inputs_read_file(errors, &said->errors, &said->errors_size) < 0)
        message_out_of_memory();
    close(output);
    close(errors);
    return code;
}

static int finish(struct job *job, int object_fd, char *object_path)
{
    struct complete_options options = {.source = job->source,
                                       .compiled = job->filtered.compiled,
                                       .no_room = job->no_room,
                                       .needs_end = job->filtered.needs_end};
    unsigned char *object;
    struct stat status;
    int code;

    if (fstat(object_fd, &status) < 0 || status.st_size == 0)
        return EXIT_CODE_OK; /* gas was told to make nothing */
    object = mmap(NULL, (size_t)status.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, object_fd, 0);
    if (object == MAP_FAILED)
        message_out_of_memory();
    if (complete_records(object_path, object, (size_t)status.st_size, &options) < 0)
        code = EXIT_CODE_INTERNAL;
    else
        code = output_write(as_arguments_output(&job->arguments), object, (size_t)status.st_size);
    munmap(object, (size_t)status.st_size);
    return code;
}

/* What is written while assembling: files in memory, by descriptor and by the name gas gets. */
struct scratch {
    int prelude, object, dependencies, plain;
    char *prelude_path, *object_path, *dependencies_path, *plain_path;
};

static int write_prelude(struct job *job, struct scratch *scratch)
{
    struct prelude_options options = {.bits = job->arguments.bits,
                                      .alternate = job->arguments.alternate,
                                      .no_room = job->no_room,
                                      .several_sizes = job->filtered.several_sizes,
                                      .code16_on = policy_code16_on(job->policy)};
    char *prelude;
    size_t size;

    options.source = XXH64(job->source, strlen(job->source), 0);
    options.dynamic = job->filtered.needs_dynamic;
    prelude = prelude_make(&options, &size);
    free(scratch->prelude_path);
    scratch->prelude = inputs_memory_file(prelude, size, &scratch->prelude_path);
    free(prelude);
    return scratch->prelude < 0 ? -1 : 0;
}

static int open_scratch(struct job *job, struct scratch *scratch)
{
    job->source = source_path(job);
    scratch->object = inputs_memory_file("", 0, &scratch->object_path);
    scratch->plain = inputs_memory_file("", 0, &scratch->plain_path);
    if (job->arguments.dependencies)
        scratch->dependencies = inputs_memory_file("", 0, &scratch->dependencies_path);
    if (write_prelude(job, scratch) < 0 || scratch->object < 0 || scratch->plain < 0 ||
        scratch->dependencies < 0)
        return -1;
    return provide_filtered(job) < 0 ? -1 : 0;
}

static void close_scratch(struct scratch *scratch)
{
    free(scratch->prelude_path);
    free(scratch->object_path);
    free(scratch->dependencies_path);
    free(scratch->plain_path);
}

/* Assembles without pads what does not assemble with them: a source can fix the places of its code,
 * by .org or by distances that it computes, and leave no room. Gives gas's exit code; what it said
 * takes the place of what was said. */
static int assemble_without_pads(struct job *job, struct scratch *scratch, struct said *said)
{
    job->no_room = 1;
    if (write_prelude(job, scratch) < 0)
        message_out_of_memory();
    free_said(said);
    *said = (struct said){0};
    return assemble(job, scratch->prelude_path, scratch->object_path, scratch->dependencies_path,
                    said);
}

/* What remains to do once gas was run with the prelude: `code` and `said` are its. */
static int judge(struct job *job, struct scratch *scratch, int code, struct said *said)
{
    int plain_speaks = 0;

    if (code == 127 || code < 0) { /* it did not start: nothing for plain `as` to repeat */
        output_write_bytes(STDERR_FILENO, said->errors, said->errors_size);
        return EXIT_CODE_TOOL;
    }
    if (code != 0 || said->errors_size) {
        int plain;

        plain_speaks = code != 0 || !job->arguments.lists;
        plain = plain_run(job, scratch->plain_path, !plain_speaks);
        if (plain != 0)
            return plain;
    }
    if (code != 0)
        code = assemble_without_pads(job, scratch, said);
    if (code != 0) {
        message_error("%s: the annotated text does not assemble though the plain one does; "
                      "assemble this file with AFTERBURNER_MODE=off or between .afterburn_off and "
                      ".afterburn_on, and report it. GNU as says of the annotated text:\n%.*s",
                      job->source, (int)said->errors_size, said->errors);
        return EXIT_CODE_INTERNAL;
    }
    if (!plain_speaks)
        output_write_bytes(STDOUT_FILENO, said->output, said->output_size);
    code = finish(job, scratch->object, scratch->object_path);
    if (code == EXIT_CODE_OK && job->arguments.dependencies)
        code = dependencies_write(job, scratch->dependencies, scratch->prelude_path);
    return code;
}

static int annotate_into(struct job *job, struct scratch *scratch)
{
    struct said said = {0};
    int code = assemble(job, scratch->prelude_path, scratch->object_path,
                        scratch->dependencies_path, &said);

    code = judge(job, scratch, code, &said);
    free_said(&said);
    return code;
}

int annotate(struct job *job)
{
    struct scratch scratch = {0};
    int code = EXIT_CODE_INTERNAL;

    if (open_scratch(job, &scratch) == 0)
        code = annotate_into(job, &scratch);
    close_scratch(&scratch);
    return code;
}
