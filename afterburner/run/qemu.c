/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One process, one poll() loop. Five things come in: the guest's console and, when somebody
 * listens, its COM2 (pipes), QEMU's QMP socket, our standard input, and signals (a signalfd;
 * SIGCHLD among them, so QEMU's end is an event like the others).
 *
 * The console is a pipe rather than a socket because a guest writes it byte by byte: each byte
 * would cost a socket buffer of its own, so that 300 unread bytes fill a socket but a million fill
 * the pipe. A full one makes the guest wait for its transmitter, which loses nothing but would make
 * its instruction count depend on us. */
#include "run/qemu.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/exit-codes.h"
#include "cli/memory.h"
#include "cli/message.h"
#include "run/clock.h"
#include "run/find-program.h"
#include "run/qmp.h"
#include "run/queue.h"
#include "run/terminal.h"

#define QEMU_PROGRAM  "qemu-system-x86_64"
#define QEMU_VARIABLE "AFTERBURNER_QEMU"

/* In the child; then come the session's files, from QEMU_FILE_FD on. */
#define QMP_FD     3
#define FAILURE_FD 4
#define LISTEN_FD  5
#define SPARE_FD   16 /* beyond all of them */

#define CONSOLE_PIPE_SIZE (1024 * 1024)
/* More than this of unread console output is left in the pipe: a flood to a slow reader must not
 * fill memory. */
#define CONSOLE_BACKLOG (16 * 1024 * 1024)
#define KEYS_BACKLOG    65536 /* what waits for a guest that takes no input yet */
/* How long a reader that takes nothing is waited for once we, not the guest, have ended the run. */
#define DRAIN_MILLISECONDS  2000
#define ABNORMAL_CHILD_CODE 127
/* A listener that has heard the end is given more for so long at most, and then QEMU has so long to
 * end itself. */
#define LISTEN_MILLISECONDS 10000
#define QUIT_MILLISECONDS   3000

struct run {
    const struct qemu_session *session;
    pid_t pid;
    int status; /* of waitpid() */
    bool exited;
    int console_in;  /* to QEMU; -1 when the guest gets no input */
    int console_out; /* from QEMU */
    int listen;      /* COM2, from QEMU; -1: nobody listens, or QEMU has closed it */
    int output;      /* our standard output */
    int signals;
    bool input_open;
    bool raw;
    bool escaped;
    int output_error;
    int interrupted; /* a signal's number, or 0 */
    bool timed_out;
    bool told; /* by the listener that this is the end */
    /* Milliseconds of CLOCK_MONOTONIC; INT64_MAX: never. */
    int64_t deadline;
    int64_t told_at;        /* when nothing more is waited for once the listener knows */
    int64_t told_at_latest; /* and however much more comes */
    struct qmp qmp;
    struct queue to_guest;
    struct queue to_user;
};

static const int ending_signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

char *qemu_look(void)
{
    const char *named = getenv(QEMU_VARIABLE);

    return find_program(named && *named ? named : QEMU_PROGRAM);
}

char *qemu_find(void)
{
    const char *named = getenv(QEMU_VARIABLE);
    char *path = qemu_look();

    if (path)
        return path;
    if (named && *named)
        message_error("%s: the environment's " QEMU_VARIABLE
                      " names no program; unset it or name a " QEMU_PROGRAM,
                      named);
    else
        message_error(QEMU_PROGRAM ": not found; apt-get install qemu-system-x86");
    return NULL;
}

/* ---- starting ---- */

/* Our ends and QEMU's ends of what connects us. */
struct channels {
    int console_in[2];
    int console_out[2];
    int listen[2];
    int qmp[2];
    int failure[2]; /* carries errno when exec fails, and closes by itself when it does not */
};

