/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "run/dom0.h"

#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/beside-program.h"
#include "cli/cache-folder.h"
#include "cli/memory.h"
#include "cli/message.h"

#define VARIABLE "AFTERBURNER_DOM0"

static char *fetched_folder(void)
{
    char *cache = cache_folder();
    char *folder = memory_format("%s/xen-dom0", cache);

    free(cache);
    return folder;
}

/* What the user names, or NULL. */
static const char *given(const char *named)
{
    const char *variable = getenv(VARIABLE);

    return named ? named : variable && *variable ? variable : NULL;
}

static bool is_complete(const char *folder)
{
    char *kernel = memory_format("%s/" DOM0_KERNEL, folder);
    char *initrd = memory_format("%s/" DOM0_INITRD, folder);
    char *mark = memory_format("%s/" DOM0_MARK, folder);
    bool complete =
        access(kernel, R_OK) == 0 && access(initrd, R_OK) == 0 && access(mark, R_OK) == 0;

    free(mark);
    free(initrd);
    free(kernel);
    return complete;
}

char *dom0_look(const char *named)
{
    char *folder = given(named) ? memory_copy_string(given(named)) : fetched_folder();

    if (is_complete(folder))
        return folder;
    free(folder);
    return NULL;
}

char *dom0_remedy(void)
{
    static const char *const places[] = {"../lib/afterburner/fetch-dom0", "dom0/fetch-dom0", NULL};
    char *folder = fetched_folder(), *script = beside_program(places);
    char *command = memory_format("'%s' '%s'", script ? script : "scripts/fetch-dom0", folder);

    free(script);
    free(folder);
    return command;
}

char *dom0_find(const char *named)
{
    char *folder = dom0_look(named), *remedy;

    if (folder)
        return folder;
    if (given(named)) {
        message_error("%s: no folder with the readable files " DOM0_KERNEL ", " DOM0_INITRD
                      " and " DOM0_MARK "; name one that fetch-dom0 made%s",
                      given(named), named ? "" : ", or unset " VARIABLE);
        return NULL;
    }
    remedy = dom0_remedy();
    message_error("Xen's first domain, which makes the image's: not fetched; to fetch it: %s",
                  remedy);
    free(remedy);
    return NULL;
}
