/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "link/wedge-file.h"

#include <stdlib.h>

#include "cli/beside-program.h"
#include "cli/memory.h"
#include "cli/message.h"

char *wedge_file_find(const char *named)
{
    static const char *const places[] = {"../lib/afterburner/wedge.elf", "../wedge/wedge.elf",
                                         NULL};
    const char *variable = getenv("AFTERBURNER_WEDGE");
    char *path;

    if (!named && variable && *variable)
        named = variable;
    if (named)
        return memory_copy_string(named);
    path = beside_program(places);
    if (path)
        return path;
    message_error("no wedge beside the program (%s, %s); name one with --wedge-file or in "
                  "AFTERBURNER_WEDGE",
                  places[0], places[1]);
    return NULL;
}
