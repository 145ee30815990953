/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the probe of /dev/kvm means to the user. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/memory.h"
#include "doctor/checks.h"
#include "doctor/kvm-probe.h"

/* The processor's extension for it, "vmx" or "svm", or NULL: /proc/cpuinfo's first flags. */
static const char *processor_extension(void)
{
    static const char *const names[] = {"vmx", "svm"};
    FILE *file = fopen("/proc/cpuinfo", "re");
    const char *found = NULL;
    char *line = NULL;
    size_t size = 0;

    if (!file)
        return NULL;
    while (!found && getline(&line, &size, file) > 0) {
        char *rest = line, *word;

        if (strncmp(line, "flags", 5) != 0)
            continue;
        while ((word = strsep(&rest, " \t\n")))
            for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
                if (strcmp(word, names[i]) == 0)
                    found = names[i];
        break;
    }
    free(line);
    fclose(file);
    return found;
}

/* What to do about a /dev/kvm that is not there or does not work. */
static char *remedy_for_none(const char *extension)
{
    if (extension)
        return memory_format(
            "modprobe kvm-%s; if it refuses, switch virtualization on in the firmware",
            strcmp(extension, "vmx") == 0 ? "intel" : "amd");
    return memory_copy_string("use a machine with VT-x or SVM; --on native needs none");
}

void check_kvm(struct report *report)
{
    const char *extension = processor_extension();
    enum kvm_state state;
    char *detail;

    if (!report_wants(report, USE_KVM))
        return;
    state = kvm_probe(&detail);
    switch (state) {
    case KVM_WORKS:
        report_add(report, "KVM", USE_KVM, STATE_OK, detail, NULL);
        break;
    case KVM_DENIED:
        report_add(report, "KVM", USE_KVM, STATE_BROKEN, detail,
                   memory_copy_string("adduser $USER kvm, then log in anew"));
        break;
    case KVM_BUSY:
        report_add(report, "KVM", USE_KVM, STATE_BROKEN, detail,
                   memory_copy_string("end the other hypervisor"));
        break;
    case KVM_ABSENT:
        report_add(report, "KVM", USE_KVM, extension ? STATE_MISSING : STATE_NOT_HERE, detail,
                   remedy_for_none(extension));
        break;
    case KVM_BROKEN:
        report_add(report, "KVM", USE_KVM, STATE_BROKEN, detail,
                   extension
                       ? memory_copy_string("update the kernel; if this is a virtual machine, "
                                            "its host's")
                       : remedy_for_none(NULL));
        break;
    }
}
