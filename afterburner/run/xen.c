/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The place "xen": Xen in QEMU's TCG, with the image as its first domain (PV dom0).
 *
 * COM1 is the guest's own, driven through Xen's port emulation; COM2 carries Xen's log and the
 * wedge's, in which the run's end is found. The debug-exit port is the guest's, too. Xen boots in
 * about a second; `sync_console` would add three (it warns for so long), and `noreboot` would leave
 * a crash that we did not recognise to the time-out instead of a reset after five seconds. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/exit-codes.h"
#include "cli/memory.h"
#include "cli/message.h"
#include "run/image-check.h"
#include "run/machine.h"
#include "run/place.h"
#include "run/qemu.h"
#include "run/xen-image.h"
#include "run/xen-log.h"
#include "run/xen-report.h"

/* Xen keeps 64 MiB for itself, and for each GiB 16 more: its tables of pages need 10. The guest
 * must have as much as holds an image at 16 MiB. */
#define XEN_MIB            64
#define XEN_MIB_PER_GIB    16
#define GUEST_MIB_SMALLEST 32

#define COMMAND_LINE_LARGEST 1023 /* bytes of the start information, less the end mark */

/* QEMU 7.2's TCG faults when ring 3 does an iretq while CR4.SMAP is set, which a PV kernel does. */
#define NO_SMAP "-smap"

struct xen_run {
    const struct run_options *options;
    struct command_line command;
    struct qemu_session session;
    struct xen_log log;
    unsigned int guest_mib;
    int xen; /* descriptor of the unpacked hypervisor; -1 */
};

/* The CPU model without SMAP; to be freed. */
static char *without_smap(const char *cpu)
{
    for (const char *feature = strchr(cpu, ','); feature; feature = strchr(feature, ',')) {
        size_t length = strcspn(++feature, ",");

        if ((length == 5 && strncmp(feature, NO_SMAP, length) == 0) ||
            (length == 8 && strncmp(feature, "smap=off", length) == 0))
            return memory_copy_string(cpu);
    }
    return memory_format("%s," NO_SMAP, cpu);
}

/* A name for a multiboot module. QEMU ends it at the first space, so a file whose path has one goes
 * by its descriptor. To be freed; NULL after a message. */
static char *module_name(struct xen_run *run, const char *path)
{
    int fd;

    if (!strchr(path, ' '))
        return machine_escape(path);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        message_error("%s: %s; give the path of a readable file", path, strerror(errno));
        return NULL;
    }
    run->session.files[run->session.file_count] = fd;
    return memory_format(QEMU_FILE_PATH, QEMU_FILE_FD + (int)run->session.file_count++);
}

/* The modules: the image with its command line behind a space, then the initial RAM disk. */
static bool add_modules(struct xen_run *run)
{
    const struct run_options *options = run->options;
    char *arguments = machine_escape(options->append ? options->append : "");
    char *image = module_name(run, options->image);
    char *initrd = image && options->initrd ? module_name(run, options->initrd) : NULL;
    bool good = image && (!options->initrd || initrd);

    if (good) {
        command_line_add_list(&run->command, "-initrd", NULL);
        command_line_add(&run->command, "%s %s%s%s", image, arguments, initrd ? "," : "",
                         initrd ? initrd : "");
    }
    free(initrd);
    free(image);
    free(arguments);
    return good;
}

static bool build_command(struct xen_run *run)
{
    const struct run_options *options = run->options;
    char *cpu = without_smap(options->cpu);
    bool good;

    run->session.files[run->session.file_count] = run->xen;
    command_line_add_list(&run->command, "-kernel", NULL);
    command_line_add(&run->command, QEMU_FILE_PATH, QEMU_FILE_FD + (int)run->session.file_count++);
    command_line_add_list(&run->command, "-append", NULL);
    command_line_add(&run->command,
                     "console=com2 com2=115200,8n1 dom0_mem=%uM,max:%uM dom0_max_vcpus=%u "
                     "loglvl=all guest_loglvl=all%s%s",
                     run->guest_mib, run->guest_mib, options->processors,
                     options->xen_append ? " " : "",
                     options->xen_append ? options->xen_append : "");
    good = add_modules(run) && machine_add(&run->command, options, cpu);
    free(cpu);
    return good;
}

static bool share_memory(struct xen_run *run)
{
    unsigned int total = run->options->memory_mib;
    unsigned int xen = XEN_MIB + total / 1024 * XEN_MIB_PER_GIB;

    if (total < xen + GUEST_MIB_SMALLEST) {
        message_error("--memory %u: Xen keeps %u MiB of it for itself; give at least %u", total,
                      xen, XEN_MIB + GUEST_MIB_SMALLEST);
        return false;
    }
    run->guest_mib = total - xen;
    return true;
}

