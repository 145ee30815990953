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
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "as/arguments.h"
#include "as/complete.h"
#include "as/identity.h"
#include "as/policy.h"
#include "as/prefilter.h"
#include "as/prelude.h"
#include "as/tool.h"
#include "cli/command.h"
#include "cli/exit-codes.h"
#include "cli/memory.h"
#include "cli/message.h"
#include "cli/version.h"

struct input {
    const char *name; /* as given; "-" is standard input */
    char *text;
    size_t size;
    struct prefilter_result filtered;
    char *path; /* what gas is given instead: a /proc/self/fd name, or NULL */
};

struct job {
    struct as_arguments arguments;
    struct policy *policy;
    char *real_as;
    struct input *inputs;
    size_t input_count;
    int stdin_copy; /* memfd with what standard input held, or -1 */
    char *source;   /* for identities */
};

/* --- Reading
 * ----------------------------------------------------------------------------------------------------------
 */

static int read_all(int fd, char **text, size_t *size)
{
    size_t capacity = 65536;
    struct stat status;

    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0)
        capacity = (size_t)status.st_size + 1;
    *text = memory_allocate(capacity);
    *size = 0;
    for (;;) {
        ssize_t got = read(fd, *text + *size, capacity - *size);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got < 0 ? -1 : 0;
        *size += (size_t)got;
        if (*size == capacity)
            *text = memory_resize(*text, capacity *= 2);
    }
}

static int write_all(int fd, const void *data, size_t size)
{
    const char *at = data;

    while (size) {
        ssize_t put = write(fd, at, size);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return -1;
        at += put;
        size -= (size_t)put;
    }
    return 0;
}

/* A file in memory that gas opens by the name this gives. */
static int memory_file(const char *text, size_t size, char **path)
{
    int fd = memfd_create("afterburner", 0);

    if (fd < 0 || write_all(fd, text, size) < 0) {
        message_error("cannot make a file in memory: %s", strerror(errno));
        if (fd >= 0)
            close(fd);
        return -1;
    }
    lseek(fd, 0, SEEK_SET);
    if (path)
        *path = memory_format("/proc/self/fd/%d", fd);
    return fd;
}

