/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The checks, by concern. Each adds its items to the report, those of no wanted use left out. */
#ifndef AFTERBURNER_DOCTOR_CHECKS_H
#define AFTERBURNER_DOCTOR_CHECKS_H

#include "doctor/report.h"

void check_tools(struct report *report);      /* compilers, assembler, linker, build tools */
void check_annotating(struct report *report); /* can the compilers assemble through us? */
void check_linux(struct report *report);      /* what building Linux and its initramfs needs */
void check_emulators(struct report *report);  /* QEMU and what it can do; Xen */
void check_kvm(struct report *report);        /* a /dev/kvm that works */
void check_machine(struct report *report);    /* disk, memory, processors */

#endif
