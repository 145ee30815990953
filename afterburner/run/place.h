/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where an image can run. Each place has one file that defines its `struct place`; run.c lists
 * them. */
#ifndef AFTERBURNER_RUN_PLACE_H
#define AFTERBURNER_RUN_PLACE_H

#include <stdbool.h>
#include <stddef.h>

/* What the user asked for. Strings are the command line's own or constants; NULL means not given.
 */
struct run_options {
    const char *image;
    const char *initrd;
    const char *append;     /* the guest's command line */
    const char *cpu;        /* QEMU's name of the CPU model */
    const char *xen;        /* Xen's file; this and the next two only for places on Xen */
    const char *xen_append; /* more of Xen's own command line */
    const char *xen_log;    /* a file that gets Xen's log */
    const char *dom0;       /* a folder that fetch-dom0 made; for the place "xen-domu" */
    const char *plugin;     /* a TCG plugin, FILE[,ARGUMENT...] */
    const char **qemu_arguments;
    size_t qemu_argument_count;
    unsigned int timeout_seconds;
    unsigned int memory_mib;
    unsigned int processors;
    bool deterministic;
    bool interactive;
    bool verbose;
};

struct place {
    const char *name;
    const char *summary;
    bool on_xen;
    /* Runs the image to its end. Gives an enum run_exit_code or the guest's own code (0-99); every
     * other end than the guest's own has printed one message. */
    int (*run)(const struct run_options *options);
};

extern const struct place place_native;
extern const struct place place_xen;
extern const struct place place_xen_domu;

#endif
