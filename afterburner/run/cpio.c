/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Source: Linux's Documentation/driver-api/early-userspace/buffer-format.rst, "newc". */
#include "run/cpio.h"

#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/memory.h"

#define ALIGNMENT   4
#define MODE_FILE   0100644u
#define MODE_FOLDER 040755u
#define END_NAME    "TRAILER!!!"

static bool write_all(int fd, const void *bytes, size_t size)
{
    const char *next = bytes;

    while (size) {
        ssize_t count = write(fd, next, size);

        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return false;
        next += count;
        size -= count;
    }
    return true;
}

bool cpio_align(int fd)
{
    static const char zeros[ALIGNMENT];
    off_t end = lseek(fd, 0, SEEK_CUR);

    return end >= 0 && write_all(fd, zeros, -end & (ALIGNMENT - 1));
}

static bool add_header(int fd, const char *name, unsigned int mode, uint64_t size)
{
    char *header;
    bool good;

    if (size > UINT32_MAX) {
        errno = EFBIG;
        return false;
    }
    /* Magic, inode, mode, user, group, links, time, size, device, special device, name's size,
     * check sum. */
    header = memory_format("070701%08x%08x%08x%08x%08x%08x%08" PRIx64 "%08x%08x%08x%08x%08zx%08x",
                           0u, mode, 0u, 0u, 1u, 0u, size, 0u, 0u, 0u, 0u, strlen(name) + 1, 0u);
    good = write_all(fd, header, strlen(header)) && write_all(fd, name, strlen(name) + 1) &&
           cpio_align(fd);
    free(header);
    return good;
}

bool cpio_add_folder(int fd, const char *name)
{
    return add_header(fd, name, MODE_FOLDER, 0);
}

bool cpio_add_bytes(int fd, const char *name, const void *bytes, size_t size)
{
    return add_header(fd, name, MODE_FILE, size) && write_all(fd, bytes, size) && cpio_align(fd);
}

bool cpio_copy(int fd, int from)
{
    char *buffer = memory_allocate(1 << 20);
    ssize_t count;
    bool good = true;

    while (good && (count = read(from, buffer, 1 << 20)) != 0)
        good = count < 0 ? errno == EINTR : write_all(fd, buffer, count);
    free(buffer);
    return good;
}

bool cpio_add_file(int fd, const char *name, int from)
{
    struct stat status;
    off_t start, end;

    if (fstat(from, &status) != 0 || !add_header(fd, name, MODE_FILE, status.st_size))
        return false;
    start = lseek(fd, 0, SEEK_CUR);
    if (!cpio_copy(fd, from))
        return false;
    end = lseek(fd, 0, SEEK_CUR);
    if (end - start != status.st_size) {
        errno = ESTALE; /* it changed while we read it */
        return false;
    }
    return cpio_align(fd);
}

bool cpio_end(int fd)
{
    return add_header(fd, END_NAME, 0, 0);
}
