/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "run/find-program.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/memory.h"

bool is_program(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, X_OK) == 0;
}

char *find_program(const char *name)
{
    const char *folder = getenv("PATH");

    if (strchr(name, '/'))
        return is_program(name) ? memory_copy_string(name) : NULL;
    if (!folder)
        folder = "/usr/local/bin:/usr/bin:/bin";
    for (;;) {
        const char *end = strchrnul(folder, ':');
        int length = end - folder;
        /* An empty element means the current folder (POSIX, "Environment Variables"). */
        char *path = memory_format("%.*s/%s", length ? length : 1, length ? folder : ".", name);

        if (is_program(path))
            return path;
        free(path);
        if (!*end)
            return NULL;
        folder = end + 1;
    }
}
