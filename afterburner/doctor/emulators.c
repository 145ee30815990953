/* SPDX-License-Identifier: GPL-3.0-or-later */
/* QEMU, what this build of it can do, and Xen. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/memory.h"
#include "doctor/checks.h"
#include "doctor/process.h"
#include "run/dom0.h"
#include "run/qemu.h"
#include "run/xen-image.h"

#define ASK_MILLISECONDS 20000
#define QEMU_PACKAGE     "qemu-system-x86"

/* Asks QEMU; NULL when it fails, else its output, to be freed. */
static char *ask(const char *qemu, const char *option, const char *value)
{
    const char *argv[] = {qemu, option, value, NULL};
    struct process_result result = process_run(argv, ASK_MILLISECONDS);

    if (result.status == 0)
        return result.output;
    free(result.output);
    return NULL;
}

/* Adds an item that is well if QEMU's answer mentions `word`. */
static void check_ability(struct report *report, const char *name, unsigned int uses,
                          const char *answer, const char *word, const char *detail)
{
    if (!report_wants(report, uses))
        return;
    if (answer && strstr(answer, word))
        report_add(report, name, uses, STATE_OK, memory_copy_string(detail), NULL);
    else
        report_add(report, name, uses, STATE_BROKEN,
                   memory_copy_string("this build of QEMU was made without it"),
                   memory_copy_string("apt-get install " QEMU_PACKAGE
                                      ", and unset AFTERBURNER_QEMU if it is set"));
}

static void check_qemu(struct report *report)
{
    char *qemu = qemu_look();
    char *version, *accelerators, *help;

    if (!qemu) {
        report_add(report, "QEMU", USE_ALL, STATE_MISSING,
                   memory_copy_string(getenv("AFTERBURNER_QEMU")
                                          ? "the environment's AFTERBURNER_QEMU names no program"
                                          : "no qemu-system-x86_64 in PATH"),
                   memory_copy_string("apt-get install " QEMU_PACKAGE));
        return;
    }
    version = ask(qemu, "--version", NULL);
    if (!version || strncmp(version, "QEMU emulator version ", 22) != 0) {
        report_add(report, "QEMU", USE_ALL, STATE_BROKEN,
                   memory_format("%s --version does not answer as QEMU does", qemu),
                   memory_copy_string("apt-get install --reinstall " QEMU_PACKAGE));
        free(version);
        free(qemu);
        return;
    }
    version[strcspn(version, "\n")] = '\0';
    report_add(report, "QEMU", USE_ALL, STATE_OK, memory_format("%s (%s)", version, qemu), NULL);
    accelerators = ask(qemu, "-accel", "help");
    check_ability(report, "QEMU TCG", USE_ALL, accelerators, "\ntcg",
                  "emulates any x86 here, deterministically if asked");
    help = ask(qemu, "-help", NULL);
    check_ability(report, "QEMU TCG plugins", USE_CHECK, help, "\n-plugin ",
                  "instruction counts can be taken");
    free(help);
    free(accelerators);
    free(version);
    free(qemu);
}

/* Xen is unpacked as `run` would, but not booted. */
static void check_xen(struct report *report)
{
    char *path = xen_image_look(NULL);
    const char *named = getenv("AFTERBURNER_XEN");
    char *wrong = NULL;
    int fd = path ? xen_image_open(path, &wrong) : -1;

    if (fd >= 0)
        report_add(report, "Xen", USE_XEN | USE_XEN_DOMU, STATE_OK, memory_copy_string(path), NULL);
    else if (path)
        report_add(report, "Xen", USE_XEN | USE_XEN_DOMU, STATE_BROKEN,
                   memory_format("%s: %s", path, wrong),
                   named && *named ? memory_copy_string("unset AFTERBURNER_XEN")
                                   : xen_image_remedy());
    else
        report_add(report, "Xen", USE_XEN | USE_XEN_DOMU, STATE_MISSING,
                   memory_copy_string("not in /boot, nor fetched"), xen_image_remedy());
    if (fd >= 0)
        close(fd);
    free(wrong);
    free(path);
}

static void check_dom0(struct report *report)
{
    char *folder = dom0_look(NULL);
    const char *named = getenv("AFTERBURNER_DOM0");

    if (folder)
        report_add(report, "Xen's dom0", USE_XEN_DOMU, STATE_OK, folder, NULL);
    else if (named && *named)
        report_add(report, "Xen's dom0", USE_XEN_DOMU, STATE_BROKEN,
                   memory_format("%s: not a folder that fetch-dom0 made", named),
                   memory_copy_string("unset AFTERBURNER_DOM0"));
    else
        report_add(report, "Xen's dom0", USE_XEN_DOMU, STATE_MISSING,
                   memory_copy_string("not fetched"), dom0_remedy());
}

void check_emulators(struct report *report)
{
    if (report_wants(report, USE_ALL))
        check_qemu(report);
    if (report_wants(report, USE_XEN | USE_XEN_DOMU))
        check_xen(report);
    if (report_wants(report, USE_XEN_DOMU))
        check_dom0(report);
}
