/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading the inputs, and files in memory that stand in for them. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "as/job.h"
#include "as/output.h"
#include "cli/memory.h"
#include "cli/message.h"

int inputs_read_file(int fd, char **text, size_t *size)
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

int inputs_memory_file(const char *text, size_t size, char **path)
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

const struct input *inputs_read(struct job *job)
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
        status = inputs_read_file(fd, &input->text, &input->size);
        if (fd == STDIN_FILENO) {
            if (status == 0 && job->stdin_copy < 0)
                job->stdin_copy = inputs_memory_file(input->text, input->size, NULL);
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

int inputs_named_file(const char *name, const char *text, size_t size, char **path)
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
    fd = inputs_memory_file(named, named_size, path);
    free(named);
    return fd;
}

void inputs_join(struct job *job)
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
