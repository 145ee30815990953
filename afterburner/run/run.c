/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `afterburner run`: the options, and which place gets them. */
#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/exit-codes.h"
#include "cli/memory.h"
#include "cli/message.h"
#include "run/place.h"

static const struct place *const places[] = {&place_native, &place_xen, &place_xen_domu};

#define PLACE_COUNT (sizeof(places) / sizeof(places[0]))

#define DEFAULT_TIMEOUT    120
#define LONGEST_TIMEOUT    (7 * 24 * 3600)
#define DEFAULT_MEMORY_MIB 256
#define LARGEST_MEMORY_MIB (1024 * 1024)
#define LARGEST_PROCESSORS 255

enum option_key {
    KEY_VERBOSE = 'v',
    KEY_ON = 0x100,
    KEY_INITRD,
    KEY_APPEND,
    KEY_TIMEOUT,
    KEY_MEMORY,
    KEY_CPU,
    KEY_SMP,
    KEY_DETERMINISTIC,
    KEY_INTERACTIVE,
    KEY_QEMU_ARGUMENT,
    KEY_PLUGIN,
    KEY_XEN,
    KEY_XEN_APPEND,
    KEY_XEN_LOG,
    KEY_DOM0,
};

static const struct argp_option option_table[] = {
    {"on", KEY_ON, "PLACE", 0, "Where to run it (default: native); see below", 0},
    {"initrd", KEY_INITRD, "FILE", 0, "The initial RAM disk, or the PVH boot module", 0},
    {"append", KEY_APPEND, "TEXT", 0, "The guest's command line", 0},
    {"timeout", KEY_TIMEOUT, "SECONDS", 0, "Stop the guest after so much wall time (default: 120)",
     0},
    {"memory", KEY_MEMORY, "MIB", 0,
     "The machine's memory in MiB (default: 256); on Xen all but 64 of it is the guest's", 0},
    {"cpu", KEY_CPU, "MODEL", 0, "QEMU's CPU model, with features (default: max)", 0},
    {"smp", KEY_SMP, "N", 0, "The number of processors (default: 1)", 0},
    {"deterministic", KEY_DETERMINISTIC, NULL, 0,
     "Count time in executed instructions, so that a run repeats exactly", 0},
    {"interactive", KEY_INTERACTIVE, NULL, 0,
     "Send standard input to the guest even if it is no terminal; on a terminal send Ctrl-C too "
     "(Ctrl-A x ends the run)",
     0},
    {"plugin", KEY_PLUGIN, "FILE[,ARGUMENT...]", 0, "Load a QEMU TCG plugin", 0},
    {"qemu-arg", KEY_QEMU_ARGUMENT, "ARGUMENT", 0, "Pass one argument on to QEMU; repeatable", 0},
    {"xen", KEY_XEN, "FILE", 0, "On Xen: the hypervisor (default: found on this machine)", 0},
    {"xen-append", KEY_XEN_APPEND, "TEXT", 0, "On Xen: add to the hypervisor's command line", 0},
    {"xen-log", KEY_XEN_LOG, "FILE", 0, "On Xen: write the log of Xen and the wedge to FILE", 0},
    {"dom0", KEY_DOM0, "FOLDER", 0, "On xen-domu: the first domain (default: the fetched one)", 0},
    {"verbose", KEY_VERBOSE, NULL, 0,
     "Print QEMU's command line on standard error, and on Xen the log of Xen and the wedge", 0},
    {0},
};

struct invocation {
    struct run_options options;
    const struct place *place;
    size_t qemu_argument_capacity;
};

static unsigned int parse_number(struct argp_state *state, const char *option, const char *text,
                                 unsigned int largest)
{
    char *end;
    unsigned long value;

    errno = 0;
    value = strtoul(text, &end, 10);
    if (errno || end == text || *end || *text == '-' || value == 0 || value > largest)
        argp_error(state, "--%s %s: give a whole number from 1 to %u", option, text, largest);
    return value;
}

static const struct place *find_place(struct argp_state *state, const char *name)
{
    char *known = memory_copy_string("");

    for (size_t i = 0; i < PLACE_COUNT; i++) {
        char *longer;

        if (strcmp(places[i]->name, name) == 0) {
            free(known);
            return places[i];
        }
        longer = memory_format("%s%s%s", known, i ? ", " : "", places[i]->name);
        free(known);
        known = longer;
    }
    argp_error(state, "--on %s: no such place; there is: %s", name, known);
    free(known);
    return NULL;
}

