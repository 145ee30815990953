/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads Xen's console, line by line as it comes, and recognises how the run ended. The wedge's log
 * is there too: its lines begin with "wedge: ". */
#ifndef AFTERBURNER_RUN_XEN_LOG_H
#define AFTERBURNER_RUN_XEN_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define XEN_LOG_FIRST        100 /* lines that are kept of the log's start */
#define XEN_LOG_LAST         200 /* and of its end */
#define XEN_LOG_LINE_LARGEST 1023

/* What begins the wedge's lines, and the one by which it ends the run. */
#define XEN_LOG_WEDGE               "wedge: "
#define XEN_LOG_WEDGE_STOPPED       "wedge: stopped"
#define XEN_LOG_WEDGE_STOPPED_GUEST XEN_LOG_WEDGE_STOPPED ": guest"
#define XEN_LOG_WEDGE_RIP           "wedge: rip "
#define XEN_LOG_WEDGE_MISSED        "wedge: missed site: "

/* What a first domain of ours says (scripts/dom0-init). */
#define XEN_LOG_DOM0_CONSOLE   "dom0: the console is open"
#define XEN_LOG_DOM0_NOT_BUILT "dom0: not built: "
#define XEN_LOG_DOM0_CRASHED   "dom0: crashed"
#define XEN_LOG_DOM0_CUT       "dom0: the end of its console is missing"

enum xen_log_end {
    XEN_LOG_END_NONE, /* nothing in the log says so */
    XEN_LOG_END_POWER_OFF,
    XEN_LOG_END_RESET,
    XEN_LOG_END_GUEST_CRASHED,
    XEN_LOG_END_WEDGE_STOPPED,
    XEN_LOG_END_XEN_CRASHED,
    XEN_LOG_END_NOT_BUILT,     /* Xen, or xl, found nothing it could make a domain of */
    XEN_LOG_END_FIRST_CRASHED, /* the first domain, where that is ours */
};

/* To be zeroed. What is outside the first group is for reading. */
struct xen_log {
    FILE *copy;         /* gets each line; NULL: nobody does */
    bool verbose;       /* standard error gets each line, behind "xen: " */
    bool first_is_ours; /* the guest is another domain */

    enum xen_log_end end;
    bool complete; /* what belongs to that end has come, too */
    /* Where the first domain is ours: what Xen and the wedge say of the other one's end, and that
     * it has come, which the first one says. Until then a guest may have spoken in the wedge's
     * name. */
    enum xen_log_end domain_end;
    bool domain_crashed;
    bool console_cut;   /* it did not get all that the domain said */
    bool guest_started; /* Xen has handed over to its first domain */
    bool console_open;  /* the first domain passes input on */
    bool copy_failed;
    int copy_error;

    /* Line numbers, from 0 on; SIZE_MAX: there was none. */
    size_t count;         /* of the lines so far */
    size_t crash_line;    /* says that the domain, or Xen, crashed */
    size_t dump_line;     /* begins Xen's last dump of registers */
    size_t panic_line;    /* of Xen */
    size_t stopped_line;  /* of the wedge */
    size_t refused_line;  /* of a first domain of ours: why there is no other */
    uint64_t instruction; /* where the domain was when it crashed */
    uint64_t *missed;     /* the instructions that the wedge emulated without a site */
    size_t missed_count, missed_capacity;
    bool has_instruction;

    char *first[XEN_LOG_FIRST];
    char *last[XEN_LOG_LAST]; /* a ring: line n is at n % XEN_LOG_LAST */
    char partial[XEN_LOG_LINE_LARGEST + 1];
    size_t partial_length;
};

void xen_log_start(struct xen_log *log);

/* Takes what came (a struct qemu_listener's receive; `log` is a struct xen_log). Gives -1 to go on,
 * or for how many milliseconds more is worth waiting for. */
int xen_log_receive(void *log, const char *bytes, size_t count);

/* Takes a line, without its end, that came by another way than Xen's console. */
void xen_log_add(struct xen_log *log, const char *line);

/* Whether the wedge's last line says that the end is the guest's doing. */
bool xen_log_stopped_by_guest(const struct xen_log *log);

/* Nothing more comes: takes a last line that has no end. */
void xen_log_finish(struct xen_log *log);

/* Line `number` as Xen wrote it, or NULL when it was not kept. */
const char *xen_log_line(const struct xen_log *log, size_t number);

/* What Xen said on that line, without its prefix; NULL when the line is not Xen's or was not kept.
 */
const char *xen_log_text(const struct xen_log *log, size_t number);

/* Whether the address is one of the wedge's. */
bool xen_log_is_wedge(uint64_t address);

void xen_log_free(struct xen_log *log);

#endif