static void close_all(const int *fds, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

static bool open_channels(struct channels *channels, bool listen)
{
    memset(channels, -1, sizeof(*channels));
    if (pipe2(channels->console_in, O_CLOEXEC) != 0 ||
        pipe2(channels->console_out, O_CLOEXEC) != 0 || pipe2(channels->failure, O_CLOEXEC) != 0 ||
        (listen && pipe2(channels->listen, O_CLOEXEC | O_NONBLOCK) != 0) ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channels->qmp) != 0) {
        message_error("cannot connect to QEMU: %s; close some of this user's open files",
                      strerror(errno));
        close_all((const int *)channels, sizeof(*channels) / sizeof(int));
        return false;
    }
    /* Refused beyond the user's pipe quota: then the default of 64 KiB has to do. */
    (void)fcntl(channels->console_out[0], F_SETPIPE_SZ, CONSOLE_PIPE_SIZE);
    if (listen)
        (void)fcntl(channels->listen[0], F_SETPIPE_SZ, CONSOLE_PIPE_SIZE);
    fcntl(channels->console_in[1], F_SETFL, O_NONBLOCK);
    fcntl(channels->console_out[0], F_SETFL, O_NONBLOCK);
    fcntl(channels->qmp[0], F_SETFL, O_NONBLOCK);
    return true;
}

/* What the child gives a number of its own. */
struct inherited {
    int fd, number;
};

/* Gives each its number and closes all others but standard error. Only async-signal-safe calls. */
static bool arrange(struct inherited *list, size_t count)
{
    int next = STDERR_FILENO + 1;

    /* First out of the way of the numbers that the others shall get. */
    for (size_t i = 0; i < count; i++)
        if ((list[i].fd = fcntl(list[i].fd, F_DUPFD, SPARE_FD)) < 0)
            return false;
    for (size_t i = 0; i < count; i++) {
        if (dup2(list[i].fd, list[i].number) < 0)
            return false;
        /* Nothing else that our caller left open is QEMU's. The list is in ascending order. */
        if (list[i].number > next)
            close_range(next, list[i].number - 1, 0);
        if (list[i].number >= next)
            next = list[i].number + 1;
    }
    close_range(next, ~0U, 0);
    return true;
}

/* In the child. Only async-signal-safe calls. */
__attribute__((noreturn)) static void become_qemu(const struct channels *channels, pid_t parent,
                                                  const struct qemu_session *session)
{
    struct inherited list[5 + QEMU_FILES_LARGEST] = {
        {channels->console_in[0], STDIN_FILENO},
        {channels->console_out[1], STDOUT_FILENO},
        {channels->qmp[1], QMP_FD},
        {channels->failure[1], FAILURE_FD},
    };
    size_t count = 4;
    int error, failure;
    sigset_t none;
    bool arranged;

    if (session->listener)
        list[count++] = (struct inherited){channels->listen[1], LISTEN_FD};
    for (size_t i = 0; i < session->file_count; i++)
        list[count++] = (struct inherited){session->files[i], QEMU_FILE_FD + (int)i};
    /* A QEMU that outlived us would have nobody to end it. */
    arranged = prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent && arrange(list, count);
    failure = arranged ? FAILURE_FD : list[3].fd;
    if (arranged) {
        fcntl(failure, F_SETFD, FD_CLOEXEC);
        /* Ctrl-C is for us, who then end QEMU; its own message about it would only confuse. */
        setpgid(0, 0);
        signal(SIGTTOU, SIG_IGN);
        signal(SIGPIPE, SIG_DFL);
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        execv(session->command->values[0], session->command->values);
    }
    error = errno;
    (void)!write(failure, &error, sizeof(error));
    _exit(ABNORMAL_CHILD_CODE);
}

