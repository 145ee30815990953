/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What examples/linux/build needs besides programs. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/memory.h"
#include "doctor/checks.h"

#define BUSYBOX       "/bin/busybox"
#define SOURCE        "/usr/src/linux-source-6.1.tar.xz"
#define LIBELF_HEADER "/usr/include/libelf.h"

/* 1 if the 64-bit ELF program asks for no dynamic loader, 0 if it does, -1 if it cannot be told. */
static int is_static(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    Elf64_Ehdr header;
    int result = 1;

    if (fd < 0)
        return -1;
    if (read(fd, &header, sizeof(header)) != sizeof(header) ||
        memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64)
        result = -1;
    for (int i = 0; result == 1 && i < header.e_phnum; i++) {
        Elf64_Phdr segment;

        if (pread(fd, &segment, sizeof(segment), header.e_phoff + i * sizeof(segment)) !=
            sizeof(segment))
            result = -1;
        else if (segment.p_type == PT_INTERP)
            result = 0;
    }
    close(fd);
    return result;
}

static void check_busybox(struct report *report)
{
    const char *remedy = "apt-get install busybox-static";
    int answer = is_static(BUSYBOX);

    if (answer > 0)
        report_add(report, "busybox, static", USE_LINUX, STATE_OK, memory_copy_string(BUSYBOX),
                   NULL);
    else if (answer == 0)
        report_add(report, "busybox, static", USE_LINUX, STATE_BROKEN,
                   memory_copy_string(BUSYBOX " needs shared libraries, which an initramfs lacks"),
                   memory_copy_string(remedy));
    else
        report_add(report, "busybox, static", USE_LINUX, STATE_MISSING,
                   memory_copy_string("no " BUSYBOX), memory_copy_string(remedy));
}

static void check_file(struct report *report, const char *name, const char *path,
                       const char *package)
{
    struct stat status;

    if (stat(path, &status) == 0 && access(path, R_OK) == 0)
        report_add(report, name, USE_LINUX, STATE_OK, memory_copy_string(path), NULL);
    else
        report_add(report, name, USE_LINUX, errno == ENOENT ? STATE_MISSING : STATE_BROKEN,
                   memory_format("%s: %s", path, strerror(errno)),
                   memory_format("apt-get install %s", package));
}

void check_linux(struct report *report)
{
    if (!report_wants(report, USE_LINUX))
        return;
    check_file(report, "libelf headers", LIBELF_HEADER, "libelf-dev");
    check_busybox(report);
    check_file(report, "Linux source", SOURCE, "linux-source-6.1");
}
