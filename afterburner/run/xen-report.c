/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "run/xen-report.h"

#include <elf.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/exit-codes.h"
#include "cli/memory.h"
#include "cli/message.h"
#include "image/image.h"

#define TAIL_LINES         10
#define CONTEXT_LINES      12 /* at most, before the line that says who crashed */
#define STACK_LINES        4  /* of four words each */
#define CALLERS            8
#define LONGEST_DUMP_LINES 100
#define CAUSE              "Unhandled: vec "

/* The image, when it has symbols to look up. */
struct symbols {
    struct image image;
    bool open;
};

static bool is_elf(const char *path)
{
    char magic[SELFMAG] = {0};
    FILE *file = fopen(path, "re");
    bool result = file && fread(magic, 1, sizeof(magic), file) == sizeof(magic) &&
                  memcmp(magic, ELFMAG, SELFMAG) == 0;

    if (file)
        fclose(file);
    return result;
}

static void symbols_open(struct symbols *symbols, const char *path)
{
    /* A bzImage's symbols are packed away. */
    symbols->open = is_elf(path) && image_open(path, &symbols->image) == EXIT_CODE_OK;
}

static void symbols_close(struct symbols *symbols)
{
    if (symbols->open)
        image_close(&symbols->image);
}

/* "function+0x12", or NULL; to be freed. */
static char *function_at(const struct symbols *symbols, uint64_t address)
{
    uint64_t offset = 0;
    const char *name = symbols->open ? image_function_at(&symbols->image, address, &offset) : "";

    return *name ? memory_format("%s+0x%" PRIx64, name, offset) : NULL;
}

/* The same with the address; to be freed. */
static char *place_at(const struct symbols *symbols, uint64_t address)
{
    char *function = function_at(symbols, address);
    char *text = function ? memory_format("%s (0x%" PRIx64 ")", function, address)
                          : memory_format("0x%" PRIx64, address);

    free(function);
    return text;
}

/* A line without Xen's prefix. */
static void print_line(const struct xen_log *log, size_t number)
{
    const char *text = xen_log_text(log, number);
    const char *line = xen_log_line(log, number);

    if (line)
        fprintf(stderr, "  %s\n", text ? text : line);
}

static bool is_wedge_line(const struct xen_log *log, size_t number)
{
    const char *line = xen_log_line(log, number);

    return line && strncmp(line, XEN_LOG_WEDGE, strlen(XEN_LOG_WEDGE)) == 0;
}

static size_t oldest_kept(const struct xen_log *log)
{
    return log->count > XEN_LOG_LAST ? log->count - XEN_LOG_LAST : 0;
}

static void print_wedge_lines(const struct xen_log *log)
{
    for (size_t i = oldest_kept(log); i < log->count; i++)
        if (is_wedge_line(log, i))
            print_line(log, i);
}

/* The lines between two numbers that begin with `start`, the first of them; NULL when none does. */
static const char *find_line(const struct xen_log *log, size_t from, const char *start)
{
    for (size_t i = from; i < log->count; i++) {
        const char *text = xen_log_text(log, i);

        if (text && strncmp(text, start, strlen(start)) == 0)
            return text;
    }
    return NULL;
}

/* Of what Xen printed before it said that the domain crashed: the line that explains it. To be
 * freed.
 */
static char *find_cause(const struct xen_log *log)
{
    size_t stop = log->crash_line > CONTEXT_LINES ? log->crash_line - CONTEXT_LINES : 0;

    for (size_t i = log->crash_line; i-- > stop;) {
        const char *text = xen_log_text(log, i);
        const char *found = text ? strstr(text, CAUSE) : NULL;
        const char *name = found ? strchr(found, ' ') : NULL;

        if (name && (name = strchr(found, ',')) && name[1] == ' ') {
            /* "#PF[0002]"; a vector that has no error code shows 32 bits set. */
            int length = strcspn(name + 2, "[");
            const char *code = name + 2 + length;

            if (*code != '[' || strncmp(code, "[ffffffff]", 10) == 0)
                return memory_format("%.*s", length, name + 2);
            return memory_format("%.*s, error code 0x%lx", length, name + 2,
                                 strtoul(code + 1, NULL, 16));
        }
        if (text && (found = strstr(text, "domain_crash called from ")))
            return memory_copy_string(found);
    }
    if (find_line(log, stop, "domain_crash_sync called from entry.S"))
        return memory_copy_string("an exception, whose frame its kernel's stack could not take");
    return memory_copy_string("Xen gave no cause");
}

/* Where Xen began to speak of the crash: its line and those directly before it that belong to it.
 */