static void block_signals(struct run *run, sigset_t *before)
{
    struct sigaction action;
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    /* What our caller had us ignore (nohup, a shell's background job) stays ignored; a signalfd
     * would show it. */
    for (size_t i = 0; i < sizeof(ending_signals) / sizeof(ending_signals[0]); i++)
        if (sigaction(ending_signals[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN)
            sigaddset(&set, ending_signals[i]);
    /* A parent may have ignored it, and then a child's end would go unseen. */
    signal(SIGCHLD, SIG_DFL);
    signal(SIGPIPE, SIG_IGN);
    sigprocmask(SIG_BLOCK, &set, before);
    run->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static bool start(struct run *run)
{
    struct command_line *command = run->session->command;
    struct channels channels;
    pid_t parent = getpid();
    int error;
    ssize_t count;

    command_line_add_list(command, "-chardev", "stdio,id=" QEMU_CONSOLE ",signal=off", "-serial",
                          "chardev:" QEMU_CONSOLE, "-S", NULL);
    if (run->session->listener) {
        command_line_add_list(command, "-chardev", NULL);
        command_line_add(command, "file,id=listen,path=" QEMU_FILE_PATH, LISTEN_FD);
        command_line_add_list(command, "-serial", "chardev:listen", NULL);
    }
    command_line_add_list(command, "-chardev", NULL);
    command_line_add(command, "socket,id=qmp,fd=%d", QMP_FD);
    command_line_add_list(command, "-mon", "chardev=qmp,mode=control", NULL);
    if (run->session->verbose)
        command_line_print(command, stderr);
    if (!open_channels(&channels, run->session->listener))
        return false;
    run->pid = fork();
    if (run->pid == 0)
        become_qemu(&channels, parent, run->session);
    error = errno;
    close(channels.console_in[0]);
    close(channels.console_out[1]);
    close(channels.qmp[1]);
    close(channels.failure[1]);
    if (channels.listen[1] >= 0)
        close(channels.listen[1]);
    run->console_in = channels.console_in[1];
    run->console_out = channels.console_out[0];
    run->listen = channels.listen[0];
    run->qmp.fd = channels.qmp[0];
    if (run->pid < 0) {
        message_error("cannot start a process: %s; end some of this user's", strerror(error));
        close(channels.failure[0]);
        return false;
    }
    do
        count = read(channels.failure[0], &error, sizeof(error));
    while (count < 0 && errno == EINTR);
    close(channels.failure[0]);
    if (count > 0) {
        message_error("%s: cannot be executed: %s; apt-get install --reinstall qemu-system-x86",
                      command->values[0], strerror(error));
        waitpid(run->pid, NULL, 0);
        run->exited = true;
        return false;
    }
    return true;
}

/* ---- carrying ---- */

static void read_signals(struct run *run)
{
    struct signalfd_siginfo info;

    while (read(run->signals, &info, sizeof(info)) == sizeof(info))
        if (info.ssi_signo != SIGCHLD)
            run->interrupted = info.ssi_signo;
    if (!run->exited && waitpid(run->pid, &run->status, WNOHANG) == run->pid)
        run->exited = true;
}

/* A guest's bytes come one by one; to take each as it comes would cost more processor time than the
 * guest does. No reader notices this pause, and the pipes hold what comes meanwhile. */
static void pause_for_more(void)
{
    static const struct timespec pause = {.tv_nsec = 1000000};

    nanosleep(&pause, NULL);
}

/* The listener's answer: how long to wait for more. */
static void heed(struct run *run, int patience)
{
    int64_t now = clock_milliseconds();

    if (patience < 0)
        return;
    if (run->told_at_latest == INT64_MAX)
        run->told_at_latest = now + LISTEN_MILLISECONDS;
    run->told_at = now + patience;
    if (run->told_at > run->told_at_latest)
        run->told_at = run->told_at_latest;
}

/* Gives false when there is no more for the moment, or at all. */
static bool read_console(struct run *run)
{
    const struct qemu_listener *listener = run->session->listener;
    struct queue came = {0};
    enum queue_status status;

    if (!listener || !listener->receive_console) {
        status = queue_fill(&run->to_user, run->console_out);
    } else {
        status = queue_fill(&came, run->console_out);
        if (status == QUEUE_OK)
            listener->receive_console(listener->context, came.bytes + came.start,
                                      queue_length(&came), &run->to_user);
        else if (status == QUEUE_END)
            listener->receive_console(listener->context, NULL, 0, &run->to_user);
        queue_free(&came);
    }
    /* The end of QEMU's output comes a little before its SIGCHLD: stop asking, or poll() would
     * spin. */
    if (status == QUEUE_END) {
        close(run->console_out);
        run->console_out = -1;
    }
    return status == QUEUE_OK;
}

/* Gives false when there is no more for the moment, or at all. */
static bool read_listen(struct run *run)
{
    const struct qemu_listener *listener = run->session->listener;
    char bytes[65536];
    ssize_t count = read(run->listen, bytes, sizeof(bytes));

    if (count < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (count <= 0) {
        close(run->listen);
        run->listen = -1;
        return false;
    }
    heed(run, listener->receive(listener->context, bytes, count));
    return true;
}

static bool takes_input(const struct run *run)
{
    const struct qemu_listener *listener = run->session->listener;

    return !listener || !listener->takes_input || listener->takes_input(listener->context);
}

static void read_keys(struct run *run)
{
    char keys[256];
    ssize_t count = read(STDIN_FILENO, keys, sizeof(keys));
    bool quit = false;

    if (count == 0 || (count < 0 && errno != EINTR && errno != EAGAIN))
        run->input_open = false;
    if (count <= 0)
        return;
    if (run->raw)
        count = terminal_filter_escape(keys, count, &run->escaped, &quit);
    queue_add(&run->to_guest, keys, count);
    if (quit)
        run->interrupted = SIGINT;
}

static void drain_output(struct run *run)
{
    if (queue_drain(&run->to_user, run->output) == QUEUE_ERROR)
        run->output_error = errno;
}

/* One turn of the loop: waits at most `wait` milliseconds (-1: for ever) and moves what can be
 * moved. Once QEMU has exited its ends are left alone. */
static void turn(struct run *run, int wait)
{
    enum { SIGNALS, OUTPUT, CONSOLE, LISTEN, QMP, INPUT, KEYS, COUNT };
    struct pollfd polled[COUNT] = {
        [SIGNALS] = {.fd = run->signals, .events = POLLIN},
        /* With no events asked for, poll() still reports a reader that has gone. */
        [OUTPUT] = {.fd = run->output, .events = queue_length(&run->to_user) ? POLLOUT : 0},
        [CONSOLE] = {.fd = -1, .events = POLLIN},
        [LISTEN] = {.fd = -1, .events = POLLIN},
        [QMP] = {.fd = -1, .events = POLLIN},
        [INPUT] = {.fd = -1, .events = POLLOUT},
        [KEYS] = {.fd = -1, .events = POLLIN},
    };

    if (!run->exited) {
        if (queue_length(&run->to_user) < CONSOLE_BACKLOG)
            polled[CONSOLE].fd = run->console_out;
        polled[LISTEN].fd = run->listen;
        polled[QMP].fd = run->qmp.fd;
        if (queue_length(&run->to_guest) && takes_input(run))
            polled[INPUT].fd = run->console_in;
        else if (run->input_open && queue_length(&run->to_guest) < KEYS_BACKLOG)
            polled[KEYS].fd = STDIN_FILENO;
    }
    if (poll(polled, COUNT, wait) <= 0)
        return;
    if (polled[CONSOLE].revents || polled[LISTEN].revents)
        pause_for_more();
    if (polled[CONSOLE].revents)
        read_console(run);
    if (polled[LISTEN].revents)
        read_listen(run);
    if (polled[QMP].revents && !qmp_receive(&run->qmp)) {
        close(run->qmp.fd);
        run->qmp.fd = -1;
    }
    if (polled[INPUT].revents && queue_drain(&run->to_guest, run->console_in) == QUEUE_ERROR)
        run->input_open = false;
    if (polled[KEYS].revents)
        read_keys(run);
    if (polled[OUTPUT].revents & (POLLERR | POLLNVAL))
        run->output_error = EPIPE;
    else if (polled[OUTPUT].revents & POLLHUP)
        run->output_error = EIO;
    else if (polled[OUTPUT].revents)
        drain_output(run);
    if (polled[SIGNALS].revents)
        read_signals(run);
}

/* Until QEMU exits by itself or has to be ended. */
static void carry(struct run *run)
{
    while (!run->exited) {
        int64_t now = clock_milliseconds();
        int64_t left = run->deadline < run->told_at ? run->deadline - now : run->told_at - now;

        if (now >= run->told_at)
            run->told = true;
        else if (left <= 0)
            run->timed_out = true;
        if (run->told || run->timed_out || run->interrupted || run->output_error)
            break;
        turn(run, left < 60000 ? (int)left : 60000);
    }
    if (run->exited)
        return;
    if (run->told) {
        /* The machine idles or is about to reset. A plugin shall write what it has counted. */
        int64_t limit = clock_milliseconds() + QUIT_MILLISECONDS;

        qmp_quit(&run->qmp);
        while (!run->exited && !run->interrupted && !run->output_error &&
               clock_milliseconds() < limit)
            turn(run, 100);
        if (run->exited)
            return;
    }
    kill(run->pid, SIGKILL);
    while (waitpid(run->pid, &run->status, 0) < 0 && errno == EINTR)
        ;
    run->exited = true;
}

/* After QEMU's end: what it had still written goes to the user. The guest's last words are waited
 * for as long as their reader takes; when it was we who ended the run, not for ever. */
static void finish_output(struct run *run)
{
    bool ended_by_us = run->timed_out || run->interrupted;
    int64_t patience = clock_milliseconds() + DRAIN_MILLISECONDS;
    int before = run->interrupted;

    while (run->console_out >= 0 && read_console(run))
        ;
    while (run->listen >= 0 && read_listen(run))
        ;
    while (run->qmp.fd >= 0 && qmp_receive(&run->qmp)) {
        struct pollfd polled = {.fd = run->qmp.fd, .events = POLLIN};

        if (poll(&polled, 1, 0) <= 0)
            break;
    }
    while (queue_length(&run->to_user) && !run->output_error && run->interrupted == before) {
        size_t length = queue_length(&run->to_user);

        turn(run, ended_by_us ? DRAIN_MILLISECONDS : -1);
        if (queue_length(&run->to_user) < length)
            patience = clock_milliseconds() + DRAIN_MILLISECONDS;
        else if (ended_by_us && clock_milliseconds() >= patience)
            break;
    }
}

/* ---- judging ---- */

static enum qemu_end end_of_reason(const char *reason)
{
    if (strcmp(reason, "guest-shutdown") == 0)
        return QEMU_END_POWER_OFF;
    if (strcmp(reason, "guest-reset") == 0)
        return QEMU_END_RESET;
    if (strcmp(reason, "guest-panic") == 0)
        return QEMU_END_PANIC;
    return QEMU_END_UNKNOWN;
}

static struct qemu_result judge(struct run *run)
{
    struct qmp *qmp = &run->qmp;
    struct qemu_result result = {.end = QEMU_END_UNKNOWN};

    if (run->interrupted) {
        result.end = QEMU_END_INTERRUPTED;
        result.code = run->interrupted;
    } else if (run->output_error) {
        result.end = QEMU_END_OUTPUT;
        result.code = run->output_error;
    } else if (run->told) {
        result.end = QEMU_END_LISTENER;
    } else if (run->timed_out) {
        result.end = QEMU_END_TIMEOUT;
    } else if (WIFSIGNALED(run->status)) {
        result.end = QEMU_END_DIED;
        result.code = WTERMSIG(run->status);
    } else if (!qmp->running) {
        result.end = QEMU_END_NOT_STARTED;
        result.code = WEXITSTATUS(run->status);
        result.detail = qmp->error ? memory_copy_string(qmp->error) : NULL;
    } else if (qmp->panicked) {
        result.end = QEMU_END_PANIC;
    } else if (qmp->stop_reason) {
        result.end = end_of_reason(qmp->stop_reason);
        result.detail = memory_copy_string(qmp->stop_reason);
    } else if (WEXITSTATUS(run->status) & 1) {
        /* isa-debug-exit ends QEMU with (value << 1) | 1 and no event, so bit 7 of the value is
         * lost. */
        result.end = QEMU_END_EXIT_CODE;
        result.code = WEXITSTATUS(run->status) >> 1;
    }
    return result;
}

struct qemu_result qemu_run(const struct qemu_session *session)
{
    struct qemu_result result = {.end = QEMU_END_OURS};
    struct run run = {.session = session,
                      .console_in = -1,
                      .console_out = -1,
                      .listen = -1,
                      .told_at = INT64_MAX,
                      .told_at_latest = INT64_MAX,
                      .qmp = {.fd = -1, .hold = session->hold}};
    sigset_t before;

    if (fcntl(STDOUT_FILENO, F_GETFD) < 0) {
        message_error("standard output is closed; send it to a file or to /dev/null");
        return result;
    }
    /* So that none of the descriptors to come takes the number of a missing 0 or 2. */
    while (fcntl(STDIN_FILENO, F_GETFD) < 0 || fcntl(STDERR_FILENO, F_GETFD) < 0)
        if (open("/dev/null", O_RDWR) < 0)
            return result;
    run.deadline = clock_milliseconds() + session->timeout_seconds * INT64_C(1000);
    run.output = terminal_open_output();
    block_signals(&run, &before);
    if (start(&run)) {
        run.input_open = terminal_wants_input(session->interactive);
        run.raw = session->interactive && isatty(STDIN_FILENO);
        if (run.input_open)
            terminal_enter(run.raw);
        carry(&run);
        finish_output(&run);
        terminal_restore();
        result = judge(&run);
    }
    close_all((const int[]){run.console_in, run.console_out, run.listen, run.qmp.fd, run.signals},
              5);
    if (run.output != STDOUT_FILENO)
        close(run.output);
    qmp_free(&run.qmp);
    queue_free(&run.to_guest);
    queue_free(&run.to_user);
    sigprocmask(SIG_SETMASK, &before, NULL);
    signal(SIGPIPE, SIG_DFL);
    return result;
}

int qemu_report(struct qemu_result *result, const struct qemu_session *session)
{
    const char *program = session->command->values[0];
    int code = RUN_EXIT_OURS;

    switch (result->end) {
    case QEMU_END_EXIT_CODE:
        code = result->code;
        if (code > RUN_EXIT_GUEST_LAST) {
            message_error("the guest ended with code %d, above %d, the largest it has for itself; "
                          "see afterburner-run(1)",
                          code, RUN_EXIT_GUEST_LAST);
            code = RUN_EXIT_GUEST_CRASHED;
        }
        break;
    case QEMU_END_POWER_OFF:
        code = 0;
        break;
    case QEMU_END_RESET:
        message_error("guest reset without an exit code (panic or triple fault); its last console "
                      "lines say more");
        code = RUN_EXIT_GUEST_CRASHED;
        break;
    case QEMU_END_PANIC:
        message_error("the guest reported a panic; its last console lines say more");
        code = RUN_EXIT_GUEST_CRASHED;
        break;
    case QEMU_END_TIMEOUT:
        message_error(
            "no end after %u s, so the guest was stopped; --timeout SECONDS gives it longer",
            session->timeout_seconds);
        code = RUN_EXIT_TIMEOUT;
        break;
    case QEMU_END_INTERRUPTED:
        /* The caller's shell shall see that a signal ended us, as if we had never caught it. */
        signal(result->code, SIG_DFL);
        raise(result->code);
        break;
    case QEMU_END_OUTPUT:
        message_error("standard output: %s; the guest was stopped", strerror(result->code));
        break;
    case QEMU_END_NOT_STARTED:
        message_error("%s refused to start (exit code %d)%s%s; --verbose shows its command line",
                      program, result->code, result->detail ? ": " : "",
                      result->detail ? result->detail : "");
        break;
    case QEMU_END_DIED:
        message_error("%s was ended by signal %d (%s); is the machine out of memory?", program,
                      result->code, strsignal(result->code));
        break;
    case QEMU_END_UNKNOWN:
        message_error("%s ended before the guest did (%s)", program,
                      result->detail ? result->detail : "it gave no reason");
        break;
    case QEMU_END_LISTENER:
    case QEMU_END_OURS:
        break;
    }
    free(result->detail);
    result->detail = NULL;
    return code;
}
