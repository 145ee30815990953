/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The dependency file of --MD. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "as/job.h"
#include "as/output.h"
#include "cli/memory.h"
#include "cli/message.h"

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

int dependencies_write(const struct job *job, int fd, const char *prelude)
{
    const char *output = as_arguments_output(&job->arguments);
    size_t size, mended_size, column = strlen(output) + 1;
    char *text, *mended = NULL, *cursor;
    FILE *out;
    int code;

    lseek(fd, 0, SEEK_SET);
    if (inputs_read_file(fd, &text, &size) < 0)
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
