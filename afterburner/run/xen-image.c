/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Source: the Multiboot Specification 0.6.96, 3.1, for the header. */
#include "run/xen-image.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include "cli/cache-folder.h"
#include "cli/memory.h"
#include "cli/message.h"

#define VARIABLE  "AFTERBURNER_XEN"
#define INSTALLED "/boot/xen-*-amd64.gz"
#define PACKAGE   "xen-hypervisor-4.17-amd64"
#define FILE_NAME "xen-4.17-amd64.gz"

#define LARGEST          (64 * 1024 * 1024) /* Debian's has 4 MiB */
#define MULTIBOOT_MAGIC  0x1badb002
#define MULTIBOOT_SEARCH 8192

/* The one with the highest version; to be freed. */
static char *newest_installed(void)
{
    glob_t found;
    char *newest = NULL;

    if (glob(INSTALLED, GLOB_NOSORT, NULL, &found) != 0)
        return NULL;
    for (size_t i = 0; i < found.gl_pathc; i++)
        if (!newest || strverscmp(found.gl_pathv[i], newest) > 0)
            newest = found.gl_pathv[i];
    newest = newest ? memory_copy_string(newest) : NULL;
    globfree(&found);
    return newest;
}

static const char *environment(void)
{
    const char *value = getenv(VARIABLE);

    return value && *value ? value : NULL;
}

char *xen_image_look(const char *named)
{
    char *path, *folder;

    if (!named)
        named = environment();
    if (named)
        return memory_copy_string(named);
    path = newest_installed();
    if (path)
        return path;
    folder = cache_folder();
    path = memory_format("%s/xen/" FILE_NAME, folder);
    free(folder);
    if (access(path, F_OK) == 0)
        return path;
    free(path);
    return NULL;
}

char *xen_image_remedy(void)
{
    char *folder = cache_folder();
    char *command = memory_format("mkdir -p '%s/xen' && cd '%s/xen' && apt-get download " PACKAGE
                                  " && dpkg-deb --fsys-tarfile " PACKAGE "_*.deb | tar -x "
                                  "--strip-components=2 ./boot/" FILE_NAME,
                                  folder, folder);

    free(folder);
    return command;
}

char *xen_image_find(const char *named)
{
    char *path = xen_image_look(named);
    char *remedy;

    if (!path) {
        remedy = xen_image_remedy();
        message_error("Xen: not found in /boot, nor fetched; to fetch it: %s", remedy);
        free(remedy);
        return NULL;
    }
    if (access(path, R_OK) == 0)
        return path;
    if (!named && environment())
        message_error("%s: the environment's " VARIABLE " names no readable file (%s); unset it or "
                      "name a Xen such as /boot/" FILE_NAME,
                      path, strerror(errno));
    else
        message_error("%s: %s; give the path of a Xen such as /boot/" FILE_NAME, path,
                      strerror(errno));
    free(path);
    return NULL;
}

static bool has_multiboot_header(const unsigned char *bytes, size_t size)
{
    uint32_t header[3];

    for (size_t at = 0; at + sizeof(header) <= size && at < MULTIBOOT_SEARCH; at += 4) {
        memcpy(header, bytes + at, sizeof(header));
        if (header[0] == MULTIBOOT_MAGIC && header[0] + header[1] + header[2] == 0)
            return true;
    }
    return false;
}

static char *check_content(const unsigned char *bytes, size_t size)
{
    Elf32_Ehdr header; /* both classes begin alike */

    if (size < sizeof(header) || memcmp(bytes, ELFMAG, SELFMAG) != 0)
        return memory_copy_string("not an ELF image, packed with gzip or not");
    memcpy(&header, bytes, sizeof(header));
    if (header.e_ident[EI_DATA] != ELFDATA2LSB ||
        (header.e_machine != EM_386 && header.e_machine != EM_X86_64))
        return memory_copy_string("an ELF image for another machine than x86");
    if (!has_multiboot_header(bytes, size))
        return memory_copy_string("an ELF image without a multiboot header, which Xen has");
    return NULL;
}

/* Gives the unpacked size; what is wrong, if anything, in *wrong. */
static size_t unpack(gzFile packed, unsigned char *bytes, char **wrong)
{
    size_t size = 0;
    int count, number;

    /* A file that is not packed comes through as it is. */
    while (size < LARGEST && (count = gzread(packed, bytes + size, LARGEST - size)) > 0)
        size += count;
    gzerror(packed, &number);
    if (number == Z_ERRNO)
        *wrong = memory_format("cannot be read: %s", strerror(errno));
    else if (number == Z_BUF_ERROR)
        *wrong = memory_copy_string("truncated: the packed data has no end");
    else if (number != Z_OK && number != Z_STREAM_END)
        *wrong = memory_copy_string("damaged: it cannot be unpacked");
    else if (size == LARGEST)
        *wrong = memory_copy_string("larger than any Xen");
    return size;
}

static int memory_file(const unsigned char *bytes, size_t size, char **wrong)
{
    int fd = memfd_create("xen", MFD_CLOEXEC);
    size_t done = 0;

    while (fd >= 0 && done < size) {
        ssize_t count = write(fd, bytes + done, size - done);

        if (count < 0 && errno != EINTR)
            break;
        done += count > 0 ? count : 0;
    }
    if (fd >= 0 && done == size)
        return fd;
    *wrong = memory_format("no memory to unpack it: %s", strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

int xen_image_open(const char *path, char **wrong)
{
    gzFile packed = gzopen(path, "rbe");
    unsigned char *bytes;
    size_t size;
    int fd = -1;

    *wrong = NULL;
    if (!packed) {
        *wrong = memory_copy_string(strerror(errno));
        return -1;
    }
    bytes = memory_allocate(LARGEST);
    size = unpack(packed, bytes, wrong);
    if (!*wrong)
        *wrong = check_content(bytes, size);
    if (!*wrong)
        fd = memory_file(bytes, size, wrong);
    free(bytes);
    gzclose(packed);
    return fd;
}
