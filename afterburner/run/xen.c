/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The place "xen": the image is Xen's first domain (PV dom0). COM1 is its own, driven through Xen's
 * port emulation, and so is the debug-exit port; the wedge's log goes to Xen's. */
#include <stdlib.h>

#include "cli/memory.h"
#include "run/machine.h"
#include "run/xen-run.h"

/* The image with its command line behind a space, then the initial RAM disk. */
static char *modules(struct xen_run *run)
{
    const struct run_options *options = run->options;
    char *arguments = machine_escape(options->append ? options->append : "");
    char *image = xen_run_module(run, options->image), *all = NULL;
    char *initrd = image && options->initrd ? xen_run_module(run, options->initrd) : NULL;

    if (image && (!options->initrd || initrd))
        all = memory_format("%s %s%s%s", image, arguments, initrd ? "," : "", initrd ? initrd : "");
    free(initrd);
    free(image);
    free(arguments);
    return all;
}

static int run_xen(const struct run_options *options)
{
    static const struct xen_domain domain = {.modules = modules};

    return xen_run(options, &domain);
}

const struct place place_xen = {
    .name = "xen",
    .summary = "Xen 4.17 in QEMU, the image its first domain (PV dom0)",
    .on_xen = true,
    .run = run_xen,
};
