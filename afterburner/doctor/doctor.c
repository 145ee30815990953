/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `afterburner doctor`: looks at this machine and says what it lacks. */
#include <argp.h>
#include <string.h>

#include "cli/command.h"
#include "cli/exit-codes.h"
#include "cli/message.h"
#include "doctor/checks.h"
#include "doctor/report.h"

enum option_key {
    KEY_JSON = 0x100,
    KEY_FOR,
};

static const struct argp_option option_table[] = {
    {"for", KEY_FOR, "USE", 0,
     "Only what USE needs (demo, check, linux, xen, xen-domu or kvm); exit with 1 if something of "
     "it is "
     "missing",
     0},
    {"json", KEY_JSON, NULL, 0, "Print JSON instead of a table", 0},
    {0},
};

static const struct {
    const char *name;
    enum use use;
} uses[] = {
    {"demo", USE_DEMO}, {"check", USE_CHECK},       {"linux", USE_LINUX},
    {"xen", USE_XEN},   {"xen-domu", USE_XEN_DOMU}, {"kvm", USE_KVM},
};

struct invocation {
    struct report report;
    const char *use; /* NULL: all of them */
    bool json;
};

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    struct invocation *invocation = state->input;

    switch (key) {
    case KEY_JSON:
        invocation->json = true;
        break;
    case KEY_FOR:
        for (size_t i = 0; i < sizeof(uses) / sizeof(uses[0]); i++)
            if (strcmp(argument, uses[i].name) == 0) {
                invocation->use = uses[i].name;
                invocation->report.wanted = uses[i].use;
                return 0;
            }
        argp_error(state,
                   "--for %s: no such use; there are: demo, check, linux, xen, xen-domu, kvm",
                   argument);
        break;
    case ARGP_KEY_ARG:
        argp_error(state, "%s: it takes no arguments", argument);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

int command_doctor(int argc, char **argv)
{
    static const struct argp parser = {
        .options = option_table,
        .parser = parse_option,
        .doc = "Say what this machine can and cannot do, and the command that mends each lack.",
    };
    struct invocation invocation = {.report = {.wanted = USE_ALL}};
    struct report *report = &invocation.report;
    int code = EXIT_CODE_OK;

    argv[0] = "afterburner doctor";
    argp_err_exit_status = EXIT_CODE_USAGE;
    if (argp_parse(&parser, argc, argv, 0, NULL, &invocation) != 0)
        return EXIT_CODE_USAGE;
    check_tools(report);
    check_annotating(report);
    check_linux(report);
    check_emulators(report);
    check_kvm(report);
    check_machine(report);
    if (invocation.json)
        report_print_json(report, invocation.use);
    else
        report_print_table(report);
    /* Without --for nothing was asked that could be answered no: few machines have everything. */
    if (invocation.use && !report_is_well(report)) {
        message_note("something that %s needs is missing or does not work; see above",
                     invocation.use);
        code = EXIT_CODE_FINDINGS;
    }
    report_free(report);
    return code;
}
