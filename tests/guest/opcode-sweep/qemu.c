/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Some instructions take the machine with them: a reset, a stopped virtual CPU, a QEMU that aborts.
 * The guest says in shared memory what it is about to run, so all of that is just one more verdict,
 * and the sweep goes on behind it. */
#include "qemu.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define POLL_NANOSECONDS 2000000
/* A run takes some ten microseconds and is ended by the guest's timer after 30 ms. On a busy
 * machine QEMU may be kept from running for long, so a first silence is tried again with more
 * patience before it counts. */
#define SILENCE_FIRST 0.25
#define SILENCE_AGAIN 1.5
#define BOOT_LIMIT    20.0
/* More restarts than this mean the guest itself is broken. */
#define STARTS_MAX    2000
#define GIVE_UP_AFTER 3

/* The shell's exit codes for a program that is not there, or cannot be executed. */
#define EXIT_NOT_FOUND   127
#define EXIT_NOT_STARTED 126

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int qemu_open_memory(const char *path, bool create)
{
    int file =
        path
            ? open(path, create ? O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC : O_RDWR | O_CLOEXEC, 0600)
            : memfd_create("sweep", MFD_CLOEXEC);

    if (file < 0)
        return -1;
    if ((create || !path) && ftruncate(file, SWEEP_RAM_SIZE) < 0)
        goto fail;
    if (lseek(file, 0, SEEK_END) != SWEEP_RAM_SIZE) {
        errno = EINVAL;
        goto fail;
    }
    return file;
fail:
    close(file);
    return -1;
}

struct sweep_shared *qemu_map_memory(int file)
{
    void *shared = mmap(NULL, sizeof(struct sweep_shared), PROT_READ | PROT_WRITE, MAP_SHARED, file,
                        SWEEP_SHARED);

    return shared == MAP_FAILED ? NULL : shared;
}

/* QEMU's standard error goes to `log`: it prints pages when a case crashes it, which matters only
 * if it never starts. */
static pid_t start(const struct qemu_options *options, FILE *log)
{
    char memory[128];
    char size[16];

    snprintf(size, sizeof(size), "%d", SWEEP_RAM_SIZE >> 20);
    snprintf(memory, sizeof(memory),
             "memory-backend-file,id=ram,size=%dM,share=on,mem-path=/proc/%d/fd/%d",
             SWEEP_RAM_SIZE >> 20, (int)getpid(), options->memory);
    const char *const arguments[] = {options->program,
                                     "-machine",
                                     "pc,memory-backend=ram",
                                     "-accel",
                                     "tcg",
                                     "-cpu",
                                     options->cpu,
                                     "-object",
                                     memory,
                                     "-m",
                                     size,
                                     "-display",
                                     "none",
                                     "-nodefaults",
                                     "-no-user-config",
                                     "-no-reboot",
                                     "-device",
                                     "isa-debug-exit,iobase=0xf4,iosize=0x04",
                                     "-kernel",
                                     options->guest,
                                     NULL};

    fflush(NULL);
    rewind(log);
    if (ftruncate(fileno(log), 0) < 0)
        return -1;
    pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* should we be killed, no QEMU stays behind */
        dup2(fileno(log), STDERR_FILENO);
        execvp(options->program, (char *const *)arguments);
        int error = errno;
        dprintf(STDERR_FILENO, "%s: %s\n", options->program, strerror(error));
        _exit(error == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_STARTED);
    }
    return child;
}

static void show_log(FILE *log)
{
    char line[256];

    rewind(log);
    for (int i = 0; i < 10 && fgets(line, sizeof(line), log); i++)
        fputs(line, stderr);
}

static void stop(pid_t child)
{
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

enum ended { ENDED_EXIT, ENDED_SILENT, ENDED_NO_BOOT, ENDED_TIME, ENDED_MISSING };

/* Watches one QEMU until it ends or stands still. */
static enum ended watch(pid_t child, const volatile struct sweep_shared *shared, double silence,
                        double deadline)
{
    uint32_t first = shared->progress, seen = first;
    double since = now();

    for (;;) {
        double present = now();
        int status;

        if (waitpid(child, &status, WNOHANG) == child) {
            if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_NOT_FOUND)
                return ENDED_MISSING;
            return shared->progress == first && !shared->finished ? ENDED_NO_BOOT : ENDED_EXIT;
        }
        if (shared->progress != seen) {
            seen = shared->progress;
            since = present;
        } else if (present - since > (seen == first ? BOOT_LIMIT : silence)) {
            stop(child);
            return seen == first ? ENDED_NO_BOOT : ENDED_SILENT;
        }
        if (present > deadline) {
            stop(child);
            return ENDED_TIME;
        }
        nanosleep(&(struct timespec){.tv_nsec = POLL_NANOSECONDS}, NULL);
    }
}

