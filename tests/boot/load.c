/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A workload for the guest, as a static program: what it prints is the same wherever nothing is
 * lost, and it ends with the number of parts that went wrong.
 *
 *   load          all parts
 *   load many N   N processes at once
 *   load marked   what tests/bench/guest-operations counts, between marks
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096

static int failures;

static void say(const char *name, int good)
{
    printf("load: %s: %s\n", name, good ? "ok" : "WRONG");
    fflush(stdout);
    failures += !good;
}

static int wait_for(pid_t process)
{
    int status;

    return waitpid(process, &status, 0) == process && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* --- Processes --- */

static void programs(unsigned count)
{
    unsigned good = 0;

    for (unsigned i = 0; i < count; i++) {
        pid_t process = fork();

        if (process == 0) {
            execl("/bin/busybox", "test", "1", "-lt", i % 2 ? "2" : "0", (char *)NULL);
            _exit(99);
        }
        good += wait_for(process) == !(i % 2);
    }
    say("1000 forks and execs", good == count);
}

/* Each process writes to its own copy of a page that all share at first. */
static void copies(void)
{
    volatile uint32_t *page =
        mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    unsigned good = 0;

    for (unsigned i = 0; i < 16; i++)
        page[i * PAGE / 4] = i;
    for (unsigned round = 0; round < 50; round++) {
        pid_t process = fork();

        if (process == 0) {
            for (unsigned i = 0; i < 16; i++) {
                if (page[i * PAGE / 4] != i)
                    _exit(1);
                page[i * PAGE / 4] = round;
            }
            _exit(page[0] == round && page[15 * PAGE / 4] == round ? 7 : 2);
        }
        good += wait_for(process) == 7 && page[0] == 0 && page[15 * PAGE / 4] == 15;
    }
    say("pages copied on writes", good == 50);
    munmap((void *)page, 16 * PAGE);
}

/* --- Pipes and signals --- */

static void pipes(void)
{
    enum { BYTES = 8 << 20, PART = 1000 };
    int ends[2];
    pid_t process;
    unsigned char buffer[PART];
    uint32_t sum = 0, expected = 0;
    ssize_t count;

    if (pipe(ends) < 0)
        abort();
    process = fork();
    if (process == 0) {
        for (unsigned at = 0; at < BYTES; at += PART) {
            for (unsigned i = 0; i < PART; i++)
                buffer[i] = (unsigned char)((at + i) * 2654435761u >> 24);
            if (write(ends[1], buffer, PART) != PART)
                _exit(1);
        }
        _exit(0);
    }
    close(ends[1]);
    while ((count = read(ends[0], buffer, sizeof(buffer))) > 0)
        for (ssize_t i = 0; i < count; i++)
            sum = sum * 31 + buffer[i];
    for (unsigned at = 0; at < (BYTES + PART - 1) / PART * PART; at++)
        expected = expected * 31 + (unsigned char)(at * 2654435761u >> 24);
    say("8 MB through a pipe", sum == expected && wait_for(process) == 0);
    close(ends[0]);
}

static volatile sig_atomic_t caught;

static void catch (int number)
{
    (void)number;
    caught++;
}

static void signals(void)
{
    struct sigaction action = {.sa_handler = catch};
    volatile int *volatile nowhere = NULL;
    unsigned good = 0;

    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGSEGV, &action, NULL);
    for (unsigned i = 0; i < 2000; i++)
        raise(SIGUSR1);
    say("2000 signals", caught == 2000);
    for (unsigned i = 0; i < 50; i++) {
        pid_t process = fork();

        if (process == 0) {
            signal(SIGSEGV, SIG_DFL);
            *nowhere = 1;
            _exit(1);
        } else {
            int status;

            good += waitpid(process, &status, 0) == process && WIFSIGNALED(status) &&
                    WTERMSIG(status) == SIGSEGV;
        }
    }
    say("50 processes ended by SIGSEGV", good == 50);
}

/* --- Memory --- */

static void maps(void)
{
    unsigned good = 0;

    for (unsigned i = 0; i < 300; i++) {
        size_t pages = 1 + i * 7 % 200;
        volatile unsigned char *area =
            mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        int fine = area != MAP_FAILED;

        for (size_t page = 0; fine && page < pages; page++) {
            fine = area[page * PAGE] == 0;
            area[page * PAGE] = (unsigned char)page;
        }
        if (fine && pages > 4) { /* a hole, and one half that may only be read */
            munmap((void *)(area + PAGE), PAGE);
            mprotect((void *)(area + 2 * PAGE), (pages - 2) / 2 * PAGE, PROT_READ);
            for (size_t page = 2; fine && page < pages; page++)
                fine = area[page * PAGE] == (unsigned char)page;
        }
        fine = munmap((void *)area, pages * PAGE) == 0 && fine;
        good += fine;
    }
    say("300 maps, holes and protections", good == 300);
}

static void files(void)
{
    enum { FILES = 50, PAGES = 10 };
    static unsigned char buffer[PAGE], seen[PAGE];
    unsigned good = 0;
    char name[32];

    for (unsigned i = 0; i < FILES; i++) {
        int file, fine;
        unsigned char *map;

        snprintf(name, sizeof(name), "/tmp/load.%u", i);
        file = open(name, O_RDWR | O_CREAT, 0600);
        fine = file >= 0;
        for (unsigned page = 0; page < PAGES; page++) {
            memset(buffer, (int)(i + page), sizeof(buffer));
            fine &= write(file, buffer, sizeof(buffer)) == sizeof(buffer);
        }
        map = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        map[3 * PAGE + 5] = 0xee;
        fine &= pread(file, seen, sizeof(seen), 3 * PAGE) == sizeof(seen) && seen[5] == 0xee &&
                seen[6] == (unsigned char)(i + 3) && map[9 * PAGE] == (unsigned char)(i + 9);
        munmap(map, PAGES * PAGE);
        close(file);
        good += fine && unlink(name) == 0;
    }
    say("50 files in memory, written, mapped and removed", good == FILES);
}

