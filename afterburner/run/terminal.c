/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "run/terminal.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#define ESCAPE '\001' /* Ctrl-A */

static struct termios saved;
static bool changed;

bool terminal_wants_input(bool interactive)
{
    /* A job in the background that read its terminal would be stopped. */
    if (isatty(STDIN_FILENO))
        return tcgetpgrp(STDIN_FILENO) == getpgrp();
    return interactive;
}

void terminal_enter(bool raw)
{
    struct termios mode;

    if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &saved) != 0)
        return;
    mode = saved;
    mode.c_lflag &= ~(ICANON | ECHO);
    mode.c_iflag &= ~(ICRNL | INLCR);
    if (raw) {
        mode.c_lflag &= ~(ISIG | IEXTEN);
        mode.c_iflag &= ~IXON;
    }
    mode.c_cc[VMIN] = 1;
    mode.c_cc[VTIME] = 0;
    changed = tcsetattr(STDIN_FILENO, TCSANOW, &mode) == 0;
}

void terminal_restore(void)
{
    if (changed)
        tcsetattr(STDIN_FILENO, TCSANOW, &saved);
    changed = false;
}

int terminal_open_output(void)
{
    struct stat status;
    int fd = -1;

    /* O_NONBLOCK belongs to the open file, which our caller's shell shares: set it on an opening of
     * our own. An ordinary file never makes a writer wait, and a second opening would have its own
     * offset. */
    if (fstat(STDOUT_FILENO, &status) == 0 && (S_ISFIFO(status.st_mode) || isatty(STDOUT_FILENO)))
        fd = open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    return fd < 0 ? STDOUT_FILENO : fd;
}

int terminal_filter_escape(char *keys, int count, bool *escaped, bool *quit)
{
    int kept = 0;

    for (int i = 0; i < count; i++) {
        if (!*escaped && keys[i] == ESCAPE) {
            *escaped = true;
            continue;
        }
        if (*escaped && (keys[i] == 'x' || keys[i] == 'X'))
            *quit = true;
        keys[kept++] = *escaped && keys[i] == 'a' ? ESCAPE : keys[i];
        *escaped = false;
    }
    return kept;
}
