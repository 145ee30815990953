/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `afterburner sites`: lists an image's sites, or compares the identities of two images. */
#include <argp.h>
#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/exit-codes.h"
#include "cli/json-text.h"
#include "cli/message.h"
#include "decode/classify.h"
#include "decode/operands.h"
#include "decode/sensitive-table.h"
#include "image/image.h"
#include "image/records.h"
#include "sites/compare.h"
#include "sites/gdb-script.h"

enum {
    OPTION_DIFF = 0x100,
    OPTION_JSON,
    OPTION_GDB,
};

struct options {
    const char *kind, *class_name, *function, *section;
    int json, diff, count, gdb;
    const char *files[2];
    int file_count;
};

static const struct argp_option option_table[] = {
    {"kind", 'k', "NAME", 0, "Only sites of this entry of the table (cli, mov_to_control, ...)", 0},
    {"class", 'c', "NAME", 0, "Only sites of this class (FLAGS, PORT, MSR, ...)", 0},
    {"function", 'f', "GLOB", 0, "Only sites in functions whose name matches", 0},
    {"section", 's', "GLOB", 0, "Only sites in sections whose name matches", 0},
    {"count", 'n', NULL, 0, "Print the number of sites by kind instead of a list", 0},
    {"json", OPTION_JSON, NULL, 0, "Print JSON", 0},
    {"gdb", OPTION_GDB, NULL, 0,
     "Print a script that gives gdb the command `afterburn-sites` for this image", 0},
    {"diff", OPTION_DIFF, NULL, 0,
     "Compare the identities of two images: which of the selected sites came, went and stayed", 0},
    {0},
};

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    struct options *options = state->input;

    switch (key) {
    case 'k':
        options->kind = argument;
        for (size_t i = 0; i < sensitive_entry_count; i++)
            if (strcmp(sensitive_entries[i].name, argument) == 0)
                return 0;
        argp_error(state, "--kind %s: not in the table; `afterburner table` lists the names",
                   argument);
        return 0;
    case 'c':
        options->class_name = argument;
        for (size_t i = 0; i < sensitive_entry_count; i++)
            if (strcmp(sensitive_entries[i].class_name, argument) == 0)
                return 0;
        argp_error(state, "--class %s: not in the table; `afterburner table` lists the classes",
                   argument);
        return 0;
    case 'f':
        options->function = argument;
        return 0;
    case 's':
        options->section = argument;
        return 0;
    case 'n':
        options->count = 1;
        return 0;
    case OPTION_JSON:
        options->json = 1;
        return 0;
    case OPTION_GDB:
        options->gdb = 1;
        return 0;
    case OPTION_DIFF:
        options->diff = 1;
        return 0;
    case ARGP_KEY_ARG:
        if (options->file_count == 2)
            argp_error(state, "too many images");
        options->files[options->file_count++] = argument;
        return 0;
    case ARGP_KEY_END:
        if (options->file_count != (options->diff ? 2 : 1))
            argp_error(state, options->diff ? "--diff takes two images"
                                            : "give one image (two with --diff)");
        if (options->gdb && (options->diff || options->count || options->json || options->kind ||
                             options->class_name || options->function || options->section))
            argp_error(state, "--gdb goes with no other option");
        if (options->diff && options->count)
            argp_error(state, "--count does not go with --diff, which counts anyway");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp parser = {
    option_table,
    parse_option,
    "IMAGE\n--diff OLD NEW\n--gdb IMAGE",
    "List the sites of an annotated image, or with --diff compare two images'. The options that "
    "select sites (-k, -c, -f, -s) hold for both."
    "\vA line is: address, span, offset of the instruction, kind, function+offset, instruction, "
    "identity, flags. Flags: L "
    "arithmetic flags live behind the site, H a hlt follows, M memory operand.\n\n"
    "Exit codes: 0 done (with --diff: the same identities); 1 the identities differ; 2 usage; 3 an "
    "image cannot be read.\n\n"
    "Example: afterburner sites --kind cli --function 'do_*' vmlinux",
    NULL,
    NULL,
    NULL,
};

/* The instruction's text, from the bytes in the image. */
static void site_text(const struct image *image, const struct site *site, char *text,
                      size_t capacity)
{
    const struct image_section *section = image_section_at(image, site->instruction);
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    ZydisDecodedInstruction instruction;
    ZydisDecoder decoder;

    snprintf(text, capacity, "?");
    if (!section || !section->bytes ||
        site->instruction + site->record.length > section->address + section->size)
        return;
    zydis_open(&decoder, site->record.bits);
    if (ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder,
                                            section->bytes + (site->instruction - section->address),
                                            site->record.length, &instruction, operands)))
        operands_normalised_text(&instruction, operands, text, capacity);
}

