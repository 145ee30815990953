/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "doctor/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/memory.h"
#include "run/clock.h"
#include "run/queue.h"

#define CANNOT_START 127
/* More than any answer we ask for; the rest of a program gone mad is not kept. */
#define LARGEST_OUTPUT (1024 * 1024)
/* How long a killed process may take to be gone. One that hangs in the kernel is left behind. */
#define KILL_MILLISECONDS 1000

typedef void child_function(int output, const void *context);

__attribute__((noreturn)) static void be_child(pid_t parent, int output, child_function *function,
                                               const void *context)
{
    /* A group of its own: a compiler driver's children have to end with it. */
    setpgid(0, 0);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent)
        function(output, context);
    _exit(0);
}

/* Reads until the end of the output; false when the time was over first. */
static bool read_output(int fd, struct queue *output, int64_t deadline)
{
    for (;;) {
        struct pollfd polled = {.fd = fd, .events = POLLIN};
        int64_t left = deadline - clock_milliseconds();
        enum queue_status status;

        if (left <= 0)
            return false;
        if (poll(&polled, 1, (int)left) <= 0)
            continue;
        status = queue_fill(output, fd);
        if (status == QUEUE_END || status == QUEUE_ERROR)
            return true;
        if (queue_length(output) > LARGEST_OUTPUT)
            output->end = output->start;
    }
}

/* Waits for the child's end, at most until the deadline. */
static bool reap(pid_t child, int *status, int64_t deadline)
{
    static const struct timespec pause = {.tv_nsec = 2000000};

    for (;;) {
        if (waitpid(child, status, WNOHANG) == child)
            return true;
        if (clock_milliseconds() >= deadline)
            return false;
        nanosleep(&pause, NULL);
    }
}

static struct process_result run_child(child_function *function, const void *context, int limit)
{
    struct process_result result = {.status = -1};
    struct queue output = {0};
    int64_t deadline = clock_milliseconds() + limit;
    pid_t parent = getpid(), child;
    int fds[2], status;

    if (pipe2(fds, O_CLOEXEC) != 0) {
        result.output = memory_copy_string("");
        return result;
    }
    signal(SIGCHLD, SIG_DFL);
    child = fork();
    if (child == 0)
        be_child(parent, fds[1], function, context);
    close(fds[1]);
    if (child > 0) {
        bool ended = read_output(fds[0], &output, deadline) && reap(child, &status, deadline);

        if (!ended) {
            result.timed_out = true;
            kill(-child, SIGKILL);
            kill(child, SIGKILL);
            ended = reap(child, &status, clock_milliseconds() + KILL_MILLISECONDS);
        }
        if (ended && WIFEXITED(status))
            result.status = WEXITSTATUS(status);
        if (ended && WIFSIGNALED(status) && !result.timed_out)
            result.signal = WTERMSIG(status);
    }
    close(fds[0]);
    queue_add(&output, "", 1);
    result.output = memory_copy_string(output.bytes + output.start);
    queue_free(&output);
    return result;
}

static void become_program(int output, const void *context)
{
    char *const *argv = (char *const *)context;
    int input = open("/dev/null", O_RDONLY);

    dup2(input, STDIN_FILENO);
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
    setenv("LC_ALL", "C", 1);
    execvp(argv[0], argv);
    _exit(CANNOT_START);
}

struct process_result process_run(const char *const *argv, int limit_milliseconds)
{
    return run_child(become_program, argv, limit_milliseconds);
}

static void call_function(int output, const void *context)
{
    process_function *const *function = context;

    (*function)(output);
}

struct process_result process_call(process_function *function, int limit_milliseconds)
{
    return run_child(call_function, &function, limit_milliseconds);
}
