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
#include "as/output.h"
#include "as/policy.h"
#include "as/prefilter.h"
#include "as/prelude.h"
#include "as/tool.h"
#include "as/version.h"
#include "cli/command.h"
#include "cli/exit-codes.h"
#include "cli/memory.h"
#include "cli/message.h"

struct input {
    const char *name; /* as given; "-" is standard input */
    char *text;
    size_t size;
    int read_once;    /* a pipe or the like: gas gets a copy */
    char *plain_path; /* what plain gas is given where our directives must be blanked, or NULL */
};

struct job {
    struct as_arguments arguments;
    struct policy *policy;
    char *real_as;
    struct input *inputs;
    size_t input_count;
    char *joined; /* several inputs are one text to gas: joined here, NULL for a single one */
    size_t joined_size;
    struct prefilter_result filtered;
    char *filtered_path; /* what gas is given to annotate: a /proc/self/fd name, or NULL for the
                            file itself */
    int stdin_copy;      /* memfd with what standard input held, or -1 */
    char *end_path;      /* a second text that closes what the first left open, or NULL */
    char *source;        /* for identities */
    int no_room;         /* the text assembles without pads only */
    int adds_version;    /* gas tells its version and we ours */
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

/* A file in memory that gas opens by the name this gives. */
static int memory_file(const char *text, size_t size, char **path)
{
    int fd = memfd_create("afterburner", 0);

    if (fd < 0 || output_write_bytes(fd, text, size) < 0) {
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

/* Reads every input. Gives NULL, or the first that cannot be read, with errno: gas shall say so
 * itself. */
static const struct input *read_inputs(struct job *job)
{
    const struct as_arguments *arguments = &job->arguments;

    job->input_count = arguments->input_count ? arguments->input_count : 1;
    job->inputs = memory_allocate(job->input_count * sizeof(*job->inputs));
    memset(job->inputs, 0, job->input_count * sizeof(*job->inputs));
    for (size_t i = 0; i < job->input_count; i++) {
        struct input *input = &job->inputs[i];
        int fd = STDIN_FILENO, status;
        struct stat kind;

        input->name = arguments->input_count ? arguments->words[arguments->inputs[i]] : "-";
        if (strcmp(input->name, "-") != 0)
            fd = open(input->name, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            return input;
        if (fd != STDIN_FILENO && (fstat(fd, &kind) < 0 || !S_ISREG(kind.st_mode)))
            input->read_once = 1;
        status = read_all(fd, &input->text, &input->size);
        if (fd == STDIN_FILENO) {
            if (status == 0 && job->stdin_copy < 0)
                job->stdin_copy = memory_file(input->text, input->size, NULL);
        } else {
            int reason = errno;

            close(fd);
            errno = reason;
        }
        if (status < 0)
            return input;
    }
    return NULL;
}

/* --- Plain gas
 * --------------------------------------------------------------------------------------------------------
 */

/* Tells gas that the next line is the first of the file with that name, which may be any: gas reads
 * the string with C's escapes. */
static void write_linefile(FILE *out, const char *name)
{
    fputs(".linefile 1 \"", out);
    for (const char *at = strcmp(name, "-") == 0 ? "{standard input}" : name; *at; at++) {
        if (*at == '"' || *at == '\\')
            fputc('\\', out);
        fputc(*at, out);
    }
    fputs("\"\n", out);
}

/* A file in memory under a user's name: gas's messages, lines and debugging information say that
 * name. */
static int named_file(const char *name, const char *text, size_t size, char **path)
{
    char *named = NULL;
    size_t named_size;
    FILE *out = open_memstream(&named, &named_size);
    int fd;

    if (!out)
        message_out_of_memory();
    write_linefile(out, name);
    fwrite(text, 1, size, out);
    if (fclose(out) != 0)
        message_out_of_memory();
    fd = memory_file(named, named_size, path);
    free(named);
    return fd;
}

/* Plain gas does not know our directives: gives it copies of the inputs without them. */
static int provide_plain(struct job *job)
{
    for (size_t i = 0; i < job->input_count; i++) {
        struct input *input = &job->inputs[i];
        char *blanked = input->text && !input->plain_path
                            ? prefilter_blank_directives(input->text, input->size)
                            : NULL;
        int fd = 0;

        if (!blanked && input->text && input->read_once && !input->plain_path)
            blanked = memcpy(memory_allocate(input->size + 1), input->text, input->size);
        if (!blanked)
            continue;
        if (strcmp(input->name, "-") == 0)
            fd = job->stdin_copy = named_file(input->name, blanked, input->size, NULL);
        else
            fd = named_file(input->name, blanked, input->size, &input->plain_path);
        free(blanked);
        if (fd < 0)
            return -1;
    }
    return 0;
}

/* Becomes plain `as` with these words; where ours is to be told behind its version, runs it. */
static int run_or_become(const struct job *job, char **words)
{
    int code;

    if (job->adds_version && job->arguments.asks_version)
        return version_answer(words);
    if (job->adds_version) {
        code = tool_run(words, -1, -1, -1);
        return code < 0 || code == 127 ? EXIT_CODE_TOOL : code;
    }
    execv(words[0], words);
    message_error("%s: cannot be started: %s", words[0], strerror(errno));
    return EXIT_CODE_TOOL;
}

/* Plain `as` with the user's own words. */
static int become_plain(struct job *job)
{
    const struct as_arguments *arguments = &job->arguments;
    size_t size = (arguments->word_count + 1) * sizeof(char *);
    char **words;
    int code;

    if (provide_plain(job) < 0)
        return EXIT_CODE_INTERNAL;
    if (job->stdin_copy >= 0) {
        lseek(job->stdin_copy, 0, SEEK_SET);
        dup2(job->stdin_copy, STDIN_FILENO);
    }
    words = memcpy(memory_allocate(size), arguments->words, size);
    for (size_t i = 0; i < arguments->input_count && i < job->input_count; i++)
        if (job->inputs[i].plain_path)
            words[arguments->inputs[i]] = job->inputs[i].plain_path;
    words[0] = job->real_as;
    code = run_or_become(job, words);
    free(words);
    return code;
}

/* Copies gas's words with another output. With a prelude, it and the text to annotate take the
 * inputs' place. */
static char **make_words(const struct job *job, char *prelude, char *output, char *dependencies)
{
    const struct as_arguments *arguments = &job->arguments;
    char **words = memory_allocate((arguments->word_count + 9) * sizeof(char *));
    size_t count = 0, next_input = 0;

    words[count++] = job->real_as;
    for (size_t i = 1; i < arguments->word_count; i++) {
        if (i == arguments->output || (arguments->output && i + 1 == arguments->output))
            continue;
        if (next_input == arguments->input_count || arguments->inputs[next_input] != i) {
            words[count++] = dependencies && arguments->words[i] == arguments->dependencies
                                 ? dependencies
                                 : arguments->words[i];
            continue;
        }
        if (!prelude) {
            char *plain_path = job->inputs[next_input].plain_path;

            words[count++] = plain_path ? plain_path : arguments->words[i];
        } else if (next_input == 0) {
            words[count++] = prelude;
            words[count++] = job->filtered_path ? job->filtered_path : arguments->words[i];
            if (job->end_path)
                words[count++] = job->end_path;
        }
        next_input++;
    }
    if (prelude && arguments->input_count == 0) {
        words[count++] = prelude;
        words[count++] = job->filtered_path;
        if (job->end_path)
            words[count++] = job->end_path;
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
    /* Dependencies are written once the object is complete, and name the user's files. */
    char no_dependencies[] = "/dev/null";
    char **words = provide_plain(job) == 0 ? make_words(job, NULL, output, no_dependencies) : NULL;
    int nowhere = quiet_listing ? open("/dev/null", O_WRONLY | O_CLOEXEC) : -1;
    int code;

    if (!words)
        return EXIT_CODE_INTERNAL;
    if (job->stdin_copy >= 0)
        lseek(job->stdin_copy, 0, SEEK_SET);
    code = tool_run(words, job->stdin_copy, nowhere, -1);
    if (nowhere >= 0)
        close(nowhere);
    free(words);
    return code;
}

/* --- Dependencies
 * -----------------------------------------------------------------------------------------------------
 */

#define DEPENDENCY_COLUMNS 72

/* Prints one name of a dependency rule, wrapped as gas wraps it. */
static void print_dependency(FILE *out, const char *name, size_t *column)
{
    if (*column + strlen(name) > DEPENDENCY_COLUMNS - 3) {
        fputs(" \\\n", out);
        *column = 0;
    }
    *column += (size_t)fprintf(out, " %s", strcmp(name, "-") == 0 ? "{standard input}" : name);
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
        if (strcmp(word, prelude) == 0 || (job->end_path && strcmp(word, job->end_path) == 0))
            continue; /* the user does not know of them */
        if (!job->filtered_path || strcmp(word, job->filtered_path) != 0) {
            print_dependency(out, word, &column);
            continue;
        }
        for (size_t i = 0; i < job->input_count; i++)
            print_dependency(out, job->inputs[i].name, &column);
    }
    fputc('\n', out);
    fclose(out);
    code = output_write(job->arguments.dependencies, mended, mended_size);
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
    normal = identity_source_path(path, directory);
    free(path);
    return normal;
}

/* gas reads several inputs as one text: so does the prefilter. */
static void join_inputs(struct job *job)
{
    FILE *out;

    if (job->input_count < 2)
        return;
    out = open_memstream(&job->joined, &job->joined_size);
    if (!out)
        message_out_of_memory();
    for (size_t i = 0; i < job->input_count; i++) {
        const struct input *input = &job->inputs[i];

        if (i)
            write_linefile(out, input->name);
        fwrite(input->text, 1, input->size, out);
        if (input->size && input->text[input->size - 1] != '\n')
            fputc('\n', out);
    }
    if (fclose(out) != 0)
        message_out_of_memory();
}

/* Runs the prefilter; gives whether anything may be sensitive. */
static int filter_inputs(struct job *job)
{
    struct prefilter_options options = {
        .bits = job->arguments.bits,
        .alternate = job->arguments.alternate,
        .intel = job->arguments.intel,
        .naked = job->arguments.naked,
        .policy = job->policy,
    };

    join_inputs(job);
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

    if (job->filtered.needs_end && memory_file(end, sizeof(end) - 1, &job->end_path) < 0)
        return -1;
    if (job->filtered.text)
        return named_file(first->name, job->filtered.text, job->filtered.size, &job->filtered_path);
    if (job->joined)
        return named_file(first->name, job->joined, job->joined_size, &job->filtered_path);
    if (strcmp(first->name, "-") == 0 || first->read_once)
        return named_file(first->name, first->text, first->size, &job->filtered_path);
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
    char **words = make_words(job, prelude, object_path, dependencies);
    int output = memfd_create("output", MFD_CLOEXEC), errors = memfd_create("errors", MFD_CLOEXEC);
    int code;

    if (output < 0 || errors < 0)
        message_out_of_memory();
    code = tool_run(words, -1, output, errors);
    free(words);
    lseek(output, 0, SEEK_SET);
    lseek(errors, 0, SEEK_SET);
    if (read_all(output, &said->output, &said->output_size) < 0 ||
        read_all(errors, &said->errors, &said->errors_size) < 0)
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
    scratch->prelude = memory_file(prelude, size, &scratch->prelude_path);
    free(prelude);
    return scratch->prelude < 0 ? -1 : 0;
}

static int open_scratch(struct job *job, struct scratch *scratch)
{
    job->source = source_path(job);
    scratch->object = memory_file("", 0, &scratch->object_path);
    scratch->plain = memory_file("", 0, &scratch->plain_path);
    if (job->arguments.dependencies)
        scratch->dependencies = memory_file("", 0, &scratch->dependencies_path);
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
        plain = run_plain(job, scratch->plain_path, !plain_speaks);
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
        code = write_dependencies(job, scratch->dependencies, scratch->prelude_path);
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

static int annotate(struct job *job)
{
    struct scratch scratch = {0};
    int code = EXIT_CODE_INTERNAL;

    if (open_scratch(job, &scratch) == 0)
        code = annotate_into(job, &scratch);
    close_scratch(&scratch);
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

/* For an input that cannot be read: gas shall say so. Where it takes what we could not, nothing is
 * assembled, since an object without annotation would go unnoticed. */
static int let_gas_refuse(struct job *job, const struct input *unreadable)
{
    int reason = errno, code = EXIT_CODE_INTERNAL;
    char *nowhere;

    if (memory_file("", 0, &nowhere) < 0)
        return code;
    code = run_plain(job, nowhere, 0);
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
    read_inputs(job); /* what cannot be read, gas shall say */
    return become_plain(job);
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
    unreadable = read_inputs(job);
    if (unreadable)
        return let_gas_refuse(job, unreadable);
    if (!filter_inputs(job))
        return become_plain(job);
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