static size_t first_of_crash(const struct xen_log *log)
{
    static const char *const belong[] = {CAUSE, "Pagetable walk", " L", "domain_crash"};
    size_t first = log->crash_line;

    for (size_t i = 0; i < CONTEXT_LINES && first > 0; i++) {
        const char *text = xen_log_text(log, first - 1);
        bool belongs = false;

        for (size_t j = 0; text && j < sizeof(belong) / sizeof(belong[0]); j++)
            belongs |= strstr(text, belong[j]) != NULL;
        if (!belongs)
            break;
        first--;
    }
    return first;
}

/* Words of the stack that lie in functions: the calls that are under way, and some that are over.
 */
static void print_callers(const struct xen_log *log, const struct symbols *symbols, size_t from)
{
    size_t printed = 0;

    for (size_t i = from; i < log->count; i++) {
        const char *text = xen_log_text(log, i);
        char *end;

        if (!text || strncmp(text, "   ", 3) != 0)
            return;
        for (;; text = end) {
            uint64_t word = strtoull(text, &end, 16);
            char *function = end == text ? NULL : function_at(symbols, word);

            if (end == text)
                break;
            /* Xen puts the frame of the exception on the stack, too. */
            if (function && word != log->instruction && printed++ < CALLERS)
                fprintf(stderr, "  on the stack: 0x%" PRIx64 " %s\n", word, function);
            free(function);
        }
    }
}

/* Xen's dump of a domain, the stack cut short, then who called. */
static void print_dump(const struct xen_log *log, const struct symbols *symbols)
{
    size_t stack = 0;

    for (size_t i = first_of_crash(log); i < log->count; i++) {
        const char *text = xen_log_text(log, i);

        if (!text || strncmp(text, "Hardware Dom", 12) == 0)
            break;
        if (stack && i > stack + STACK_LINES)
            continue;
        if (strstr(text, "stack trace from"))
            stack = i;
        print_line(log, i);
    }
    if (stack)
        print_callers(log, symbols, stack + 1);
}

/* "what at function+0x12 (0x...): #PF, error code 0x2, address 0x10; Xen's report: ..." */
static void report_dump(const struct xen_log *log, const char *image, const char *what)
{
    struct symbols symbols = {0};
    const char *line = find_line(log, log->crash_line, "cr3:");
    const char *fault = line ? strstr(line, "cr2: ") : NULL;
    char *cause = find_cause(log);
    char *place, *address = NULL;

    symbols_open(&symbols, image);
    place = place_at(&symbols, log->instruction);
    if (fault && strncmp(cause, "#PF", 3) == 0)
        address = memory_format(", address 0x%llx", strtoull(fault + 5, NULL, 16));
    message_error("%s at %s: %s%s; Xen's report:", what,
                  log->has_instruction ? place : "an unknown place", cause, address ? address : "");
    print_wedge_lines(log);
    print_dump(log, &symbols);
    symbols_close(&symbols);
    free(address);
    free(place);
    free(cause);
}

/* The instruction pointer in the wedge's report; 0 when there is none. */
static uint64_t wedge_instruction(const struct xen_log *log)
{
    for (size_t i = log->stopped_line; i < log->count; i++) {
        const char *line = xen_log_line(log, i);

        if (line && strncmp(line, XEN_LOG_WEDGE_RIP, strlen(XEN_LOG_WEDGE_RIP)) == 0)
            return strtoull(line + strlen(XEN_LOG_WEDGE_RIP), NULL, 16);
    }
    return 0;
}

/* "what AT function+0x12 (0x...): reason; the wedge's report: ...", as far as it says so. */
static void report_stop(const struct xen_log *log, const char *image, const char *what,
                        const char *at, const char *before_reason)
{
    const char *reason = xen_log_line(log, log->stopped_line) + strlen(before_reason);
    uint64_t instruction = wedge_instruction(log);
    struct symbols symbols = {0};
    char *place;

    reason += strspn(reason, ": ");
    symbols_open(&symbols, image);
    place = place_at(&symbols, instruction);
    message_error("%s%s%s%s%s; the wedge's report:", what, instruction ? at : "",
                  instruction ? place : "", *reason ? ": " : "", reason);
    print_wedge_lines(log);
    free(place);
    symbols_close(&symbols);
}

static int report_guest(const struct xen_log *log, const char *image)
{
    if (xen_log_stopped_by_guest(log)) {
        report_stop(log, image, "the guest crashed", " at ", XEN_LOG_WEDGE_STOPPED_GUEST);
    } else if (log->crash_line != SIZE_MAX) {
        report_dump(log, image, "the guest crashed");
    } else {
        message_error("the guest told Xen that it crashed; its last console lines say more");
        print_wedge_lines(log);
    }
    return RUN_EXIT_GUEST_CRASHED;
}