static int is_wanted(const struct options *options, const struct image *image,
                     const struct site *site)
{
    const struct sensitive_entry *entry = sensitive_entry_by_number(site->record.kind);
    const struct image_section *section = image_section_at(image, site->start);
    uint64_t offset;

    if (options->kind && (!entry || strcmp(entry->name, options->kind) != 0))
        return 0;
    if (options->class_name && (!entry || strcmp(entry->class_name, options->class_name) != 0))
        return 0;
    if (options->function &&
        fnmatch(options->function, image_function_at(image, site->start, &offset), 0) != 0)
        return 0;
    return !options->section || (section && fnmatch(options->section, section->name, 0) == 0);
}

/* The span's bytes in the image. */
static json_t *site_bytes(const struct image_section *section, const struct site *site)
{
    char text[2 * UINT8_MAX + 1] = "";

    if (!section || !section->bytes || site->end > section->address + section->size)
        return json_string("");
    for (unsigned int i = 0; i < site->record.span; i++)
        snprintf(text + 2 * i, 3, "%02x", section->bytes[site->start - section->address + i]);
    return json_string(text);
}

static json_t *site_json(const struct image *image, const struct site *site)
{
    const struct image_section *section = image_section_at(image, site->start);
    json_t *object = json_object();
    const char *function;
    uint64_t offset;
    char text[160];

    site_text(image, site, text, sizeof(text));
    function = image_function_at(image, site->start, &offset);
    json_object_set_new(object, "address", json_sprintf("0x%" PRIx64, site->start));
    json_object_set_new(object, "section", json_text(section ? section->name : ""));
    json_object_set_new(object, "function", json_text(function));
    json_object_set_new(object, "function_offset", json_integer((json_int_t)offset));
    json_object_set_new(object, "kind", json_string(sensitive_name(site->record.kind)));
    json_object_set_new(object, "text", json_text(text));
    json_object_set_new(object, "bytes", site_bytes(section, site));
    json_object_set_new(object, "span", json_integer(site->record.span));
    json_object_set_new(object, "offset", json_integer(site->record.offset));
    json_object_set_new(object, "length", json_integer(site->record.length));
    json_object_set_new(object, "bits", json_integer(site->record.bits));
    json_object_set_new(object, "width", json_integer(site->record.width));
    json_object_set_new(object, "flags_live",
                        json_boolean(site->record.flags & AFTERBURN_FLAGS_LIVE));
    json_object_set_new(object, "halt_follows",
                        json_boolean(site->record.flags & AFTERBURN_HALT_FOLLOWS));
    json_object_set_new(object, "memory", json_boolean(site->record.flags & AFTERBURN_MEMORY));
    json_object_set_new(object, "identity", json_sprintf("%016" PRIx64, site->record.identity));
    return object;
}

static void print_site(const struct image *image, const struct site *site)
{
    uint64_t offset;
    const char *function = image_function_at(image, site->start, &offset);
    unsigned int flags = site->record.flags;
    char text[160];

    site_text(image, site, text, sizeof(text));
    printf("0x%016" PRIx64 " %2u %u %-16s %s+0x%" PRIx64 "\t%s\t%016" PRIx64 " %s%s%s\n",
           site->start, site->record.span, site->record.offset, sensitive_name(site->record.kind),
           *function ? function : "-", offset, text, site->record.identity,
           flags & AFTERBURN_FLAGS_LIVE ? "L" : "-", flags & AFTERBURN_HALT_FOLLOWS ? "H" : "-",
           flags & AFTERBURN_MEMORY ? "M" : "-");
}