/* --- Threads --- */

enum { THREADS = 8, ADDITIONS = 20000 };
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static unsigned long counter;
static __thread unsigned long own;

static void *add(void *unused)
{
    (void)unused;
    for (unsigned i = 0; i < ADDITIONS; i++) {
        own++;
        pthread_mutex_lock(&mutex);
        counter++;
        if (i % 1000 == 0)
            sched_yield();
        pthread_mutex_unlock(&mutex);
    }
    return (void *)own;
}

static void threads(void)
{
    pthread_t list[THREADS];
    unsigned long sum = 0;

    for (unsigned i = 0; i < THREADS; i++)
        if (pthread_create(&list[i], NULL, add, NULL) != 0)
            abort();
    for (unsigned i = 0; i < THREADS; i++) {
        void *result;

        pthread_join(list[i], &result);
        sum += (unsigned long)result;
    }
    say("8 threads, one counter and one each", counter == THREADS * ADDITIONS && sum == counter);
}

/* --- Timers: none is lost, and none comes early --- */

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void timers(void)
{
    struct itimerspec each = {{0, 10000000}, {0, 10000000}};
    struct itimerval interval = {{0, 20000}, {0, 20000}};
    struct timespec little = {0, 3000000};
    uint64_t expirations = 0, count;
    double start = now(), took;
    int timer = timerfd_create(CLOCK_MONOTONIC, 0);

    timerfd_settime(timer, 0, &each, NULL);
    while (expirations < 100 && read(timer, &count, sizeof(count)) == sizeof(count))
        expirations += count;
    took = now() - start;
    say("100 ticks of a timer, 10 ms apart",
        took >= 0.999 && (double)expirations <= took * 100 + 1);
    close(timer);
    start = now();
    for (unsigned i = 0; i < 100; i++)
        nanosleep(&little, NULL);
    say("100 sleeps of 3 ms", now() - start >= 0.3);
    signal(SIGALRM, catch);
    caught = 0;
    start = now();
    setitimer(ITIMER_REAL, &interval, NULL);
    while (caught < 25)
        pause();
    interval = (struct itimerval){{0, 0}, {0, 0}};
    setitimer(ITIMER_REAL, &interval, NULL);
    say("25 alarms, 20 ms apart", now() - start >= 0.499);
}

/* --- Many processes at once --- */

static int many(unsigned count)
{
    unsigned made, ended = 0;
    int go[2], up[2];
    char byte;

    if (pipe(go) < 0 || pipe(up) < 0)
        return 1;
    for (made = 0; made < count; made++) {
        pid_t process = fork();

        if (process < 0)
            break;
        if (process == 0) {
            close(go[1]);
            if (write(up[1], "x", 1) != 1 || read(go[0], &byte, 1) != 0)
                _exit(1);
            _exit(7);
        }
    }
    for (unsigned i = 0; i < made; i++)
        if (read(up[0], &byte, 1) != 1)
            return 1;
    printf("load: %u processes at once\n", made);
    close(go[1]);
    for (unsigned i = 0; i < made; i++) {
        int status;

        ended += wait(&status) > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 7;
    }
    printf("load: %u of them ended well\n", ended);
    return made != count || ended != count;
}

/* --- What a benchmark counts: tests/bench/attribute.c knows these marks --- */

#define MARK(number) asm volatile(".byte 0x0f, 0x1f, 0x84, 0\n\t.long 0xcafe0000 + " #number)

static void getppid_once(void)
{
    syscall(SYS_getppid);
}

static void map_once(void)
{
    volatile char *area =
        mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    for (unsigned page = 0; page < 64; page++)
        area[page * PAGE] = 1;
    munmap((void *)area, 64 * PAGE);
}

static void fork_once(void)
{
    pid_t process = fork();

    if (process == 0)
        _exit(0);
    waitpid(process, NULL, 0);
}

static int there[2], back[2];

static void answer(void)
{
    char byte;

    if (pipe(there) < 0 || pipe(back) < 0)
        abort();
    if (fork() == 0) {
        close(there[1]);
        while (read(there[0], &byte, 1) == 1 && write(back[1], &byte, 1) == 1)
            ;
        _exit(0);
    }
}

static void round_trip(void)
{
    char byte = 0;

    if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1)
        abort();
}

/* What comes first is not counted: caches fill, tables are made. */
#define MARKED(operation, number, count)                                                           \
    do {                                                                                           \
        for (unsigned i_ = 0; i_ < 5; i_++)                                                        \
            operation();                                                                           \
        MARK(number);                                                                              \
        for (unsigned i_ = 0; i_ < (count); i_++)                                                  \
            operation();                                                                           \
        MARK(number);                                                                              \
    } while (0)

static int marked(void)
{
    MARKED(getppid_once, 1, 1000);
    MARKED(map_once, 2, 20);
    MARKED(fork_once, 3, 20);
    answer();
    MARKED(round_trip, 4, 200);
    close(there[1]);
    wait(NULL);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "many") == 0)
        return many((unsigned)atoi(argv[2]));
    if (argc == 2 && strcmp(argv[1], "marked") == 0)
        return marked();
    programs(1000);
    copies();
    pipes();
    signals();
    maps();
    files();
    threads();
    timers();
    return failures;
}
