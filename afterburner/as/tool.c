/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "as/tool.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/memory.h"
#include "cli/message.h"

static int is_ourselves(const char *path)
{
    struct stat candidate, self;

    return stat(path, &candidate) == 0 && stat("/proc/self/exe", &self) == 0 &&
           candidate.st_dev == self.st_dev && candidate.st_ino == self.st_ino;
}

#define INSIDE "AFTERBURNER_INSIDE" /* in the environment of what an `afterburner as` runs */

char *tool_find_as(void)
{
    const char *given = getenv("AFTERBURNER_REAL_AS"), *path = getenv("PATH");

    /* Two installations in PATH would take each other for GNU as. */
    if (getenv(INSIDE)) {
        message_error("this `as` was started by another afterburner's, which took it for GNU as; "
                      "set AFTERBURNER_REAL_AS to GNU as, or leave one installation in PATH");
        return NULL;
    }
    setenv(INSIDE, "1", 1);
    if (given && *given) {
        if (access(given, X_OK) == 0 && !is_ourselves(given))
            return memory_copy_string(given);
        message_error("AFTERBURNER_REAL_AS=%s: %s; unset it or name GNU as", given,
                      is_ourselves(given) ? "this is afterburner itself" : strerror(errno));
        return NULL;
    }
    if (!path || !*path)
        path = "/usr/local/bin:/usr/bin:/bin";
    while (*path) {
        size_t length = strcspn(path, ":");
        char *candidate = memory_format("%.*s/as", (int)length, path);

        if (length && access(candidate, X_OK) == 0 && !is_ourselves(candidate))
            return candidate;
        free(candidate);
        path += length;
        path += *path == ':';
    }
    message_error("GNU as not found in PATH; apt-get install binutils, or set AFTERBURNER_REAL_AS");
    return NULL;
}

char *tool_find_libexec(void)
{
    static const char *const places[] = {"../libexec/afterburner", "libexec"};
    const char *given = getenv("AFTERBURNER_LIBEXEC");
    char self[PATH_MAX], *slash;
    ssize_t length;

    if (given && *given) {
        char *as = memory_format("%s/as", given);
        int there = access(as, X_OK) == 0;

        free(as);
        if (there)
            return memory_copy_string(given);
        message_error("AFTERBURNER_LIBEXEC=%s: there is no `as` in it; unset it, or name the "
                      "folder with afterburner's `as`",
                      given);
        return NULL;
    }
    length = readlink("/proc/self/exe", self, sizeof(self) - 1);
    if (length > 0) {
        self[length] = '\0';
        slash = strrchr(self, '/');
        *slash = '\0';
        for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
            char *folder = memory_format("%s/%s", self, places[i]);
            char *as = memory_format("%s/as", folder);
            int there = access(as, X_OK) == 0;

            free(as);
            if (there)
                return folder;
            free(folder);
        }
    }
    message_error("the folder with afterburner's `as` was not found beside the program; reinstall, "
                  "or set AFTERBURNER_LIBEXEC");
    return NULL;
}

int tool_run(char **words, int input, int output, int error)
{
    pid_t parent = getpid(), child = fork();
    int status;

    if (child < 0) {
        message_error("%s: cannot be started: %s", words[0], strerror(errno));
        return -1;
    }
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() != parent) /* it ended before the line above */
            _exit(127);
        if ((input >= 0 && dup2(input, STDIN_FILENO) < 0) ||
            (output >= 0 && dup2(output, STDOUT_FILENO) < 0) ||
            (error >= 0 && dup2(error, STDERR_FILENO) < 0))
            _exit(127);
        execv(words[0], words);
        dprintf(STDERR_FILENO, "%s: %s\n", words[0], strerror(errno));
        _exit(127);
    }
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