static void print_counts(const struct options *options, const struct image *image,
                         const struct records *records)
{
    json_t *object = json_object();
    size_t total = 0;

    for (size_t i = 0; i < sensitive_entry_count; i++) {
        size_t count = 0;

        for (size_t k = 0; k < records->site_count; k++)
            if (records->sites[k].record.kind == sensitive_entries[i].number &&
                is_wanted(options, image, &records->sites[k]))
                count++;
        if (!count)
            continue;
        total += count;
        json_object_set_new(object, sensitive_entries[i].name, json_integer((json_int_t)count));
        if (!options->json)
            printf("%-16s %zu\n", sensitive_entries[i].name, count);
    }
    if (options->json)
        json_dumpf(object, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    if (options->json)
        putchar('\n');
    else
        printf("%-16s %zu\n", "total", total);
    json_decref(object);
}

static void list_sites(const struct options *options, const struct image *image,
                       const struct records *records)
{
    json_t *list = json_array();

    for (size_t i = 0; i < records->site_count; i++) {
        if (!is_wanted(options, image, &records->sites[i]))
            continue;
        if (options->json)
            json_array_append_new(list, site_json(image, &records->sites[i]));
        else
            print_site(image, &records->sites[i]);
    }
    if (options->json) {
        json_dumpf(list, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
        putchar('\n');
    }
    json_decref(list);
}

/* A string of Python's. */
static void print_quoted(const char *text)
{
    putchar('"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            putchar('\\');
        if (*text == '\n')
            fputs("\\n", stdout);
        else
            putchar(*text);
    }
    putchar('"');
}

static int print_gdb_script(const char *image)
{
    char program[PATH_MAX], path[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", program, sizeof(program) - 1);

    if (length < 0 || !realpath(image, path)) {
        message_error("%s: its place cannot be told: %s", image, strerror(errno));
        return EXIT_CODE_INPUT;
    }
    program[length] = '\0';
    fputs("AFTERBURNER = ", stdout);
    print_quoted(program);
    fputs("\nIMAGE = ", stdout);
    print_quoted(path);
    printf("\n%s", gdb_script);
    return EXIT_CODE_OK;
}

static int open_records(const char *path, struct image *image, struct records *records)
{
    int code = image_open(path, image);
    char wrong[256];

    if (code != EXIT_CODE_OK)
        return code;
    if (records_read(image, records, wrong, sizeof(wrong)) < 0) {
        message_error("%s: %s", path, wrong);
    } else if (!records->present) {
        message_error("%s: no section " AFTERBURN_SECTION
                      ": it was not assembled through `afterburner as`",
                      path);
    } else {
        return EXIT_CODE_OK;
    }
    records_free(records);
    image_close(image);
    return EXIT_CODE_INPUT;
}

/* Leaves only the sites that the options select. */
static void select_sites(const struct options *options, const struct image *image,
                         struct records *records)
{
    size_t kept = 0;

    for (size_t i = 0; i < records->site_count; i++)
        if (is_wanted(options, image, &records->sites[i]))
            records->sites[kept++] = records->sites[i];
    records->site_count = kept;
}

static int diff_images(const struct options *options)
{
    struct records old_records, new_records;
    struct image old_image, new_image;
    int code = open_records(options->files[0], &old_image, &old_records);

    if (code != EXIT_CODE_OK)
        return code;
    code = open_records(options->files[1], &new_image, &new_records);
    if (code == EXIT_CODE_OK) {
        select_sites(options, &old_image, &old_records);
        select_sites(options, &new_image, &new_records);
        code =
            compare_sites_print(&old_image, &old_records, &new_image, &new_records, options->json);
        records_free(&new_records);
        image_close(&new_image);
    }
    records_free(&old_records);
    image_close(&old_image);
    return code;
}

int command_sites(int argc, char **argv)
{
    struct options options = {0};
    struct records records;
    struct image image;
    int code;

    argp_err_exit_status = EXIT_CODE_USAGE;
    argv[0] = "afterburner sites";
    if (argp_parse(&parser, argc, argv, 0, NULL, &options) != 0)
        return EXIT_CODE_USAGE;
    if (options.diff)
        return diff_images(&options);
    code = open_records(options.files[0], &image, &records);
    if (code != EXIT_CODE_OK)
        return code;
    if (options.gdb)
        code = print_gdb_script(options.files[0]);
    else if (options.count)
        print_counts(&options, &image, &records);
    else
        list_sites(&options, &image, &records);
    records_free(&records);
    image_close(&image);
    return code;
}
