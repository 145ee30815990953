/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "as/version.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "as/output.h"
#include "as/tool.h"
#include "cli/annotator-hash.h"
#include "cli/exit-codes.h"
#include "cli/memory.h"
#include "cli/message.h"
#include "cli/version.h"

/* The hash changes with whatever decides the bytes of an object, the version with a release. */
static const char line[] = "afterburner " AFTERBURNER_VERSION ", annotator " ANNOTATOR_HASH "\n";

/* Prints what a file in memory has. All of it in one piece, as GNU as does: who reads the first
 * line of a pipe and closes it must not make a failure of the second. */
static int print_file(int fd)
{
    off_t size = lseek(fd, 0, SEEK_END);
    char *text = memory_allocate((size_t)size + 1);
    int status = -1;

    if (pread(fd, text, (size_t)size, 0) == size)
        status = output_write_bytes(STDOUT_FILENO, text, (size_t)size);
    free(text);
    return status;
}

int version_answer(char **words)
{
    int answer = memfd_create("version", MFD_CLOEXEC), code;

    if (answer < 0)
        message_out_of_memory();
    code = tool_run(words, -1, answer, -1);
    if (code == 127)
        code = -1;
    /* An answer without a word was to another question. */
    if (code == 0 && lseek(answer, 0, SEEK_END) > 0 &&
        output_write_bytes(answer, line, sizeof(line) - 1) < 0)
        message_out_of_memory();
    if (code >= 0 && print_file(answer) < 0) {
        message_error("standard output: %s", strerror(errno));
        code = code ? code : EXIT_CODE_OUTPUT;
    }
    close(answer);
    return code < 0 ? EXIT_CODE_TOOL : code;
}

void version_add(void)
{
    output_write_bytes(STDERR_FILENO, line, sizeof(line) - 1);
}
