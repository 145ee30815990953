/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `afterburner verify`: proves that no sensitive instruction of an image lies outside a site. */
#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/exit-codes.h"
#include "cli/memory.h"
#include "cli/message.h"
#include "image/image.h"
#include "verify/report.h"
#include "verify/verification.h"

struct options {
    const char *json, *place, *dump;
    uint64_t offset;
    size_t limit;
    int quiet;
    char **files;
    size_t file_count;
};

enum {
    OPTION_BOUND = 0x100,
    OPTION_LIVE,
    OPTION_OFFSET,
};

static const struct argp_option option_table[] = {
    {"bound", OPTION_BOUND, "PLACE", 0,
     "Verify a composed image as it is when bound for PLACE (xen), too", 0},
    {"live", OPTION_LIVE, "DUMP", 0,
     "Hold the image's code against a raw dump of the guest's physical memory, too", 0},
    {"offset", OPTION_OFFSET, "N", 0,
     "Where in the dump the guest's physical memory begins (default 0)", 0},
    {"json", 'j', "FILE", 0,
     "Write the certificate to FILE (`-`: standard output, and no report); with several images, an "
     "array",
     0},
    {"limit", 'l', "N", 0,
     "List at most N open findings, and settled ones by reason (default 20; 0: list every one)", 0},
    {"quiet", 'q', NULL, 0, "No report: the exit code and the certificate say it", 0},
    {0},
};

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    struct options *options = state->input;
    char *end;

    switch (key) {
    case 'j':
        options->json = argument;
        if (strcmp(argument, "-") == 0)
            options->quiet = 1;
        return 0;
    case 'l':
        errno = 0;
        options->limit = strtoul(argument, &end, 10);
        if (*end || end == argument || errno || *argument == '-')
            argp_error(state, "--limit %s: not a number", argument);
        return 0;
    case 'q':
        options->quiet = 1;
        return 0;
    case OPTION_BOUND:
        options->place = argument;
        if (!bound_place_known(argument))
            argp_error(state, "--bound %s: not a place that sites are bound for; use xen",
                       argument);
        return 0;
    case OPTION_LIVE:
        options->dump = argument;
        return 0;
    case OPTION_OFFSET:
        errno = 0;
        options->offset = strtoull(argument, &end, 0);
        if (*end || end == argument || errno || *argument == '-')
            argp_error(state, "--offset %s: not a number", argument);
        return 0;
    case ARGP_KEY_ARGS:
        options->files = state->argv + state->next;
        options->file_count = (size_t)(state->argc - state->next);
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "no image given");
        return 0;
    case ARGP_KEY_END:
        if (options->offset && !options->dump)
            argp_error(state, "--offset is of a dump; name one with --live");
        if (options->dump && options->file_count > 1)
            argp_error(state, "--live takes one image");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp parser = {
    option_table,
    parse_option,
    "IMAGE...",
    "Prove that no sensitive instruction of an ELF image lies outside a site."
    "\vIMAGE is a linked kernel or a relocatable module. Every executable section is decoded from "
    "every symbol, record, "
    "branch target and table entry, with Zydis and Capstone; where they differ, libopcodes and a "
    "written rule may settle it. With --bound the image is what `afterburner link` wrote.\n\n"
    "Exit codes: 0 verified; 1 open findings; 2 usage; 3 an image cannot be read or its records "
    "are not understood; "
    "4 the certificate cannot be written.\n\n"
    "Example: afterburner verify --json certificate.json vmlinux",
    NULL,
    NULL,
    NULL,
};

/* What comes after the image itself was read. */
static int verify_opened(struct image *image, const struct options *options, struct live *live,
                         json_t **certificate)
{
    struct verification verification;
    int code = options->place ? verification_make_bound(image, options->place, &verification)
                              : verification_make(image, &verification);

    if (code != EXIT_CODE_OK)
        return code;
    if (options->dump)
        code = verification_check_live(image, &verification, live);
    if (code == EXIT_CODE_OK) {
        if (!options->quiet)
            report_print(&verification, options->limit);
        if (options->json)
            *certificate = report_certificate(&verification);
        code = verification.findings.open ? EXIT_CODE_FINDINGS : EXIT_CODE_OK;
    }
    verification_free(&verification);
    return code;
}

static int verify_image(const char *path, const struct options *options, json_t **certificate)
{
    struct live live = {0};
    struct image image;
    int code = image_open(path, &image);

    if (code != EXIT_CODE_OK)
        return code;
    if (options->dump && image.relocatable) {
        message_error("%s: a relocatable file is nowhere in memory; name the linked image", path);
        code = EXIT_CODE_INPUT;
    } else if (options->dump) {
        code = live_open(options->dump, options->offset, &live);
    }
    if (code == EXIT_CODE_OK)
        code = verify_opened(&image, options, &live, certificate);
    live_close(&live);
    image_close(&image);
    return code;
}

static int is_regular(const char *path)
{
    struct stat status;

    return lstat(path, &status) == 0 && S_ISREG(status.st_mode);
}

int command_verify(int argc, char **argv)
{
    struct options options = {.limit = 20};
    json_t *certificates = json_array();
    int worst = EXIT_CODE_OK;

    argp_err_exit_status = EXIT_CODE_USAGE;
    argv[0] = "afterburner verify";
    if (argp_parse(&parser, argc, argv, 0, NULL, &options) != 0)
        return EXIT_CODE_USAGE;
    /* A certificate of an earlier run must not outlive a run that cannot make one. */
    if (options.json && strcmp(options.json, "-") != 0 && is_regular(options.json))
        unlink(options.json);
    for (size_t i = 0; i < options.file_count; i++) {
        json_t *certificate = NULL;
        int code = verify_image(options.files[i], &options, &certificate);

        if (certificate)
            json_array_append_new(certificates, certificate);
        if (code > worst)
            worst = code;
    }
    if (options.json && json_array_size(certificates)) {
        const json_t *whole =
            options.file_count == 1 ? json_array_get(certificates, 0) : certificates;
        int code = report_write_json(options.json, whole);

        if (code > worst)
            worst = code;
    }
    json_decref(certificates);
    return worst;
}
