/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the places on Xen share: Xen in QEMU's TCG.
 *
 * COM1 is the guest's console; COM2 carries Xen's log, in which the run's end is found. Xen boots
 * in about a second; `sync_console` would add three (it warns for so long), and `noreboot` would
 * leave a crash that we did not recognise to the time-out instead of a reset after five seconds. */
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
#include "run/xen-image.h"
#include "run/xen-report.h"
#include "run/xen-run.h"

/* Xen keeps 64 MiB for itself, and for each GiB 16 more: its tables of pages need 10. The guest
 * must have as much as holds an image at 16 MiB. */
#define XEN_MIB            64
#define XEN_MIB_PER_GIB    16
#define GUEST_MIB_SMALLEST 32

#define COMMAND_LINE_LARGEST 1023 /* bytes of the start information, less the end mark */

/* QEMU 7.2's TCG faults when ring 3 does an iretq while CR4.SMAP is set, which a PV kernel does. */
#define NO_SMAP "-smap"

/* QEMU 7.2's TCG carries instructions on YMM registers out whatever CR0.TS says, by which Xen would
 * notice that they are another domain's: it must load them when it switches. (Debian's own Linux
 * loses its registers there, too, as a domain of its Xen.) */
#define EAGER_FPU "spec-ctrl=eager-fpu"

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

char *xen_run_descriptor(struct xen_run *run, int fd)
{
    run->session.files[run->session.file_count] = fd;
    return memory_format(QEMU_FILE_PATH, QEMU_FILE_FD + (int)run->session.file_count++);
}

/* QEMU ends a name at the first space, so a file whose path has one goes by its descriptor. */
char *xen_run_module(struct xen_run *run, const char *path)
{
    int fd;

    if (!strchr(path, ' '))
        return machine_escape(path);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        message_error("%s: %s; give the path of a readable file", path, strerror(errno));
        return NULL;
    }
    return xen_run_descriptor(run, fd);
}

static bool build_command(struct xen_run *run)
{
    const struct run_options *options = run->options;
    struct run_options machine = *options;
    char *cpu = without_smap(options->cpu), *xen = xen_run_descriptor(run, run->xen), *modules;
    unsigned int first_mib = run->domain->own_mib ? run->domain->own_mib : run->guest_mib;
    bool good = false;

    machine.memory_mib += run->domain->own_mib;
    command_line_add_list(&run->command, "-kernel", xen, "-append", NULL);
    command_line_add(&run->command,
                     "console=com2 com2=115200,8n1 dom0_mem=%uM,max:%uM dom0_max_vcpus=%u "
                     "loglvl=all guest_loglvl=all%s%s%s",
                     first_mib, first_mib, run->domain->own_mib ? 1 : options->processors,
                     run->domain->own_mib ? " " EAGER_FPU : "", options->xen_append ? " " : "",
                     options->xen_append ? options->xen_append : "");
    modules = run->domain->modules(run);
    if (modules) {
        command_line_add_list(&run->command, "-initrd", modules, NULL);
        good = machine_add(&run->command, &machine, cpu);
    }
    free(modules);
    free(xen);
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
    run->log.first_is_ours = run->domain->own_mib;
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

static int receive(void *context, const char *bytes, size_t count)
{
    struct xen_run *run = context;

    return xen_log_receive(&run->log, bytes, count);
}

static int run_qemu(struct xen_run *run)
{
    const struct qemu_listener listener = {.context = run,
                                           .receive = receive,
                                           .receive_console = run->domain->receive_console,
                                           .takes_input = run->domain->takes_input};
    struct qemu_result result;
    int code;

    run->session.listener = &listener;
    result = qemu_run(&run->session);
    xen_log_finish(&run->log);
    if (run->log.console_cut)
        message_error("the end of what the guest said is missing: Xen's tools did not pass it on");
    code = judge(run, &result);
    xen_report_missed(&run->log, run->options->image);
    run->session.listener = NULL;
    return code;
}

int xen_run(const struct run_options *options, const struct xen_domain *domain)
{
    struct xen_run run = {
        .options = options,
        .domain = domain,
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
