/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Room to work in: disk, memory, processors. */
#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "cli/cache-folder.h"
#include "cli/memory.h"
#include "doctor/checks.h"

#define MIB (1024 * 1024)
/* An unpacked Linux has 1.5 GiB, a build directory half of one, and there are up to three of them.
 */
#define DISK_LINUX_MIB 4096
#define DISK_MIB       512
/* Two compilers or linkers at once; a guest of 256 MiB in QEMU. */
#define MEMORY_MIB 1024

static void check_disk(struct report *report)
{
    const char *name = "disk space";
    uint64_t needed = report_wants(report, USE_LINUX) ? DISK_LINUX_MIB : DISK_MIB;
    char *folder = cache_folder();
    char *existing = memory_copy_string(folder);
    struct statvfs status;
    uint64_t available;
    int answer;

    /* The folder need not exist yet: its nearest parent that does is on the same disk. */
    while ((answer = statvfs(existing, &status)) != 0 && errno == ENOENT &&
           strrchr(existing, '/') > existing)
        *strrchr(existing, '/') = '\0';
    if (answer != 0) {
        report_add(report, name, USE_ALL, STATE_BROKEN,
                   memory_format("%s: %s", folder, strerror(errno)),
                   memory_copy_string("set XDG_CACHE_HOME to a folder of yours"));
    } else if (access(existing, W_OK) != 0) {
        report_add(report, name, USE_ALL, STATE_BROKEN,
                   memory_format("%s: %s", existing, strerror(errno)),
                   memory_copy_string("set XDG_CACHE_HOME to a folder of yours"));
    } else {
        available = (uint64_t)status.f_bavail * status.f_frsize / MIB;
        report_add(report, name, USE_ALL, available >= needed ? STATE_OK : STATE_BROKEN,
                   memory_format("%" PRIu64 " MiB free for %s; %" PRIu64 " are needed", available,
                                 folder, needed),
                   available >= needed
                       ? NULL
                       : memory_copy_string(
                             "make room, or set XDG_CACHE_HOME to a folder on another disk"));
    }
    free(existing);
    free(folder);
}

/* MemAvailable of /proc/meminfo (proc(5)) in MiB, or 0. */
static uint64_t available_memory(void)
{
    FILE *file = fopen("/proc/meminfo", "re");
    uint64_t kib = 0;
    char line[256];

    while (file && fgets(line, sizeof(line), file))
        if (strncmp(line, "MemAvailable:", 13) == 0)
            kib = strtoull(line + 13, NULL, 10);
    if (file)
        fclose(file);
    return kib / 1024;
}

static void check_memory(struct report *report)
{
    uint64_t available = available_memory();

    report_add(report, "memory", USE_ALL, available >= MEMORY_MIB ? STATE_OK : STATE_BROKEN,
               memory_format("%" PRIu64 " MiB available; %d are needed", available, MEMORY_MIB),
               available >= MEMORY_MIB ? NULL
                                       : memory_copy_string("end other programs, or add swap"));
}

void check_machine(struct report *report)
{
    if (!report_wants(report, USE_ALL))
        return;
    check_disk(report);
    check_memory(report);
    report_add(report, "processors", USE_ALL, STATE_OK,
               memory_format("%ld", sysconf(_SC_NPROCESSORS_ONLN)), NULL);
}
