/* SPDX-License-Identifier: GPL-3.0-or-later */
/* GNU as on the text as the user gave it. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "as/job.h"
#include "as/tool.h"
#include "as/version.h"
#include "cli/exit-codes.h"
#include "cli/memory.h"
#include "cli/message.h"

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
            fd = job->stdin_copy = inputs_named_file(input->name, blanked, input->size, NULL);
        else
            fd = inputs_named_file(input->name, blanked, input->size, &input->plain_path);
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
int plain_become(struct job *job)
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

char **plain_words(const struct job *job, char *prelude, char *output, char *dependencies)
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

int plain_run(struct job *job, char *output, int quiet_listing)
{
    /* Dependencies are written once the object is complete, and name the user's files. */
    char no_dependencies[] = "/dev/null";
    char **words = provide_plain(job) == 0 ? plain_words(job, NULL, output, no_dependencies) : NULL;
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