static int report_wedge(const struct xen_log *log, const char *image)
{
    const char *line = xen_log_line(log, log->stopped_line);

    if (!line) {
        report_dump(log, image, "the wedge crashed");
        return RUN_EXIT_WEDGE_STOPPED;
    }
    report_stop(log, image, "the wedge stopped itself", ", the guest at ", XEN_LOG_WEDGE_STOPPED);
    return RUN_EXIT_WEDGE_STOPPED;
}

static int report_panic(const struct xen_log *log)
{
    const char *reason =
        xen_log_text(log, log->panic_line != SIZE_MAX ? log->panic_line + 1 : log->crash_line);
    size_t first = log->panic_line;

    /* An older dump belongs to a warning. */
    if (log->dump_line < first &&
        (first == SIZE_MAX || first - log->dump_line <= LONGEST_DUMP_LINES))
        first = log->dump_line;
    if (log->crash_line < first)
        first = log->crash_line;
    message_error("Xen crashed: %s; its report:", reason && *reason ? reason : "it gave no reason");
    for (size_t i = first < oldest_kept(log) ? oldest_kept(log) : first; i < log->count; i++)
        print_line(log, i);
    return RUN_EXIT_HYPERVISOR_CRASHED;
}

/* By xl, in a first domain of ours. */
static int report_refused(const struct xen_log *log, const char *image)
{
    const char *line = xen_log_line(log, log->refused_line);

    message_error("%s: Xen's tools could not make a domain of it: %s; the log:", image,
                  line ? line + strlen(XEN_LOG_DOM0_NOT_BUILT) : "");
    for (size_t i = log->refused_line > CONTEXT_LINES ? log->refused_line - CONTEXT_LINES : 0;
         i < log->refused_line; i++)
        print_line(log, i);
    return RUN_EXIT_OURS;
}

static int report_first_crashed(const struct xen_log *log)
{
    message_error("Xen's first domain, which is none of the image's, crashed; the log:");
    for (size_t i = log->count > TAIL_LINES ? log->count - TAIL_LINES : 0; i < log->count; i++)
        print_line(log, i);
    return RUN_EXIT_OURS;
}

static int report_not_built(const struct xen_log *log, const char *image)
{
    const char *reason = xen_log_text(log, log->panic_line + 1);
    const char *complaint = NULL;

    if (log->refused_line != SIZE_MAX)
        return report_refused(log, image);

    /* What the reader of ELF files found wrong is said before. */
    for (size_t i = log->panic_line > CONTEXT_LINES ? log->panic_line - CONTEXT_LINES : 0;
         i < log->panic_line; i++) {
        const char *text = xen_log_text(log, i);

        if (text && (strncmp(text, "ELF: ", 5) == 0 || strncmp(text, "ERROR: ", 7) == 0))
            complaint = strchr(text, ' ') + 1;
    }
    if (complaint)
        message_error("%s: Xen could not make a domain of it: %s; build the image again, or give "
                      "another",
                      image, complaint);
    else
        message_error("%s: Xen could not make a domain of it: %s; --memory MIB gives it more",
                      image, reason ? reason : "it gave no reason");
    return RUN_EXIT_OURS;
}

int xen_report(const struct xen_log *log, const char *image)
{
    switch (log->end) {
    case XEN_LOG_END_GUEST_CRASHED:
        return report_guest(log, image);
    case XEN_LOG_END_WEDGE_STOPPED:
        return report_wedge(log, image);
    case XEN_LOG_END_XEN_CRASHED:
        return report_panic(log);
    case XEN_LOG_END_NOT_BUILT:
        return report_not_built(log, image);
    case XEN_LOG_END_FIRST_CRASHED:
        return report_first_crashed(log);
    case XEN_LOG_END_NONE:
    case XEN_LOG_END_POWER_OFF:
    case XEN_LOG_END_RESET:
        break;
    }
    return RUN_EXIT_OURS;
}

void xen_report_missed(const struct xen_log *log, const char *image)
{
    struct symbols symbols = {0};

    if (!log->missed_count)
        return;
    symbols_open(&symbols, image);
    message_note("%zu instruction%s without a site, emulated by %s:", log->missed_count,
                 log->missed_count == 1 ? "" : "s",
                 log->missed_count == 1 ? "its trap" : "their traps");
    for (size_t i = 0; i < log->missed_count; i++) {
        char *place = place_at(&symbols, log->missed[i]);

        fprintf(stderr, "  missed: %s\n", place);
        free(place);
    }
    symbols_close(&symbols);
}

void xen_report_tail(const struct xen_log *log)
{
    if (log->count == 0)
        return;
    message_note("the last lines of Xen's log; --xen-log FILE keeps all of it:");
    for (size_t i = log->count > TAIL_LINES ? log->count - TAIL_LINES : 0; i < log->count; i++)
        print_line(log, i);
}
