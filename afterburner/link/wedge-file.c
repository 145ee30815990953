/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "link/wedge-file.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/memory.h"
#include "cli/message.h"

static char *beside_program(const char *place)
{
    char self[PATH_MAX], *slash;
    ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

    if (length < 0)
        return NULL;
    self[length] = '\0';
    slash = strrchr(self, '/');
    return slash ? memory_format("%.*s%s", (int)(slash + 1 - self), self, place) : NULL;
}

char *wedge_file_find(const char *named)
{
    static const char *const places[] = {"../lib/afterburner/wedge.elf", "../wedge/wedge.elf"};
    const char *variable = getenv("AFTERBURNER_WEDGE");

    if (!named && variable && *variable)
        named = variable;
    if (named)
        return memory_copy_string(named);
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        char *path = beside_program(places[i]);

        if (path && access(path, F_OK) == 0)
            return path;
        free(path);
    }
    message_error("no wedge beside the program (%s, %s); name one with --wedge-file or in "
                  "AFTERBURNER_WEDGE",
                  places[0], places[1]);
    return NULL;
}
