/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sources for the texts: Xen 4.17, xen/common/shutdown.c (the hardware domain's end),
 * common/domain.c and arch/x86/traps.c (a domain's crash), drivers/char/console.c (panic),
 * arch/x86/pv/dom0_build.c and arch/x86/setup.c (building the first domain). Each was provoked with
 * Debian's Xen 4.17.7 but "Xen BUG", "Assertion" and "DOUBLE FAULT". */
#include "run/xen-log.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "afterburn/window.h"
#include "cli/memory.h"

#define PREFIX "(XEN) "

/* How long the rest of a report may take after its last line, on a slow machine too. */
#define DUMP_MILLISECONDS  3000
#define WEDGE_MILLISECONDS 1000

void xen_log_start(struct xen_log *log)
{
    log->crash_line = log->dump_line = log->panic_line = log->stopped_line = SIZE_MAX;
    log->refused_line = SIZE_MAX;
}

bool xen_log_is_wedge(uint64_t address)
{
    return address - WEDGE_WINDOW < WEDGE_WINDOW_SIZE ||
           address - WEDGE_WINDOW_ALIAS < WEDGE_WINDOW_SIZE;
}

const char *xen_log_line(const struct xen_log *log, size_t number)
{
    if (number >= log->count)
        return NULL;
    if (log->count - number <= XEN_LOG_LAST)
        return log->last[number % XEN_LOG_LAST];
    return number < XEN_LOG_FIRST ? log->first[number] : NULL;
}

/* Xen's prefix need not be at the start: a domain's line that has no end yet may be before it. */
static const char *text_of(const char *line)
{
    const char *prefix = line ? strstr(line, PREFIX) : NULL;

    return prefix ? prefix + strlen(PREFIX) : NULL;
}

const char *xen_log_text(const struct xen_log *log, size_t number)
{
    return text_of(xen_log_line(log, number));
}

static bool begins(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

/* What was recognised first holds; but a panic of Xen's overrides what it was dealing with. */
static void conclude(struct xen_log *log, enum xen_log_end end)
{
    if (log->end == XEN_LOG_END_NONE || end == XEN_LOG_END_XEN_CRASHED ||
        end == XEN_LOG_END_NOT_BUILT)
        log->end = end;
}

/* Of the guest's domain. */
static enum xen_log_end *domain_end(struct xen_log *log)
{
    return log->first_is_ours ? &log->domain_end : &log->end;
}

static void conclude_domain(struct xen_log *log, enum xen_log_end end)
{
    if (*domain_end(log) == XEN_LOG_END_NONE)
        *domain_end(log) = end;
}

/* The hardware domain's end, from behind its number. */
static void read_shutdown(struct xen_log *log, const char *what)
{
    if (begins(what, "halted"))
        conclude(log, XEN_LOG_END_POWER_OFF);
    else if (begins(what, "crashed"))
        conclude(log, log->first_is_ours ? XEN_LOG_END_FIRST_CRASHED : XEN_LOG_END_GUEST_CRASHED);
    else
        conclude(log, XEN_LOG_END_RESET);
    log->complete = true;
}

/* "RIP:    e033:[<ffffffff81000000>]": a domain's, or Xen's own, which is of no use here. */
static void read_instruction(struct xen_log *log, const char *text)
{
    const char *address = strstr(text, "[<");

    if (!address || log->has_instruction || log->crash_line == SIZE_MAX)
        return;
    log->instruction = strtoull(address + 2, NULL, 16);
    log->has_instruction = true;
    if (*domain_end(log) == XEN_LOG_END_GUEST_CRASHED && log->stopped_line == SIZE_MAX &&
        xen_log_is_wedge(log->instruction))
        *domain_end(log) = XEN_LOG_END_WEDGE_STOPPED;
}

/* Another domain's crash is the run's end where that is the guest, else not. */
static void read_crash(struct xen_log *log, size_t number, bool of_the_first)
{
    if (!of_the_first && !log->first_is_ours)
        return;
    log->crash_line = number;
    if (of_the_first && log->first_is_ours)
        conclude(log, XEN_LOG_END_FIRST_CRASHED);
    else
        conclude_domain(log, XEN_LOG_END_GUEST_CRASHED);
}

static void read_xen(struct xen_log *log, size_t number, const char *text)
{
    const char *found;

    if ((found = strstr(text, "Hardware Dom")) &&
        (found = strchr(found + strlen("Hardware Dom"), ' '))) {
        read_shutdown(log, found + 1);
    } else if (strstr(text, "Hardware domain") && strstr(text, "soft reset")) {
        read_shutdown(log, "reset");
    } else if (strstr(text, "Panic on CPU")) {
        log->panic_line = number;
        conclude(log, XEN_LOG_END_XEN_CRASHED);
    } else if (log->panic_line != SIZE_MAX && number == log->panic_line + 1) {
        /* The panic's reason. Whether an image can be a domain is the image's business. */
        if (strstr(text, "omain 0"))
            conclude(log, XEN_LOG_END_NOT_BUILT);
    } else if (strstr(text, "Reboot in five seconds") || strstr(text, "Manual reset required")) {
        log->complete = log->end != XEN_LOG_END_NONE;
    } else if (strstr(text, "Xen BUG at") || strstr(text, "DOUBLE FAULT") ||
               (strstr(text, "Assertion '") && strstr(text, "' failed"))) {
        /* A panic follows, if Xen still can. */
        if (log->crash_line == SIZE_MAX)
            log->crash_line = number;
        conclude(log, XEN_LOG_END_XEN_CRASHED);
    } else if ((found = strstr(text, "Domain ")) && strstr(found, " (vcpu#") &&
               strstr(found, "crashed on cpu#")) {
        read_crash(log, number, begins(found, "Domain 0 "));
    } else if (strstr(text, "----[ Xen-")) {
        log->dump_line = number;
    } else if (begins(text, "RIP:")) {
        read_instruction(log, text);
    } else if (strstr(text, "*** Serial input to ") || strstr(text, "init memory")) {
        log->guest_started = true;
    }
}

/* With a reason behind a colon, or none. */
static bool is_stopped_guest(const char *line)
{
    const char *behind = line + strlen(XEN_LOG_WEDGE_STOPPED_GUEST);

    return begins(line, XEN_LOG_WEDGE_STOPPED_GUEST) && (*behind == ':' || *behind == '\0');
}

static void read_dom0(struct xen_log *log, size_t number, const char *line)
{
    if (begins(line, XEN_LOG_DOM0_CONSOLE)) {
        log->console_open = true;
    } else if (begins(line, XEN_LOG_DOM0_NOT_BUILT)) {
        log->refused_line = number;
        conclude(log, XEN_LOG_END_NOT_BUILT);
        log->complete = true;
    } else if (begins(line, XEN_LOG_DOM0_CRASHED)) {
        log->domain_crashed = true;
        log->complete = true;
    } else if (begins(line, XEN_LOG_DOM0_CUT)) {
        log->console_cut = true;
    }
}

static void read_line(struct xen_log *log, size_t number, const char *line)
{
    const char *text = text_of(line);

    if (text) {
        read_xen(log, number, text);
    } else if (begins(line, XEN_LOG_WEDGE_STOPPED) && log->stopped_line == SIZE_MAX) {
        log->stopped_line = number;
        conclude_domain(log, is_stopped_guest(line) ? XEN_LOG_END_GUEST_CRASHED
                                                    : XEN_LOG_END_WEDGE_STOPPED);
    } else if (log->first_is_ours && begins(line, "dom0: ")) {
        read_dom0(log, number, line);
    } else if (begins(line, XEN_LOG_WEDGE_MISSED)) {
        memory_grow((void **)&log->missed, &log->missed_capacity, log->missed_count,
                    sizeof(*log->missed));
        log->missed[log->missed_count++] = strtoull(line + strlen(XEN_LOG_WEDGE_MISSED), NULL, 16);
    }
}

static void keep(char **place, const char *line)
{
    free(*place);
    *place = memory_copy_string(line);
}

void xen_log_add(struct xen_log *log, const char *line)
{
    size_t number = log->count++;

    if (number < XEN_LOG_FIRST)
        keep(&log->first[number], line);
    keep(&log->last[number % XEN_LOG_LAST], line);
    if (log->verbose)
        fprintf(stderr, "xen: %s\n", line);
    if (log->copy && !log->copy_failed && fprintf(log->copy, "%s\n", line) < 0) {
        log->copy_failed = true;
        log->copy_error = errno;
    }
    read_line(log, number, line);
}

bool xen_log_stopped_by_guest(const struct xen_log *log)
{
    const char *line = xen_log_line(log, log->stopped_line);

    return line && is_stopped_guest(line);
}

static void end_line(struct xen_log *log)
{
    log->partial[log->partial_length] = '\0';
    log->partial_length = 0;
    xen_log_add(log, log->partial);
}

int xen_log_receive(void *context, const char *bytes, size_t count)
{
    struct xen_log *log = context;

    for (size_t i = 0; i < count; i++) {
        unsigned char byte = bytes[i];

        if (byte == '\r')
            continue;
        if (byte != '\n' && log->partial_length < XEN_LOG_LINE_LARGEST) {
            /* It will be shown on terminals, which take orders from control characters. */
            log->partial[log->partial_length++] = isprint(byte) || byte == '\t' ? byte : '?';
            continue;
        }
        end_line(log);
        if (byte != '\n')
            i--;
    }
    if (log->complete)
        return 0;
    if (log->end == XEN_LOG_END_NONE)
        return -1;
    return log->stopped_line != SIZE_MAX ? WEDGE_MILLISECONDS : DUMP_MILLISECONDS;
}

void xen_log_finish(struct xen_log *log)
{
    if (log->partial_length)
        end_line(log);
    if (log->domain_crashed && log->end == XEN_LOG_END_NONE)
        log->end =
            log->domain_end != XEN_LOG_END_NONE ? log->domain_end : XEN_LOG_END_GUEST_CRASHED;
    if (log->copy && fflush(log->copy) != 0 && !log->copy_failed) {
        log->copy_failed = true;
        log->copy_error = errno;
    }
}

void xen_log_free(struct xen_log *log)
{
    for (size_t i = 0; i < XEN_LOG_FIRST; i++)
        free(log->first[i]);
    for (size_t i = 0; i < XEN_LOG_LAST; i++)
        free(log->last[i]);
    free(log->missed);
    *log = (struct xen_log){0};
}
