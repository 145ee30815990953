/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/cache-folder.h"

#include <stdlib.h>

#include "cli/memory.h"

char *cache_folder(void)
{
    const char *cache = getenv("XDG_CACHE_HOME");
    const char *home = getenv("HOME");

    if (cache && *cache)
        return memory_format("%s/afterburner", cache);
    return memory_format("%s/.cache/afterburner", home ? home : "");
}