/* All that can be wrong before anything is made. */
static bool check_options(struct xen_run *run)
{
    const struct run_options *options = run->options;
    size_t length = options->append ? strlen(options->append) : 0;

    if (length > COMMAND_LINE_LARGEST) {
        message_error("--append: %zu bytes, and Xen passes on %d; make it shorter", length,
                      COMMAND_LINE_LARGEST);
        return false;
    }
    return image_check(options->image, IMAGE_ENTRY_XEN) &&
           (!options->initrd || image_check_readable(options->initrd, "initrd")) &&
           share_memory(run);
}

static bool open_xen(struct xen_run *run)
{
    char *path = xen_image_find(run->options->xen);
    char *wrong;

    if (!path)
        return false;
    run->xen = xen_image_open(path, &wrong);
    if (run->xen < 0)
        message_error("%s: %s; give a Xen such as Debian's /boot/xen-4.17-amd64.gz", path, wrong);
    else if (run->options->verbose)
        message_note("%s, unpacked, is " QEMU_FILE_PATH " in QEMU", path, QEMU_FILE_FD);
    free(wrong);
    free(path);
    return run->xen >= 0;
}

static bool open_log(struct xen_run *run)
{
    const char *path = run->options->xen_log;

    xen_log_start(&run->log);
    run->log.verbose = run->options->verbose;
    if (!path)
        return true;
    run->log.copy = fopen(path, "we");
    if (!run->log.copy) {
        message_error("--xen-log %s: %s; name a file that can be written", path, strerror(errno));
        return false;
    }
    /* For a reader beside us. */
    setvbuf(run->log.copy, NULL, _IOLBF, 0);
    return true;
}

/* The file has all of the log, or the run has failed. */
static int close_log(struct xen_run *run, int code)
{
    if (!run->log.copy)
        return code;
    if (fclose(run->log.copy) != 0 && !run->log.copy_failed) {
        run->log.copy_failed = true;
        run->log.copy_error = errno;
    }
    run->log.copy = NULL;
    if (!run->log.copy_failed)
        return code;
    message_error("--xen-log %s: %s; the log is not complete", run->options->xen_log,
                  strerror(run->log.copy_error));
    return RUN_EXIT_OURS;
}

/* What the log says about the end comes first: QEMU saw only its consequences. */
static int judge(struct xen_run *run, struct qemu_result *result)
{
    struct xen_log *log = &run->log;
    bool known = result->end != QEMU_END_INTERRUPTED && result->end != QEMU_END_OUTPUT &&
                 result->end != QEMU_END_OURS && result->end != QEMU_END_NOT_STARTED;
    int code;

    if (known && log->end == XEN_LOG_END_POWER_OFF) {
        result->end = QEMU_END_POWER_OFF;
    } else if (known && log->end == XEN_LOG_END_RESET) {
        result->end = QEMU_END_RESET;
    } else if (known && log->end != XEN_LOG_END_NONE) {
        free(result->detail);
        result->detail = NULL;
        return xen_report(log, run->options->image);
    } else if (result->end == QEMU_END_RESET && !log->guest_started) {
        free(result->detail);
        result->detail = NULL;
        message_error("Xen reset the machine before it started the guest (a triple fault?)");
        xen_report_tail(log);
        return RUN_EXIT_HYPERVISOR_CRASHED;
    }
    code = qemu_report(result, &run->session);
    if (result->end == QEMU_END_TIMEOUT && !log->guest_started)
        xen_report_tail(log);
    return code;
}

static int run_qemu(struct xen_run *run)
{
    const struct qemu_listener listener = {.context = &run->log, .receive = xen_log_receive};
    struct qemu_result result;
    int code;

    run->session.listener = &listener;
    result = qemu_run(&run->session);
    xen_log_finish(&run->log);
    code = judge(run, &result);
    xen_report_missed(&run->log, run->options->image);
    run->session.listener = NULL;
    return code;
}

static int run_xen(const struct run_options *options)
{
    struct xen_run run = {
        .options = options,
        .session = {.timeout_seconds = options->timeout_seconds,
                    .interactive = options->interactive,
                    .verbose = options->verbose,
                    .hold = machine_is_held(options)},
        .xen = -1,
    };
    char *program = NULL;
    int code = RUN_EXIT_OURS;

    run.session.command = &run.command;
    if (check_options(&run) && open_xen(&run) && (program = qemu_find())) {
        command_line_add(&run.command, "%s", program);
        if (build_command(&run) && open_log(&run))
            code = close_log(&run, run_qemu(&run));
    }
    for (size_t i = 0; i < run.session.file_count; i++)
        close(run.session.files[i]);
    if (run.session.file_count == 0 && run.xen >= 0)
        close(run.xen);
    xen_log_free(&run.log);
    command_line_free(&run.command);
    free(program);
    return code;
}

const struct place place_xen = {
    .name = "xen",
    .summary = "Xen 4.17 in QEMU, the image its first domain (PV dom0)",
    .run = run_xen,
};
