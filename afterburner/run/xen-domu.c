/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The place "xen-domu": the image is a domain (PV) that xl makes, in a first domain of Debian's.
 * Both consoles of its, the guest's and the wedge's, come through the ring that domains have, and
 * by the first domain's COM1; what that finds out at the end it says on Xen's log, or by the ports
 * that a first domain has (scripts/dom0-init). */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/memory.h"
#include "cli/message.h"
#include "run/cpio.h"
#include "run/dom0.h"
#include "run/machine.h"
#include "run/xen-run.h"

/* For Linux and Xen's tools; and how often it has the image: packed, unpacked, and in xl's hands.
 */
#define DOM0_MIB    384
#define DOM0_COPIES 3

#define CANNOT_PACK "%s: cannot be packed for Xen's first domain: %s"

/* A value of xl's configuration syntax (xlcfg's strings are C's). To be freed. */
static char *quoted(const char *text)
{
    char *result = memory_allocate(2 * strlen(text) + 3), *to = result;

    *to++ = '"';
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            *to++ = '\\';
        *to++ = *text;
    }
    *to++ = '"';
    *to = '\0';
    return result;
}

static char *configuration(const struct xen_run *run)
{
    const struct run_options *options = run->options;
    char *command_line = quoted(options->append ? options->append : "");
    char *text = memory_format(
        "name = \"guest\"\ntype = \"pv\"\nkernel = \"/guest/image\"\n%scmdline = %s\n"
        "memory = %u\nvcpus = %u\n"
        "on_poweroff = \"preserve\"\non_reboot = \"preserve\"\non_crash = \"preserve\"\n",
        options->initrd ? "ramdisk = \"/guest/initrd\"\n" : "", command_line, run->guest_mib,
        options->processors);

    free(command_line);
    return text;
}

/* Appends one file to the archive; gives false after a message. */
static bool pack(int archive, const char *path, const char *name)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool good = fd >= 0 && (name ? cpio_add_file(archive, name, fd) : cpio_copy(archive, fd));

    if (!good)
        message_error(CANNOT_PACK, path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return good;
}

static bool pack_all(int archive, const struct xen_run *run, const char *initrd)
{
    const struct run_options *options = run->options;
    char *text = configuration(run);
    bool good = pack(archive, initrd, NULL);

    if (good && !(cpio_align(archive) && cpio_add_folder(archive, "guest") &&
                  cpio_add_bytes(archive, "guest/domain.cfg", text, strlen(text)))) {
        message_error(CANNOT_PACK, "the image", strerror(errno));
        good = false;
    }
    good = good && pack(archive, options->image, "guest/image") &&
           (!options->initrd || pack(archive, options->initrd, "guest/initrd"));
    if (good && !cpio_end(archive)) {
        message_error(CANNOT_PACK, "the image", strerror(errno));
        good = false;
    }
    free(text);
    return good;
}

/* The first domain's initial RAM disk: its own, and behind it an archive with the image, the
 * image's initial RAM disk and the configuration. -1 after a message. */
static int make_archive(const struct xen_run *run, const char *folder)
{
    char *initrd = memory_format("%s/" DOM0_INITRD, folder);
    int archive = memfd_create("dom0", MFD_CLOEXEC);

    if (archive < 0)
        message_error("no memory to pack the image for Xen's first domain: %s", strerror(errno));
    else if (!pack_all(archive, run, initrd)) {
        close(archive);
        archive = -1;
    }
    free(initrd);
    return archive;
}

static char *modules(struct xen_run *run)
{
    char *folder = dom0_find(run->options->dom0);
    int archive = folder ? make_archive(run, folder) : -1;
    char *kernel, *module, *initrd, *all;

    if (archive < 0) {
        free(folder);
        return NULL;
    }
    initrd = xen_run_descriptor(run, archive);
    kernel = memory_format("%s/" DOM0_KERNEL, folder);
    module = xen_run_module(run, kernel);
    all = module ? memory_format("%s console=hvc0 loglevel=4,%s", module, initrd) : NULL;
    free(module);
    free(kernel);
    free(initrd);
    free(folder);
    return all;
}

static void receive_console(void *context, const char *bytes, size_t count, struct queue *to_user)
{
    struct xen_run *run = context;

    run->split.log = &run->log;
    if (bytes)
        console_split_receive(&run->split, bytes, count, to_user);
    else
        console_split_finish(&run->split, to_user);
}

/* What came before the first domain has set its serial port up would be lost. */
static bool takes_input(void *context)
{
    const struct xen_run *run = context;

    return run->log.console_open;
}

/* A file's size, rounded up; of one that is not there, or none, 0: that is found out later. */
static unsigned int mebibytes(const char *path)
{
    struct stat status;

    return path && stat(path, &status) == 0 ? (unsigned int)((status.st_size >> 20) + 1) : 0;
}

static int run_domain(const struct run_options *options)
{
    const struct xen_domain domain = {
        .own_mib =
            DOM0_MIB + DOM0_COPIES * (mebibytes(options->image) + mebibytes(options->initrd)),
        .modules = modules,
        .receive_console = receive_console,
        .takes_input = takes_input,
    };

    return xen_run(options, &domain);
}

const struct place place_xen_domu = {
    .name = "xen-domu",
    .summary = "the same, the image a domain that xl makes (PV domU)",
    .on_xen = true,
    .run = run_domain,
};