static void add_qemu_argument(struct invocation *invocation, const char *argument)
{
    struct run_options *options = &invocation->options;

    memory_grow((void **)&options->qemu_arguments, &invocation->qemu_argument_capacity,
                options->qemu_argument_count, sizeof(*options->qemu_arguments));
    options->qemu_arguments[options->qemu_argument_count++] = argument;
}

/* Of what is for Xen alone: to drop it silently would hide a forgotten --on. */
static void check_other_place(struct argp_state *state, const struct run_options *options,
                              const struct place *place)
{
    if (options->dom0 && place != &place_xen_domu)
        argp_error(state, "--dom0: for another domain of Xen's alone; give --on xen-domu, too");
    if (!place->on_xen && (options->xen || options->xen_append || options->xen_log))
        argp_error(state, "--%s: for Xen alone; give --on xen, too",
                   options->xen          ? "xen"
                   : options->xen_append ? "xen-append"
                                         : "xen-log");
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    struct invocation *invocation = state->input;
    struct run_options *options = &invocation->options;

    switch (key) {
    case KEY_ON:
        invocation->place = find_place(state, argument);
        break;
    case KEY_INITRD:
        options->initrd = argument;
        break;
    case KEY_APPEND:
        options->append = argument;
        break;
    case KEY_TIMEOUT:
        options->timeout_seconds = parse_number(state, "timeout", argument, LONGEST_TIMEOUT);
        break;
    case KEY_MEMORY:
        options->memory_mib = parse_number(state, "memory", argument, LARGEST_MEMORY_MIB);
        break;
    case KEY_CPU:
        options->cpu = argument;
        break;
    case KEY_SMP:
        options->processors = parse_number(state, "smp", argument, LARGEST_PROCESSORS);
        break;
    case KEY_DETERMINISTIC:
        options->deterministic = true;
        break;
    case KEY_INTERACTIVE:
        options->interactive = true;
        break;
    case KEY_PLUGIN:
        options->plugin = argument;
        break;
    case KEY_QEMU_ARGUMENT:
        add_qemu_argument(invocation, argument);
        break;
    case KEY_XEN:
        options->xen = argument;
        break;
    case KEY_XEN_APPEND:
        options->xen_append = argument;
        break;
    case KEY_XEN_LOG:
        options->xen_log = argument;
        break;
    case KEY_DOM0:
        options->dom0 = argument;
        break;
    case KEY_VERBOSE:
        options->verbose = true;
        break;
    case ARGP_KEY_ARG:
        if (options->image)
            argp_error(state, "%s: one image at a time; the first is %s", argument, options->image);
        options->image = argument;
        break;
    case ARGP_KEY_END:
        if (!options->image)
            argp_error(state, "give the image to run");
        check_other_place(state, options, invocation->place);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

/* The list of places after the options, from the table itself. */
static char *filter_help(int key, const char *text, void *input)
{
    char *list;

    (void)input;
    if (key != ARGP_KEY_HELP_POST_DOC)
        return (char *)text;
    list = memory_copy_string("Places:\n");
    for (size_t i = 0; i < PLACE_COUNT; i++) {
        char *longer = memory_format("%s  %-8s %s\n", list, places[i]->name, places[i]->summary);

        free(list);
        list = longer;
    }
    /* argp frees what differs from `text`. */
    text =
        memory_format("%s\nExit codes: 0-99 the guest's own; 120 the guest crashed; 121 the wedge "
                      "stopped itself; 122 the hypervisor crashed; 124 time-out; 125 a failure of "
                      "ours. See afterburner-run(1).",
                      list);
    free(list);
    return (char *)text;
}

int command_run(int argc, char **argv)
{
    static const struct argp parser = {
        .options = option_table,
        .parser = parse_option,
        .args_doc = "IMAGE",
        .doc = "Boot IMAGE, a bzImage or an ELF image with an entry for the place, with its "
               "console (COM1) on standard output, and pass on its exit code.\v ",
        .help_filter = filter_help,
    };
    struct invocation invocation = {
        .options = {.timeout_seconds = DEFAULT_TIMEOUT,
                    .memory_mib = DEFAULT_MEMORY_MIB,
                    .processors = 1,
                    .cpu = "max"},
        .place = &place_native,
    };
    int code = RUN_EXIT_OURS;

    argv[0] = "afterburner run";
    argp_err_exit_status = RUN_EXIT_OURS;
    if (argp_parse(&parser, argc, argv, 0, NULL, &invocation) == 0)
        code = invocation.place->run(&invocation.options);
    free(invocation.options.qemu_arguments);
    return code;
}
