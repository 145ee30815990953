/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AFTERBURNER_RUN_XEN_RUN_H
#define AFTERBURNER_RUN_XEN_RUN_H

#include "run/command-line.h"
#include "run/console-split.h"
#include "run/place.h"
#include "run/qemu.h"
#include "run/xen-log.h"

struct xen_run;

/* Which domain of Xen's the image becomes. */
struct xen_domain {
    unsigned int
        own_mib; /* memory of a first domain of ours beside the guest; 0: it is the first */
    /* The modules that Xen boots, as QEMU's -initrd takes them; to be freed; NULL after a message.
     */
    char *(*modules)(struct xen_run *run);
    /* See struct qemu_listener; the context is the struct xen_run. */
    void (*receive_console)(void *context, const char *bytes, size_t count, struct queue *to_user);
    bool (*takes_input)(void *context);
};

struct xen_run {
    const struct run_options *options;
    const struct xen_domain *domain;
    struct command_line command;
    struct qemu_session session;
    struct xen_log log;
    struct console_split split;
    unsigned int guest_mib;
    int xen; /* descriptor of the unpacked hypervisor; -1 */
};

/* Runs the image as this domain, to its end; a place's `run`. */
int xen_run(const struct run_options *options, const struct xen_domain *domain);

/* For xen_domain.modules: names by which QEMU opens a file, or a descriptor, which is closed behind
 * the run. To be freed; NULL after a message. */
char *xen_run_module(struct xen_run *run, const char *path);
char *xen_run_descriptor(struct xen_run *run, int fd);

#endif