/* Reads every input; 0, or -1 when one cannot be read: then gas shall say so itself. */
static int read_inputs(struct job *job)
{
    const struct as_arguments *arguments = &job->arguments;

    job->input_count = arguments->input_count ? arguments->input_count : 1;
    job->inputs = memory_allocate(job->input_count * sizeof(*job->inputs));
    memset(job->inputs, 0, job->input_count * sizeof(*job->inputs));
    for (size_t i = 0; i < job->input_count; i++) {
        struct input *input = &job->inputs[i];
        int fd = STDIN_FILENO, status;

        input->name = arguments->input_count ? arguments->words[arguments->inputs[i]] : "-";
        if (strcmp(input->name, "-") != 0)
            fd = open(input->name, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            return -1;
        status = read_all(fd, &input->text, &input->size);
        if (fd == STDIN_FILENO) {
            if (status == 0 && job->stdin_copy < 0)
                job->stdin_copy = memory_file(input->text, input->size, NULL);
        } else {
            close(fd);
        }
        if (status < 0)
            return -1;
    }
    return 0;
}

/* --- Plain gas
 * --------------------------------------------------------------------------------------------------------
 */

/* Becomes plain `as` with the user's own words. */
static int become_plain(struct job *job)
{
    if (job->stdin_copy >= 0) {
        lseek(job->stdin_copy, 0, SEEK_SET);
        dup2(job->stdin_copy, STDIN_FILENO);
    }
    job->arguments.words[0] = job->real_as;
    execv(job->real_as, job->arguments.words);
    message_error("%s: cannot be started: %s", job->real_as, strerror(errno));
    return EXIT_CODE_TOOL;
}

/* Copies gas's words with inputs, output and options exchanged: `with_inputs` uses the filtered
 * inputs and the prelude. */
static char **make_words(const struct job *job, const char *prelude, char *output,
                         char *dependencies)
{
    const struct as_arguments *arguments = &job->arguments;
    char **words = memory_allocate((arguments->word_count + 8) * sizeof(char *));
    size_t count = 0, next_input = 0;

    words[count++] = job->real_as;
    for (size_t i = 1; i < arguments->word_count; i++) {
        int is_input = next_input < arguments->input_count && arguments->inputs[next_input] == i;

        if (i == arguments->output || (arguments->output && i + 1 == arguments->output))
            continue;
        if (dependencies && (arguments->words[i] == arguments->dependencies))
            words[count++] = dependencies;
        else if (is_input && prelude && next_input == 0)
            words[count++] = (char *)prelude;
        if (is_input) {
            const struct input *input = &job->inputs[next_input++];

            words[count++] = prelude && input->path ? input->path : arguments->words[i];
        } else if (!(dependencies && arguments->words[i] == arguments->dependencies)) {
            words[count++] = arguments->words[i];
        }
    }
    if (prelude && arguments->input_count == 0) {
        words[count++] = (char *)prelude;
        words[count++] = job->inputs[0].path;
    }
    words[count++] = "-o";
    words[count++] = output;
    words[count] = NULL;
    return words;
}

/* Lets plain `as` assemble the original text into `output`, saying what it has to say; gives its
 * exit code. */
static int run_plain(struct job *job, char *output, int quiet_listing)
{
    char **words = make_words(job, NULL, output, NULL);
    int nowhere = quiet_listing ? open("/dev/null", O_WRONLY | O_CLOEXEC) : -1;
    int code;

    if (job->stdin_copy >= 0)
        lseek(job->stdin_copy, 0, SEEK_SET);
    code = tool_run(words, job->stdin_copy, nowhere, -1);
    if (nowhere >= 0)
        close(nowhere);
    free(words);
    return code;
}

/* --- Output
 * -----------------------------------------------------------------------------------------------------------
 */

/* Writes the object beside its final name and renames it into place. */
static int write_output(const char *name, const void *object, size_t size)
{
    char *temporary = memory_format("%s.afterburner-%ld", name, (long)getpid());
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

    if (fd < 0 || write_all(fd, object, size) < 0 || close(fd) < 0 || rename(temporary, name) < 0) {
        message_error("%s: cannot be written: %s", name, strerror(errno));
        unlink(temporary);
        free(temporary);
        return EXIT_CODE_OUTPUT;
    }
    free(temporary);
    return EXIT_CODE_OK;
}

#define DEPENDENCY_COLUMNS 72

/* The user's name for a file gas was given, NULL for the prelude, which the user does not know of.
 */
static const char *user_name(const struct job *job, const char *prelude, const char *name)
{
    if (strcmp(name, prelude) == 0)
        return NULL;
    for (size_t i = 0; i < job->input_count; i++)
        if (job->inputs[i].path && strcmp(name, job->inputs[i].path) == 0)
            return strcmp(job->inputs[i].name, "-") == 0 ? "{standard input}" : job->inputs[i].name;
    return name;
}

/* gas's dependency file (`--MD`) names the files gas was given: it is written again with the user's
 * names, wrapped as gas wraps it. */
static int write_dependencies(const struct job *job, int fd, const char *prelude)
{
    const char *output = as_arguments_output(&job->arguments);
    size_t size, mended_size, column = strlen(output) + 1;
    char *text, *mended = NULL, *cursor;
    FILE *out;
    int code;

    lseek(fd, 0, SEEK_SET);
    if (read_all(fd, &text, &size) < 0)
        message_out_of_memory();
    text = memory_resize(text, size + 1);
    text[size] = '\0';
    out = open_memstream(&mended, &mended_size);
    if (!out)
        message_out_of_memory();
    fprintf(out, "%s:", output);
    cursor = strchr(text, ':');
    for (char *word = cursor ? strtok_r(cursor + 1, " \\\n", &cursor) : NULL; word;
         word = strtok_r(NULL, " \\\n", &cursor)) {
        const char *name = user_name(job, prelude, word);

        if (!name)
            continue;
        if (column + strlen(name) > DEPENDENCY_COLUMNS - 3) {
            fputs(" \\\n", out);
            column = 0;
        }
        column += (size_t)fprintf(out, " %s", name);
    }
    fputc('\n', out);
    fclose(out);
    code = write_output(job->arguments.dependencies, mended, mended_size);
    free(mended);
    free(text);
    return code;
}

/* --- Annotating
 * -------------------------------------------------------------------------------------------------------
 */

/* The source path identities are made with: what the text itself says (its first line marker), or
 * the output's folder and the name in .file (a compiler's text comes from a temporary file), or the
 * input's name, or the output's. */
static char *source_path(const struct job *job)
{
    const char *output = as_arguments_output(&job->arguments), *slash = strrchr(output, '/');
    const struct prefilter_result *filtered = &job->inputs[0].filtered;
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
    normal = identity_source_path(path, directory);
    free(path);
    return normal;
}

static int annotate_inputs(struct job *job)
{
    struct prefilter_options options = {
        .bits = job->arguments.bits,
        .alternate = job->arguments.alternate,
        .intel = job->arguments.intel,
        .policy = job->policy,
    };
    int needed = 0;

    for (size_t i = 0; i < job->input_count; i++) {
        prefilter(job->inputs[i].text, job->inputs[i].size, &options, &job->inputs[i].filtered);
        needed |= job->inputs[i].filtered.needs_prelude;
    }
    return needed;
}

/* Gives gas a copy of each input that was rewritten or came by standard input, under its own name
 * for line numbers. */
static int provide_inputs(struct job *job)
{
    for (size_t i = 0; i < job->input_count; i++) {
        struct input *input = &job->inputs[i];
        int from_stdin = strcmp(input->name, "-") == 0;
        const char *body = input->filtered.text ? input->filtered.text : input->text;
        size_t size = input->filtered.text ? input->filtered.size : input->size, head;
        char *text;
        int fd;

        if (!input->filtered.text && !from_stdin)
            continue;
        text = memory_format(".linefile 1 \"%s\"\n", from_stdin ? "{standard input}" : input->name);
        head = strlen(text);
        text = memory_resize(text, head + size);
        memcpy(text + head, body, size);
        fd = memory_file(text, head + size, &input->path);
        free(text);
        if (fd < 0)
            return -1;
    }
    return 0;
}

/* Assembles with the prelude into memory. Gives gas's exit code; *said tells that it printed
 * something. */
static int assemble(struct job *job, const char *prelude, char *object_path, char *dependencies,
                    int *said)
{
    char **words = make_words(job, prelude, object_path, dependencies), *text;
    int messages = memfd_create("messages", MFD_CLOEXEC);
    size_t size = 0;
    int code;

    code = tool_run(words, -1, -1, messages);
    free(words);
    lseek(messages, 0, SEEK_SET);
    if (code == 127 && read_all(messages, &text, &size) == 0) {
        write_all(STDERR_FILENO, text,
                  size); /* it did not start: nothing for plain `as` to repeat */
        free(text);
    }
    *said = lseek(messages, 0, SEEK_END) > 0;
    close(messages);
    return code;
}

static int finish(struct job *job, int object_fd, char *object_path)
{
    struct complete_options options = {.source = job->source};
    unsigned char *object;
    struct stat status;
    int code;

    for (size_t i = 0; i < job->input_count; i++)
        options.compiled |= job->inputs[i].filtered.compiled;
    if (fstat(object_fd, &status) < 0 || status.st_size == 0)
        return EXIT_CODE_OK; /* gas was told to make nothing */
    object = mmap(NULL, (size_t)status.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, object_fd, 0);
    if (object == MAP_FAILED)
        message_out_of_memory();
    if (complete_records(object_path, object, (size_t)status.st_size, &options) < 0)
        code = EXIT_CODE_INTERNAL;
    else
        code = write_output(as_arguments_output(&job->arguments), object, (size_t)status.st_size);
    munmap(object, (size_t)status.st_size);
    return code;
}

static int annotate(struct job *job)
{
    char *object_path, *scratch_path, *prelude_path, *prelude, *dependencies = NULL;
    int object_fd, scratch_fd, prelude_fd, dependencies_fd = -1, code, said;
    struct prelude_options options = {.bits = job->arguments.bits,
                                      .alternate = job->arguments.alternate};
    size_t size;

    job->source = source_path(job);
    options.source = XXH64(job->source, strlen(job->source), 0);
    for (size_t i = 0; i < job->input_count; i++)
        options.dynamic |= job->inputs[i].filtered.needs_dynamic;
    prelude = prelude_make(&options, &size);
    prelude_fd = memory_file(prelude, size, &prelude_path);
    free(prelude);
    object_fd = memory_file("", 0, &object_path);
    if (job->arguments.dependencies)
        dependencies_fd = memory_file("", 0, &dependencies);
    if (prelude_fd < 0 || object_fd < 0 || provide_inputs(job) < 0)
        return EXIT_CODE_INTERNAL;

    code = assemble(job, prelude_path, object_path, dependencies, &said);
    if (code == 127 || code < 0)
        return EXIT_CODE_TOOL;
    if (code != 0 || said) {
        int plain;

        scratch_fd = memory_file("", 0, &scratch_path);
        plain = run_plain(job, scratch_path, code == 0 && job->arguments.lists);
        close(scratch_fd);
        if (plain != 0)
            return plain;
        if (code != 0) {
            message_error(
                "%s: the annotated text does not assemble though the plain one does; assemble this "
                "file with "
                "AFTERBURNER_MODE=off or between .afterburn_off and .afterburn_on, and report it",
                job->source);
            assemble(job, prelude_path, object_path, dependencies, &said);
            return EXIT_CODE_INTERNAL;
        }
    }
    code = finish(job, object_fd, object_path);
    if (code == EXIT_CODE_OK && dependencies)
        code = write_dependencies(job, dependencies_fd, prelude_path);
    return code;
}

/* --- The command
 * ------------------------------------------------------------------------------------------------------
 */

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

static int start_off(struct job *job)
{
    int found = 0;

    if (read_inputs(job) < 0)
        return become_plain(job);
    for (size_t i = 0; i < job->input_count; i++) {
        struct input *input = &job->inputs[i];

        input->filtered.text = prefilter_blank_directives(input->text, input->size);
        input->filtered.size = input->size;
        if (!input->filtered.text)
            continue;
        if (memory_file(input->filtered.text, input->size, &input->path) < 0)
            return EXIT_CODE_INTERNAL;
        found = 1;
        if (job->arguments.input_count) {
            free(job->arguments.words[job->arguments.inputs[i]]);
            job->arguments.words[job->arguments.inputs[i]] = memory_copy_string(input->path);
        } else {
            job->stdin_copy = memory_file(input->filtered.text, input->size, NULL);
        }
    }
    (void)found;
    return become_plain(job);
}

static int start(struct job *job, const char *mode, const char *policy_path)
{
    int off = mode && strcmp(mode, "off") == 0;

    if (mode && *mode && !off && strcmp(mode, "on") != 0) {
        message_error("AFTERBURNER_MODE=%s: not known; use on or off", mode);
        return EXIT_CODE_USAGE;
    }
    if (job->arguments.only_asks)
        return become_plain(job);
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
    if (read_inputs(job) < 0 || !annotate_inputs(job))
        return become_plain(job);
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

    for (size_t i = 0; i < job.input_count; i++) {
        free(job.inputs[i].text);
        free(job.inputs[i].filtered.text);
        free(job.inputs[i].path);
    }
    free(job.inputs);
    free(job.source);
    policy_free(job.policy);
    as_arguments_free(&job.arguments);
    free(job.real_as);
    return code;
}
