/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "as/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/exit-codes.h"
#include "cli/memory.h"
#include "cli/message.h"

/* A number behind our own in temporary names: what a killed process left may have had it. */
#define ATTEMPTS 1000

/* The folder of a name, with its slash; "" for the current one. */
static int folder_length(const char *name)
{
    const char *slash = strrchr(name, '/');

    return slash ? (int)(slash + 1 - name) : 0;
}

static char *temporary_name(const char *name, int attempt)
{
    return memory_format("%.*s.afterburner-%ld-%d", folder_length(name), name, (long)getpid(),
                         attempt);
}

int output_write_bytes(int fd, const void *bytes, size_t size)
{
    const char *at = bytes;

    while (size) {
        ssize_t count = write(fd, at, size);

        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return -1;
        at += count;
        size -= (size_t)count;
    }
    return 0;
}

/* Gives a file without a name its name. One that is there must be replaced at once, and only a
 * rename does that. */
static int give_name(int fd, const char *name)
{
    char *path = memory_format("/proc/self/fd/%d", fd);
    int status = linkat(AT_FDCWD, path, AT_FDCWD, name, AT_SYMLINK_FOLLOW);

    for (int i = 0; status < 0 && errno == EEXIST && i < ATTEMPTS; i++) {
        char *temporary = temporary_name(name, i);

        status = linkat(AT_FDCWD, path, AT_FDCWD, temporary, AT_SYMLINK_FOLLOW);
        if (status == 0 && (status = rename(temporary, name)) < 0) {
            int reason = errno;

            unlink(temporary);
            errno = reason;
            i = ATTEMPTS;
        }
        free(temporary);
    }
    free(path);
    return status;
}

/* Where every file has a name from the start. Some of these file systems say only when the file is
 * closed that the disk is full: before that it must not have the user's name. */
static int write_named(const char *name, const char *bytes, size_t size)
{
    char *temporary = NULL;
    int fd = -1, status;

    for (int i = 0; fd < 0 && i < ATTEMPTS; i++) {
        free(temporary);
        temporary = temporary_name(name, i);
        fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd < 0 && errno != EEXIST)
            break;
    }
    if (fd < 0) {
        free(temporary);
        return -1;
    }
    status = output_write_bytes(fd, bytes, size);
    if (status < 0) {
        int reason = errno;

        close(fd);
        errno = reason;
    } else if ((status = close(fd)) == 0) {
        status = rename(temporary, name);
    }
    if (status < 0) {
        int reason = errno;

        unlink(temporary);
        errno = reason;
    }
    free(temporary);
    return status;
}

/* Some file systems say only at a close that the disk is full: one of a second descriptor asks them
 * while the file has no name yet. */
static int ask_for_errors(int fd)
{
    int copy = dup(fd);

    return copy < 0 ? -1 : close(copy);
}

/* A pipe or a device is not replaced. */
static int write_special(const char *name, const char *bytes, size_t size)
{
    int fd = open(name, O_WRONLY | O_TRUNC | O_CLOEXEC), status;

    if (fd < 0)
        return -1;
    status = output_write_bytes(fd, bytes, size);
    return close(fd) < 0 ? -1 : status;
}

/* A file without a name leaves nothing behind when we are killed. */
static int write_file(const char *name, const char *bytes, size_t size)
{
    struct stat there;
    char *folder;
    int fd, status, reason;

    if (stat(name, &there) == 0 && !S_ISREG(there.st_mode))
        return write_special(name, bytes, size);
    folder = memory_format("%.*s.", folder_length(name), name);
    fd = open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
    free(folder);
    if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT))
        return write_named(name, bytes, size);
    if (fd < 0)
        return -1;
    status = output_write_bytes(fd, bytes, size);
    if (status == 0)
        status = ask_for_errors(fd);
    reason = errno;
    if (status == 0 && give_name(fd, name) < 0) {
        /* There are file systems without hard links, and policies against them. */
        close(fd);
        return write_named(name, bytes, size);
    }
    close(fd);
    errno = reason;
    return status;
}

int output_write(const char *name, const void *bytes, size_t size)
{
    if (write_file(name, bytes, size) == 0)
        return EXIT_CODE_OK;
    message_error("%s: cannot be written: %s", name, strerror(errno));
    return EXIT_CODE_OUTPUT;
}
