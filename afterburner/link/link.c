/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `afterburner link`: puts a wedge beside an annotated guest, for the places it is to run on. */
#include <argp.h>
#include <elf.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/command.h"
#include "cli/exit-codes.h"
#include "cli/memory.h"
#include "cli/message.h"
#include "link/composition.h"
#include "link/guests.h"
#include "link/place.h"
#include "link/site-table.h"
#include "link/wedge-file.h"
#include "link/write.h"
#include "verify/verification.h"

static const struct link_place *const places[] = {&link_place_native, &link_place_xen};

#define PLACE_COUNT (sizeof(places) / sizeof(places[0]))

enum {
    OPTION_WEDGE = 0x100,
    OPTION_WEDGE_FILE,
    OPTION_EXPLAIN,
    OPTION_ALLOW_UNSOUND,
    OPTION_SHADOW_MEMORY,
};

struct options {
    const char *guest, *output, *wedge_file;
    int wanted[PLACE_COUNT];
    int explain, allow_unsound;
    uint32_t shadow_pages;
};

static const struct argp_option option_table[] = {
    {"output", 'o', "FILE", 0, "Write the composed image to FILE", 0},
    {"wedge", OPTION_WEDGE, "PLACE,...", 0,
     "The places that the image is for: native, xen (default: all)", 0},
    {"wedge-file", OPTION_WEDGE_FILE, "FILE", 0,
     "The wedge (default: AFTERBURNER_WEDGE, or the one beside the program)", 0},
    {"explain", OPTION_EXPLAIN, NULL, 0, "List what the image has that the guest has not", 0},
    {"allow-unsound", OPTION_ALLOW_UNSOUND, NULL, 0,
     "Go on with a guest that has open findings, and say which", 0},
    {"shadow-memory", OPTION_SHADOW_MEMORY, "MIB", 0,
     "Memory for shadows of the guest's page tables (default: a sixteenth of the guest's)", 0},
    {0},
};

static void want_places(struct options *options, const char *list, struct argp_state *state)
{
    memset(options->wanted, 0, sizeof(options->wanted));
    for (;;) {
        size_t length = strcspn(list, ","), i = 0;

        while (i < PLACE_COUNT &&
               (strlen(places[i]->name) != length || strncmp(places[i]->name, list, length) != 0))
            i++;
        if (i == PLACE_COUNT)
            argp_error(state, "--wedge %.*s: not a place; use native, xen or both with a comma",
                       (int)length, list);
        else
            options->wanted[i] = 1;
        if (!list[length])
            return;
        list += length + 1;
    }
}

#define PAGES_PER_MEBIBYTE 256
#define MEBIBYTES_MAX      16384

