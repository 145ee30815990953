/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/beside-program.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/memory.h"

char *beside_program(const char *const *places)
{
    char self[PATH_MAX], *slash;
    ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

    if (length < 0)
        return NULL;
    self[length] = '\0';
    slash = strrchr(self, '/');
    for (; slash && *places; places++) {
        char *path = memory_format("%.*s%s", (int)(slash + 1 - self), self, *places);

        if (access(path, F_OK) == 0)
            return path;
        free(path);
    }
    return NULL;
}