static void set_verdict(const struct qemu_options *options, struct sweep_shared *shared,
                        enum sweep_end end)
{
    shared->verdicts[shared->next].end[shared->ring] = end;
    if (!options->verbose)
        return;
    printf("# case %u, ring %d: %s:", shared->next, shared->ring ? 3 : 0,
           end == SWEEP_END_CRASH ? "crash" : "hang");
    for (unsigned i = 0; i < shared->cases[shared->next].size; i++)
        printf(" %02x", shared->cases[shared->next].bytes[i]);
    printf(" (%u bits)\n", shared->cases[shared->next].bits);
}

static bool crashed_in_both(const struct sweep_shared *shared, uint32_t index)
{
    return shared->verdicts[index].end[0] == SWEEP_END_CRASH &&
           shared->verdicts[index].end[1] == SWEEP_END_CRASH;
}

static bool same_opcode(const struct sweep_case *a, const struct sweep_case *b)
{
    return a->bits == b->bits && a->size == b->size && memcmp(a->bytes, b->bytes, a->size - 1) == 0;
}

/* An opcode whose ModRM forms crash QEMU one after the other in both rings is a bug of QEMU's (7.2:
 * 0F 38 0C), and each more of them costs two restarts: the remaining forms are taken to crash
 * alike. */
static void give_up_opcode(struct sweep_shared *shared, struct qemu_statistics *statistics)
{
    uint32_t last = shared->next;

    if (last + 1 < GIVE_UP_AFTER)
        return;
    for (uint32_t i = last + 1 - GIVE_UP_AFTER; i <= last; i++)
        if (!crashed_in_both(shared, i) || !same_opcode(&shared->cases[i], &shared->cases[last]))
            return;
    for (uint32_t i = last + 1;
         i < shared->case_count && same_opcode(&shared->cases[i], &shared->cases[last]); i++) {
        shared->verdicts[i].end[0] = shared->verdicts[i].end[1] = SWEEP_END_CRASH;
        statistics->given_up++;
    }
}

enum qemu_result qemu_run(const struct qemu_options *options, struct sweep_shared *shared,
                          struct qemu_statistics *statistics)
{
    double begin = now();
    uint64_t suspect = UINT64_MAX; /* the run that was silent last time */
    enum qemu_result result = QEMU_FAILED;
    FILE *log = tmpfile();

    memset(statistics, 0, sizeof(*statistics));
    if (!log) {
        fprintf(stderr, "sweep-host: temporary file: %s\n", strerror(errno));
        return QEMU_FAILED;
    }
    while (!shared->finished) {
        if (statistics->starts++ == STARTS_MAX) {
            fprintf(stderr,
                    "sweep-host: %s was started %d times and is not through; try --verbose\n",
                    options->guest, STARTS_MAX);
            goto out;
        }
        pid_t child = start(options, log);
        if (child < 0) {
            fprintf(stderr, "sweep-host: fork: %s\n", strerror(errno));
            goto out;
        }
        enum ended ended =
            watch(child, shared, suspect == UINT64_MAX ? SILENCE_FIRST : SILENCE_AGAIN,
                  begin + options->time_limit);
        uint64_t running = (uint64_t)shared->next << 1 | shared->ring;

        if (ended == ENDED_MISSING) {
            result = QEMU_MISSING;
            goto out;
        }
        if (ended == ENDED_NO_BOOT) {
            show_log(log);
            fprintf(stderr, "sweep-host: %s: the guest %s did not start under QEMU\n",
                    options->program, options->guest);
            goto out;
        }
        if (ended == ENDED_TIME) {
            fprintf(
                stderr,
                "sweep-host: not through after %u s, at case %u of %u; --time-limit allows more\n",
                options->time_limit, shared->next, shared->case_count);
            goto out;
        }
        if (ended == ENDED_EXIT && !shared->finished) {
            set_verdict(options, shared, SWEEP_END_CRASH);
            statistics->crashes++;
            give_up_opcode(shared, statistics);
        } else if (ended == ENDED_SILENT && running == suspect) {
            set_verdict(options, shared, SWEEP_END_HANG);
            statistics->hangs++;
        }
        suspect = ended == ENDED_SILENT && running != suspect ? running : UINT64_MAX;
    }
    statistics->seconds = now() - begin;
    result = QEMU_DONE;
out:
    fclose(log);
    return result;
}
