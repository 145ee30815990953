/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `afterburner table`: prints the table of sensitive instructions. */
#include <argp.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/exit-codes.h"
#include "decode/excluded.h"
#include "decode/sensitive-table.h"

enum format {
    FORMAT_TEXT,
    FORMAT_MARKDOWN,
    FORMAT_JSON,
    FORMAT_SAMPLES_32,
    FORMAT_SAMPLES_64,
};

static const char *const format_names[] = {"text", "markdown", "json", "samples32", "samples64"};

static const struct argp_option option_table[] = {
    {"format", 'f', "FORMAT", 0,
     "text (default), markdown (docs/sensitive-instructions.md), json, samples32 or samples64 "
     "(assembler text with every entry)",
     0},
    {0},
};

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    enum format *format = state->input;

    switch (key) {
    case 'f':
        for (size_t i = 0; i < sizeof(format_names) / sizeof(format_names[0]); i++)
            if (strcmp(argument, format_names[i]) == 0) {
                *format = (enum format)i;
                return 0;
            }
        argp_error(state, "--format %s: not known", argument);
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "unexpected argument '%s'", argument);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp parser = {
    option_table, parse_option, NULL, "Print the table of sensitive instructions.",
    NULL,         NULL,         NULL,
};

static const char *kind_name(const struct sensitive_entry *entry)
{
    return entry->kind == SENSITIVE_PRIVILEGED ? "privileged" : "silent";
}

static const char *modes_name(int modes)
{
    return modes == SENSITIVE_BITS_ANY ? "32, 64" : modes == SENSITIVE_BITS_64 ? "64" : "32";
}

static void print_excluded(void)
{
    static const char *const verdicts[] = {
        [EXCLUDED_REPORTED] = "open finding `excluded`",
        [EXCLUDED_UNDECODABLE] = "open finding `undecodable`",
        [EXCLUDED_INNOCUOUS] = "nothing, or `decoders-differ` where Capstone does not know it",
    };

    puts("\n## Deliberately not in the table\n\n"
         "The annotator leaves these as they are. What `afterburner verify` says when one appears "
         "in an image all the same\n"
         "stands in the last column; with an open finding the image is not verified. Where the "
         "table and the decoders' own idea\n"
         "of privileged instructions differ, `tests/guest/opcode-sweep/explained.txt` says why.\n\n"
         "| instructions | encoding | why there is no entry | the verifier |\n"
         "|---|---|---|---|");
    for (size_t i = 0; i < excluded_count; i++)
        printf("| %s | %s | %s | %s |\n", excluded_list[i].names, excluded_list[i].encoding,
               excluded_list[i].why, verdicts[excluded_list[i].verdict]);
}

static void print_markdown(void)
{
    puts(
        "<!-- SPDX-License-Identifier: GPL-3.0-or-later -->\n"
        "<!-- Generated: afterburner table --format markdown > docs/sensitive-instructions.md -->\n"
        "# Sensitive instructions\n\n"
        "Sensitive: reads or changes state that the virtual CPU owns, or behaves differently below "
        "ring 0. *Privileged*\n"
        "instructions fault in ring 3; *silent* ones do the wrong thing there without a fault, so "
        "every one of them must be\n"
        "annotated. The number is the record kind (`afterburner/include/afterburn/record.h`). The "
        "pad stands after the\n"
        "instruction, but before `sti`, whose interrupt shadow must survive; every site spans at "
        "least 7 bytes.\n\n"
        "| number | entry | kind | class | operands | bits | pad | encoding | what is sensitive |\n"
        "|---|---|---|---|---|---|---|---|---|");
    for (size_t i = 0; i < sensitive_entry_count; i++) {
        const struct sensitive_entry *entry = &sensitive_entries[i];

        printf("| %d | %s | %s | %s | %s | %s | %s | %s | %s |\n", entry->number, entry->name,
               kind_name(entry), entry->class_name, entry->shape_name, modes_name(entry->modes),
               entry->side == PAD_BEFORE ? "before" : "after", entry->encoding, entry->why);
    }
    printf("\n%zu entries.\n", sensitive_entry_count);
    print_excluded();
}

static void print_json(void)
{
    json_t *list = json_array();

    for (size_t i = 0; i < sensitive_entry_count; i++) {
        const struct sensitive_entry *entry = &sensitive_entries[i];
        json_t *samples = json_array();

        for (size_t k = 0; k < sensitive_sample_count; k++)
            if (sensitive_samples[k].number == entry->number)
                json_array_append_new(samples,
                                      json_pack("{s:s, s:s}", "text", sensitive_samples[k].text,
                                                "bits", modes_name(sensitive_samples[k].modes)));
        json_array_append_new(list,
                              json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o}",
                                        "number", entry->number, "name", entry->name, "kind",
                                        kind_name(entry), "class", entry->class_name, "operands",
                                        entry->shape_name, "bits", modes_name(entry->modes), "pad",
                                        entry->side == PAD_BEFORE ? "before" : "after", "encoding",
                                        entry->encoding, "why", entry->why, "samples", samples));
    }
    json_dumpf(list, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    putchar('\n');
    json_decref(list);
}

int command_table(int argc, char **argv)
{
    enum format format = FORMAT_TEXT;

    argp_err_exit_status = EXIT_CODE_USAGE;
    argv[0] = "afterburner table";
    if (argp_parse(&parser, argc, argv, 0, NULL, &format) != 0)
        return EXIT_CODE_USAGE;
    switch (format) {
    case FORMAT_MARKDOWN:
        print_markdown();
        break;
    case FORMAT_JSON:
        print_json();
        break;
    case FORMAT_SAMPLES_32:
    case FORMAT_SAMPLES_64:
        for (size_t i = 0; i < sensitive_sample_count; i++)
            if (sensitive_samples[i].modes &
                (format == FORMAT_SAMPLES_64 ? SENSITIVE_BITS_64 : SENSITIVE_BITS_32))
                printf("%s\n", sensitive_samples[i].text);
        break;
    default:
        for (size_t i = 0; i < sensitive_entry_count; i++)
            printf("%-17s %-10s %-15s %-7s %-26s %s\n", sensitive_entries[i].name,
                   kind_name(&sensitive_entries[i]), sensitive_entries[i].class_name,
                   modes_name(sensitive_entries[i].modes), sensitive_entries[i].encoding,
                   sensitive_entries[i].why);
    }
    return EXIT_CODE_OK;
}