static uint32_t read_mebibytes(const char *text, struct argp_state *state)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    if (*text < '0' || *text > '9' || *end || value < 1 || value > MEBIBYTES_MAX)
        argp_error(state, "--shadow-memory %s: not a number of MiB from 1 to %d", text,
                   MEBIBYTES_MAX);
    return (uint32_t)value;
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    struct options *options = state->input;

    switch (key) {
    case 'o':
        options->output = argument;
        return 0;
    case OPTION_WEDGE:
        want_places(options, argument, state);
        return 0;
    case OPTION_WEDGE_FILE:
        options->wedge_file = argument;
        return 0;
    case OPTION_EXPLAIN:
        options->explain = 1;
        return 0;
    case OPTION_ALLOW_UNSOUND:
        options->allow_unsound = 1;
        return 0;
    case OPTION_SHADOW_MEMORY:
        options->shadow_pages = read_mebibytes(argument, state) * PAGES_PER_MEBIBYTE;
        return 0;
    case ARGP_KEY_ARG:
        if (options->guest)
            argp_error(state, "one guest is composed at a time");
        options->guest = argument;
        return 0;
    case ARGP_KEY_END:
        if (!options->guest)
            argp_error(state, "no guest given");
        else if (!options->output)
            argp_error(state, "no output given; name it with -o");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp parser = {
    option_table,
    parse_option,
    "GUEST -o IMAGE",
    "Put a wedge, and what binds the guest's sites, beside an annotated guest: one image for bare "
    "hardware and for hypervisors."
    "\vGUEST is a linked 64-bit kernel, annotated completely. None of its bytes is changed: sites "
    "are bound when the image boots.\n\n"
    "Exit codes: 0 written; 1 the guest has open findings; 2 usage; 3 guest or wedge cannot be "
    "read or composed; 4 the image cannot be written; 5 no wedge; 6 internal error.\n\n"
    "Example: afterburner link vmlinux -o vmlinux.composed",
    NULL,
    NULL,
    NULL,
};

/* What link can compose: 64-bit code at fixed addresses. */
static int check_kind(const struct image *image, const char *what)
{
    const char *wrong = NULL;

    if (image->relocatable)
        wrong = "a relocatable file, not a linked one";
    else if (image->bits != 64)
        wrong = "a 32-bit image, not a 64-bit one";
    else if (image->file[offsetof(Elf64_Ehdr, e_type)] != ET_EXEC)
        wrong = "an image without fixed addresses (ELF type DYN)";
    if (!wrong)
        return EXIT_CODE_OK;
    message_error("%s: %s; name a %s of ELF type EXEC for x86_64", image->path, wrong, what);
    return EXIT_CODE_INPUT;
}

static int check_guest(const struct image *guest)
{
    int code = check_kind(guest, "guest");

    if (code == EXIT_CODE_OK && guest->wedge_end) {
        message_error("%s: it has a wedge already; name the guest as its own linker made it",
                      guest->path);
        code = EXIT_CODE_INPUT;
    }
    return code;
}

/* "0xffffffff81000010 function+0x0"; to be freed. */
static char *place_of(const struct verification *verification, const struct finding *finding)
{
    uint64_t offset;
    const char *function = image_function_at(verification->image, finding->address, &offset);

    return memory_format("0x%" PRIx64 " %s+0x%" PRIx64, finding->address,
                         *function ? function : "-", offset);
}

/* What has no site is emulated by its trap, which is slow and told in the wedge's log. */
static void tell_trapping(const struct verification *verification, struct composition *composition)
{
    const struct findings *findings = &verification->findings;
    const struct finding *first = findings->list;
    bool one = findings->trapping == 1;
    char *place, *text;

    while (first->state != FINDING_TRAPPING)
        first++;
    place = place_of(verification, first);
    text =
        memory_format("%zu sensitive instruction%s without a site, the first at %s: emulated by "
                      "%s, which is slow",
                      findings->trapping, one ? "" : "s", place, one ? "its trap" : "their traps");
    message_note("%s: %s", verification->image->path, text);
    composition_explain(composition, "  %s", text);
    free(text);
    free(place);
}

/* What the verifier found decides; findings are sorted, so the first one is open if any is. */
static int judge(const struct verification *verification, struct composition *composition,
                 const struct options *options)
{
    const struct findings *findings = &verification->findings;
    const struct finding *first = findings->list;
    const char *path = verification->image->path, *hint;
    char *place, *text;

    if (!verification->records.site_count) {
        message_error("%s: no site: it was not assembled through `afterburner as`; build it with "
                      "CC=\"afterburner cc gcc\"",
                      path);
        return EXIT_CODE_INPUT;
    }
    if (!findings->open) {
        composition_explain(composition, "  verified: no open finding");
        if (findings->trapping)
            tell_trapping(verification, composition);
        return EXIT_CODE_OK;
    }
    place = place_of(verification, first);
    /* Alternatives are judged for a place. */
    hint = first->kind == FINDING_ALTERNATIVE_UNGATED ? "verify --bound" : "verify";
    text = memory_format("%zu open finding%s, the first at %s: %s: %s", findings->open,
                         findings->open == 1 ? "" : "s", place, finding_sentence(first->kind),
                         first->detail);
    free(place);
    if (options->allow_unsound) {
        message_note("%s: allowed: %s", path, text);
        composition_explain(composition, "  NOT verified, allowed: %s", text);
    } else {
        message_error("%s: not verified: %s; `afterburner %s` lists all, --allow-unsound "
                      "composes all the same",
                      path, text, hint);
    }
    free(text);
    return options->allow_unsound ? EXIT_CODE_OK : EXIT_CODE_FINDINGS;
}

static void print_explanation(const struct composition *composition, const struct options *options)
{
    printf("%s: %s with %s\n", options->output, composition->guest->path, composition->wedge->path);
    for (size_t i = 0; i < composition->line_count; i++)
        puts(composition->lines[i]);
    printf("  the guest's %zu loadable segments are unchanged, byte for byte: its %zu sites are "
           "bound in memory, when the image boots\n",
           composition->guest->segment_count, composition->site_count);
}

static int compose(const struct options *options, struct composition *composition,
                   const struct verification *verification)
{
    int code = judge(verification, composition, options);

    if (code == EXIT_CODE_OK)
        code = guests_detect(composition, &verification->records);
    if (code == EXIT_CODE_OK)
        code = site_table_add(composition, &verification->records);
    for (size_t i = 0; i < PLACE_COUNT && code == EXIT_CODE_OK; i++)
        if (options->wanted[i])
            code = places[i]->add(composition);
    if (code != EXIT_CODE_OK)
        return code;
    composition_end(composition);
    code = composition_write(composition, options->output);
    if (code == EXIT_CODE_OK && options->explain)
        print_explanation(composition, options);
    return code;
}

/* What the guest has that is not bound: by its alternatives, and without a site. */
static int judge_unbound(const struct options *options, struct verification *verification)
{
    int code = EXIT_CODE_OK;

    for (size_t i = 0; i < PLACE_COUNT && code == EXIT_CODE_OK; i++) {
        if (!options->wanted[i] || !places[i]->binds)
            continue;
        if (check_alternatives(verification, places[i]->name) < 0) {
            message_error("Capstone cannot be started; reinstall libcapstone4");
            code = EXIT_CODE_TOOL;
        }
        verification_settle_trapping(verification, places[i]->name);
    }
    findings_sort(&verification->findings);
    return code;
}

/* The slow part comes last: a wedge that does not fit is told at once. */
static int link_images(const struct options *options, const struct image *guest,
                       const struct image *wedge)
{
    struct composition composition = {0};
    struct verification verification;
    int code = check_kind(wedge, "wedge");

    if (code == EXIT_CODE_OK)
        code = composition_begin(&composition, guest, wedge);
    composition.header.shadow_pages = options->shadow_pages;
    if (code == EXIT_CODE_OK && (code = verification_make(guest, &verification)) == EXIT_CODE_OK) {
        composition.tables = &verification.tables;
        code = judge_unbound(options, &verification);
        if (code == EXIT_CODE_OK)
            code = compose(options, &composition, &verification);
        verification_free(&verification);
    }
    composition_free(&composition);
    return code;
}

static int link_with_wedge(const struct options *options, const struct image *guest)
{
    char *path = wedge_file_find(options->wedge_file);
    struct image wedge;
    int code = path ? image_open(path, &wedge) : EXIT_CODE_TOOL;

    if (code == EXIT_CODE_OK) {
        code = link_images(options, guest, &wedge);
        image_close(&wedge);
    }
    free(path);
    return code;
}

/* The output takes the place of what has its name: that must be neither the guest nor a device. */
static int check_output(const struct options *options)
{
    struct stat guest, output;

    if (stat(options->output, &output) < 0)
        return EXIT_CODE_OK;
    if (!S_ISREG(output.st_mode)) {
        message_error("%s: cannot be written: it is not a regular file; name another with -o",
                      options->output);
        return EXIT_CODE_OUTPUT;
    }
    if (stat(options->guest, &guest) == 0 && guest.st_dev == output.st_dev &&
        guest.st_ino == output.st_ino) {
        message_error("%s: this is the guest itself; name another file with -o", options->output);
        return EXIT_CODE_USAGE;
    }
    return EXIT_CODE_OK;
}

int command_link(int argc, char **argv)
{
    struct options options = {0};
    struct image guest;
    int code;

    for (size_t i = 0; i < PLACE_COUNT; i++)
        options.wanted[i] = 1;
    argp_err_exit_status = EXIT_CODE_USAGE;
    argv[0] = "afterburner link";
    if (argp_parse(&parser, argc, argv, 0, NULL, &options) != 0)
        return EXIT_CODE_USAGE;
    code = check_output(&options);
    if (code == EXIT_CODE_OK)
        code = image_open(options.guest, &guest);
    if (code != EXIT_CODE_OK)
        return code;
    code = check_guest(&guest);
    if (code == EXIT_CODE_OK)
        code = link_with_wedge(&options, &guest);
    image_close(&guest);
    return code;
}
