/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The opcode sweep's driver: see README.md. */
#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cases.h"
#include "cli/exit-codes.h"
#include "compare.h"
#include "decode.h"
#include "outcome.h"
#include "qemu.h"

#define EXIT_CODE_SKIP 77 /* ctest's and automake's code for a test that could not run here */

struct options {
    const char *guest, *qemu, *cpu, *image, *keep, *output, *explained;
    unsigned time_limit;
    bool decoders, verbose;
};

enum key { KEY_CPU = 256, KEY_TIME_LIMIT };

static const struct argp_option argp_options[] = {
    {"guest", 'g', "FILE", 0,
     "run the sweep with this guest (sweep.elf) and compare it with the table", 0},
    {"image", 'i', "FILE", 0, "instead of running it, take the sweep an earlier --keep left", 0},
    {"decoders", 'd', NULL, 0, "compare with the table what Zydis and Capstone call privileged", 0},
    {"explained", 'e', "FILE", 0, "the explanations of differences (required)", 0},
    {"output", 'o', "FILE", 0, "write one line for each case whose rings differ", 0},
    {"keep", 'k', "FILE", 0, "keep the guest's memory, with all outcomes, in this file", 0},
    {"qemu", 'q', "PROGRAM", 0, "default: qemu-system-x86_64", 0},
    {"cpu", KEY_CPU, "MODEL", 0, "QEMU's -cpu; explanations are for the default: max", 0},
    {"time-limit", KEY_TIME_LIMIT, "SECONDS", 0, "for all of the sweep; default: 300", 0},
    {"verbose", 'v', NULL, 0, "name each case that crashes or hangs QEMU", 0},
    {0},
};

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    struct options *options = state->input;

    switch (key) {
    case 'g':
        options->guest = argument;
        break;
    case 'i':
        options->image = argument;
        break;
    case 'd':
        options->decoders = true;
        break;
    case 'e':
        options->explained = argument;
        break;
    case 'o':
        options->output = argument;
        break;
    case 'k':
        options->keep = argument;
        break;
    case 'q':
        options->qemu = argument;
        break;
    case 'v':
        options->verbose = true;
        break;
    case KEY_CPU:
        options->cpu = argument;
        break;
    case KEY_TIME_LIMIT:
        options->time_limit = strtoul(argument, NULL, 10);
        if (options->time_limit == 0)
            argp_error(state, "--time-limit=%s: want a number of seconds", argument);
        break;
    case ARGP_KEY_END:
        if (!options->explained)
            argp_error(state, "--explained is missing");
        if (!options->guest == !options->image && !(options->decoders && !options->guest))
            argp_error(state, "want --guest or --image, or --decoders");
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static void print_summary(const struct sweep_shared *shared)
{
    size_t defined = 0, crashed = 0, varying = 0;

    for (uint32_t i = 0; i < shared->case_count; i++) {
        const struct sweep_verdict *verdict = &shared->verdicts[i];
        defined += outcome_completed(verdict->end[0]);
        crashed += verdict->end[0] == SWEEP_END_CRASH || verdict->end[0] == SWEEP_END_HANG;
        varying += verdict->varies;
    }
    printf("%u cases: ring 0 completes %zu; the rings differ in %u; %zu vary by themselves; QEMU "
           "did not survive %zu\n",
           shared->case_count, defined, shared->finding_count, varying, crashed);
}

/* Runs the guest. EXIT_CODE_OK, or the exit code that says why there is nothing to compare. */
static int run(const struct options *options, int memory, struct sweep_shared *shared)
{
    struct qemu_options qemu = {
        .program = options->qemu,
        .guest = options->guest,
        .cpu = options->cpu,
        .memory = memory,
        .time_limit = options->time_limit,
        .verbose = options->verbose,
    };
    struct qemu_statistics statistics;
    size_t count = cases_enumerate(shared->cases);

    if (count > SWEEP_CASES_MAX) {
        fprintf(stderr, "sweep-host: more than %d cases: raise SWEEP_CASES_MAX\n", SWEEP_CASES_MAX);
        return EXIT_CODE_INTERNAL;
    }
    if (access(options->guest, R_OK) < 0) {
        fprintf(stderr, "sweep-host: %s: %s; make builds it\n", options->guest, strerror(errno));
        return EXIT_CODE_INPUT;
    }
    shared->case_count = count;
    shared->magic = SWEEP_MAGIC;
    switch (qemu_run(&qemu, shared, &statistics)) {
    case QEMU_DONE:
        break;
    case QEMU_MISSING:
        printf("SKIP: %s not found: apt-get install qemu-system-x86\n", options->qemu);
        return EXIT_CODE_SKIP;
    case QEMU_FAILED:
        return EXIT_CODE_TOOL;
    }
    printf("%.1f s, %u starts of QEMU, %u crashes, %u hangs, %u cases given up after their like "
           "crashed\n",
           statistics.seconds, statistics.starts, statistics.crashes, statistics.hangs,
           statistics.given_up);
    return EXIT_CODE_OK;
}

/* Whether the shared memory still holds the cases we enumerate: a case that ruined the machine may
 * have written over them, and an image may be of another version. */
static bool cases_are_ours(const struct sweep_shared *shared)
{
    struct sweep_case *cases = calloc(SWEEP_CASES_MAX, sizeof(*cases));
    bool same = cases && cases_enumerate(cases) == shared->case_count &&
                memcmp(cases, shared->cases, shared->case_count * sizeof(*cases)) == 0;

    for (uint32_t i = 0; i < shared->finding_count; i++)
        same = same && shared->findings[i].index < shared->case_count;
    free(cases);
    return same;
}

static int write_output(const struct options *options, const struct sweep_shared *shared)
{
    FILE *output = fopen(options->output, "w");

    if (output)
        compare_write(shared, output);
    if (!output || fclose(output) != 0) {
        fprintf(stderr, "sweep-host: %s: %s\n", options->output, strerror(errno));
        unlink(options->output);
        return EXIT_CODE_OUTPUT;
    }
    return EXIT_CODE_OK;
}

static int sweep(const struct options *options, struct explained *explained, size_t *findings)
{
    const char *path = options->image ? options->image : options->keep;
    int memory = qemu_open_memory(path, !options->image);
    struct sweep_shared *shared = memory < 0 ? NULL : qemu_map_memory(memory);

    if (!shared) {
        fprintf(stderr, "sweep-host: %s: %s\n", path ? path : "memory for the guest",
                errno == EINVAL ? "not a guest's memory; --keep makes one" : strerror(errno));
        return EXIT_CODE_INPUT;
    }
    int code = options->image ? EXIT_CODE_OK : run(options, memory, shared);
    if (code != EXIT_CODE_OK)
        return code;
    if (shared->magic != SWEEP_MAGIC || !shared->finished || shared->case_count > SWEEP_CASES_MAX ||
        shared->finding_count > SWEEP_FINDINGS_MAX) {
        fprintf(stderr,
                "sweep-host: %s: this is not the memory of a finished sweep; --guest runs one\n",
                path ? path : "guest");
        return EXIT_CODE_INPUT;
    }
    if (!cases_are_ours(shared)) {
        fprintf(stderr, "sweep-host: %s: the list of cases is not ours: %s\n",
                path ? path : "guest",
                options->image ? "of another version"
                               : "a case wrote over it; --verbose names those that hang");
        return EXIT_CODE_TOOL;
    }
    if (shared->overflow) {
        fprintf(stderr, "sweep-host: more than %d differences: raise SWEEP_FINDINGS_MAX\n",
                SWEEP_FINDINGS_MAX);
        return EXIT_CODE_INTERNAL;
    }
    print_summary(shared);
    if (options->output)
        code = write_output(options, shared);
    *findings += compare_sweep(shared, explained);
    return code;
}

static int check_decoders(struct explained *explained, size_t *findings)
{
    struct sweep_case *cases = calloc(SWEEP_CASES_MAX, sizeof(*cases));

    if (!cases) {
        perror("sweep-host");
        return EXIT_CODE_INTERNAL;
    }
    size_t count = cases_enumerate(cases);
    *findings += compare_decoders(cases, count, explained);
    free(cases);
    return EXIT_CODE_OK;
}

int main(int argc, char **argv)
{
    static const struct argp argp = {
        argp_options, parse_option,
        NULL,         "Checks the table of sensitive instructions against a processor.",
        NULL,         NULL,
        NULL};
    struct options options = {.qemu = "qemu-system-x86_64", .cpu = "max", .time_limit = 300};
    size_t findings = 0;
    int code = EXIT_CODE_OK;

    argp_err_exit_status = EXIT_CODE_USAGE;
    argp_parse(&argp, argc, argv, 0, NULL, &options);
    struct explained *explained = explained_read(options.explained);
    if (!explained)
        return EXIT_CODE_INPUT;
    if (decode_open() < 0)
        return EXIT_CODE_TOOL;
    if (options.guest || options.image)
        code = sweep(&options, explained, &findings);
    if (code == EXIT_CODE_OK && options.decoders)
        code = check_decoders(explained, &findings);
    decode_close();
    explained_free(explained);
    if (code != EXIT_CODE_OK)
        return code;
    printf(findings ? "FAILURE: %zu unexplained\n" : "SUCCESS\n", findings);
    return findings ? EXIT_CODE_FINDINGS : EXIT_CODE_OK;
}
