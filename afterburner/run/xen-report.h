/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tells the user how a run on Xen ended, from Xen's log and the image's symbols. */
#ifndef AFTERBURNER_RUN_XEN_REPORT_H
#define AFTERBURNER_RUN_XEN_REPORT_H

#include "run/xen-log.h"

/* Prints one message for a crash, a stop, or a domain that could not be built, and under it,
 * indented, what Xen or the wedge said. Gives the enum run_exit_code. */
int xen_report(const struct xen_log *log, const char *image);

/* Prints the instructions that the wedge emulated without a site, by function. */
void xen_report_missed(const struct xen_log *log, const char *image);

/* Prints the log's last lines, for an end that the log does not explain. */
void xen_report_tail(const struct xen_log *log);

#endif
