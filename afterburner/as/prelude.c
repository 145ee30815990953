/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "as/prelude.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "afterburn/record.h"
#include "as/mnemonics.h"
#include "cli/message.h"
#include "decode/sensitive-table.h"

/* All symbols the prelude defines begin with `.Lab`: gas keeps .L names out of the symbol table.
 *
 * .Lab_off    nonzero (enum afterburn_exemption) while sites are not wanted
 * .Lab_bits   how the current code decodes
 * .Lab_alt    1 while .altmacro is in force; the prefilter sets it
 *
 * The chunk is laid out with subsections: 0 the header, 1 the records, 2 the end label. A record is
 * born here with its address, span and lengths; complete.c fills the rest from the assembled bytes.
 * A record of code in a section group goes into a section of that group, as a chunk of its own, so
 * that the linker drops both together.
 *
 * In .altmacro mode `&` and `!` mean something else in a macro's body: bits are told apart by
 * shifts.
 */
#define PLACE_HAS(bit) "(.Lab_place>>" #bit ")-((.Lab_place>>" #bit ">>1)<<1)"
_Static_assert(PRELUDE_PLACE_CODE == 1 << 0 && PRELUDE_PLACE_EXEMPT == 1 << 1 &&
                   PRELUDE_PLACE_GROUPED == 1 << 2 && PRELUDE_PLACE_UNSURE == 1 << 3,
               "the bits PLACE_HAS is given");

static void write_chunks(FILE *out, const struct prelude_options *options)
{
    char header[160], single[160];

    snprintf(header, sizeof(header),
             ".balign 8\n.long %u\n.short %d,%zu\n.long .Lab_records_end-.Lab_records,0\n"
             ".quad 0x%016llx,0\n",
             AFTERBURN_MAGIC, AFTERBURN_VERSION, sizeof(struct afterburn_record),
             (unsigned long long)options->source);
    snprintf(single, sizeof(single),
             ".balign 8\n.long %u\n.short %d,%zu\n.long %zu,0\n.quad 0x%016llx,0\n",
             AFTERBURN_MAGIC, AFTERBURN_VERSION, sizeof(struct afterburn_record),
             sizeof(struct afterburn_record), (unsigned long long)options->source);
    /* Opens the place for one record. */
    fprintf(out,
            ".macro .Lab_open\n"
            ".if " PLACE_HAS(2) "\n"
                                ".pushsection " AFTERBURN_SECTION ",\"a?\",@progbits\n"
                                "%s"
                                ".else\n"
                                ".ifndef .Lab_chunk\n"
                                ".set .Lab_chunk,1\n"
                                ".pushsection " AFTERBURN_SECTION ",0,\"a\",@progbits\n"
                                "%s"
                                ".popsection\n"
                                ".pushsection " AFTERBURN_SECTION ",1\n"
                                ".Lab_records:\n"
                                ".popsection\n"
                                ".pushsection " AFTERBURN_SECTION ",2\n"
                                ".Lab_records_end:\n"
                                ".popsection\n"
                                ".endif\n"
                                ".pushsection " AFTERBURN_SECTION ",1\n"
                                ".endif\n"
                                ".endm\n",
            single, header);
}

/* A macro that makes a site of one statement; `prefixed`, of prefixes that are statements of their
 * own and of one: gas does not take each with each instruction in one statement. (Of a macro whose
 * name begins with a dot, `;` ends a string.) `pad` makes the pad, before or behind. */
static void write_site(FILE *out, const char *name, int prefixed, int before, const char *pad)
{
    const char *text = prefixed ? "\\Lab_p\n\\Lab_t\n" : "\\Lab_t\n";

    fprintf(out, ".macro %s %sLab_t:vararg\n.if .Lab_off\n%s.else\n.Lab_s\\@:\n", name,
            prefixed ? "Lab_p," : "", text);
    if (before)
        fprintf(out,
                "%s.Lab_i\\@:\n%s.Lab_y\\@:\n"
                ".Lab_record .Lab_s\\@,.Lab_y\\@,.Lab_i\\@,.Lab_y\\@\n",
                pad, text);
    else
        fprintf(out,
                "%s.Lab_y\\@:\n%s.Lab_x\\@:\n"
                ".Lab_record .Lab_s\\@,.Lab_x\\@,.Lab_s\\@,.Lab_y\\@\n",
                text, pad);
    fputs(".endif\n.endm\n", out);
}

static void write_sites(FILE *out, const struct prelude_options *options)
{
    char before[32] = "", after[96] = "";

    /* The pad: whatever the span lacks to its least size. gas's `>` gives -1 for true. */
    if (!options->no_room) {
        snprintf(before, sizeof(before), ".Lab_pad %d\n", SITE_SPAN_MIN - 1);
        snprintf(after, sizeof(after),
                 ".Lab_pad -((%1$d-(.Lab_y\\@-.Lab_s\\@))*((%1$d-(.Lab_y\\@-.Lab_s\\@))>0))\n",
                 SITE_SPAN_MIN);
    }
    fprintf(out,
            ".macro .Lab_record Lab_s,Lab_x,Lab_i,Lab_y\n"
            ".Lab_open\n"
            ".long \\Lab_s-.\n"
            ".byte \\Lab_x-\\Lab_s,\\Lab_i-\\Lab_s,\\Lab_y-\\Lab_i,.Lab_bits\n"
            ".zero %zu\n"
            ".popsection\n"
            ".endm\n",
            sizeof(struct afterburn_record) - 8);
    /* gas makes the nops of a file for the code size at its end. */
    fprintf(out,
            ".macro .Lab_pad Lab_n\n"
            "%s \\Lab_n%s\n"
            ".endm\n",
            options->several_sizes ? ".skip" : ".nops", options->several_sizes ? ",0x90" : "");
    write_site(out, ".Lab_site", 0, 0, after);
    write_site(out, "Lab.prefixed", 1, 0, after);
    write_site(out, "Lab.prefixed_before", 1, 1, before);
    write_site(out, ".Lab_site_before", 0, 1, before);
}

/* Following the section, the code size and .afterburn_off as gas meets them, wherever macros and
 * conditionals take it. In executable sections a region says how long the state was another one
 * than the file's own: .Lab_begin where it may begin, .Lab_leave where it ends or the section is
 * left. Code of another size would be decoded wrongly, so where only gas knows whether the section
 * is executable a region says so, too, and complete.c, which knows it by then, blanks it if not.
 *
 * Behind a statement that only gas can read (\\word, .include) .Lab_hidden asks gas for its code
 * size: the lengths of two instructions tell.
 *
 * .Lab_place, .Lab_previous   enum prelude_place of the current and the previous section
 * .Lab_stack, .Lab_depth      .pushsection's: both of them, PLACE_BITS bits each, per level
 * .Lab_bundle                 defined once there was .bundle_align_mode: then no distance is known
 *                             before the end, and gas cannot be asked
 * .Lab_data                   1 in a row of data directives
 * .Lab_wish                   .afterburn_off counts down, .afterburn_on up; 0: the rules decide
 */
#define PLACE_BITS      4
#define PLACE_DEPTH_MAX 8 /* of which two to a level fit 64 bits */

static void write_following(FILE *out, const struct prelude_options *options)
{
    fprintf(out,
            ".set .Lab_off,0\n"
            ".set .Lab_bits,%d\n"
            ".set .Lab_alt,0\n"
            ".set .Lab_wish,0\n"
            ".set .Lab_data,0\n"
            ".set .Lab_place,%d\n"
            ".set .Lab_previous,%d\n"
            ".set .Lab_stack,0\n"
            ".set .Lab_depth,0\n",
            options->bits, PRELUDE_PLACE_CODE, PRELUDE_PLACE_CODE);
    fprintf(out,
            ".set .Lab_opened,0\n"
            ".macro .Lab_begin\n"
            ".if (.Lab_bits-%d)*((" PLACE_HAS(0) ")|(" PLACE_HAS(3) "))|.Lab_off*(" PLACE_HAS(
                0) ")\n"
                   ".set .Lab_opened,1\n"
                   ".set .Lab_opened_off,.Lab_off\n"
                   ".set .Lab_opened_bits,.Lab_bits\n"
                   ".set .Lab_first,.\n"
                   ".endif\n"
                   ".endm\n",
            options->bits);
    fprintf(out,
            ".macro .Lab_leave\n"
            ".if .Lab_opened\n"
            ".set .Lab_opened,0\n"
            ".set .Lab_behind,.\n"
            ".Lab_open\n"
            ".long .Lab_first-.\n"
            ".byte 0,0,0,.Lab_opened_bits\n"
            ".short %d,.Lab_opened_off\n"
            ".zero %zu\n"
            ".long .Lab_behind-.Lab_first\n"
            ".zero %zu\n"
            ".popsection\n"
            ".endif\n"
            ".endm\n",
            AFTERBURN_REGION,
            offsetof(struct afterburn_record, displacement) -
                offsetof(struct afterburn_record, width),
            sizeof(struct afterburn_record) - offsetof(struct afterburn_record, identity));
    fprintf(out,
            ".macro .Lab_decide\n"
            ".if .Lab_data\n"
            ".set .Lab_off,%d\n"
            ".elseif .Lab_wish<0\n"
            ".set .Lab_off,%d\n"
            ".elseif .Lab_wish>0\n"
            ".set .Lab_off,%d\n"
            ".elseif (.Lab_bits==16)*%d\n"
            ".set .Lab_off,%d\n"
            ".elseif " PLACE_HAS(1) "\n"
                                    ".set .Lab_off,%d\n"
                                    ".else\n"
                                    ".set .Lab_off,%d\n"
                                    ".endif\n"
                                    ".endm\n",
            AFTERBURN_EXEMPT_DATA, AFTERBURN_EXEMPT_DIRECTIVE, AFTERBURN_EXEMPT_NOT,
            !options->code16_on, AFTERBURN_EXEMPT_BITS_16, AFTERBURN_EXEMPT_SECTION,
            AFTERBURN_EXEMPT_NOT);
    fputs(".macro .Lab_arrive\n"
          ".Lab_decide\n"
          ".Lab_begin\n"
          ".endm\n"
          ".macro .Lab_enter Lab_p\n"
          ".set .Lab_previous,.Lab_place\n"
          ".set .Lab_place,\\Lab_p\n"
          ".Lab_arrive\n"
          ".endm\n",
          out);
    fprintf(out,
            ".macro .Lab_push Lab_p\n"
            ".if .Lab_depth>=%1$d\n"
            ".error \"afterburner: .pushsection nested deeper than %1$d\"\n"
            ".endif\n"
            ".set .Lab_stack,(.Lab_stack<<%2$d)|(.Lab_previous<<%3$d)|.Lab_place\n"
            ".set .Lab_depth,.Lab_depth+1\n"
            ".Lab_enter \\Lab_p\n"
            ".endm\n"
            ".macro .Lab_pop\n"
            ".if .Lab_depth\n"
            ".set .Lab_place,.Lab_stack-((.Lab_stack>>%3$d)<<%3$d)\n"
            ".set .Lab_stack,.Lab_stack>>%3$d\n"
            ".set .Lab_previous,.Lab_stack-((.Lab_stack>>%3$d)<<%3$d)\n"
            ".set .Lab_stack,.Lab_stack>>%3$d\n"
            ".set .Lab_depth,.Lab_depth-1\n"
            ".endif\n"
            ".Lab_arrive\n"
            ".endm\n"
            /* A macro's argument is text: it would be read behind the change. */
            ".macro .Lab_swap\n"
            ".set .Lab_swapped,.Lab_previous\n"
            ".Lab_enter .Lab_swapped\n"
            ".endm\n",
            PLACE_DEPTH_MAX, 2 * PLACE_BITS, PLACE_BITS);
    fprintf(out,
            ".macro .Lab_hidden\n"
            ".ifndef .Lab_bundle\n"
            ".pushsection .discard.afterburn,\"e\"\n"
            ".Lab_p\\@:\n"
            "inc %%eax\n"
            "mov %%eax,%%eax\n"
            ".set .Lab_probed,.-.Lab_p\\@\n"
            ".popsection\n"
            ".if .Lab_probed-(.Lab_bits==16)*-5-(.Lab_bits==32)*-3-(.Lab_bits==64)*-4\n"
            ".error \"afterburner: the code size was changed where it cannot be followed; write "
            ".code16, .code32 or .code64 in full\"\n"
            ".endif\n"
            ".endif\n"
            ".set .Lab_place,.Lab_place|%1$d\n"
            ".Lab_arrive\n"
            ".endm\n"
            ".macro .Lab_code Lab_n\n"
            ".Lab_leave\n"
            ".set .Lab_bits,\\Lab_n\n"
            ".Lab_arrive\n"
            ".endm\n"
            ".macro .Lab_data_row Lab_n\n"
            ".Lab_leave\n"
            ".set .Lab_data,\\Lab_n\n"
            ".Lab_arrive\n"
            ".endm\n"
            ".macro .afterburn_off\n"
            ".Lab_leave\n"
            ".set .Lab_wish,.Lab_wish-1\n"
            ".Lab_arrive\n"
            ".endm\n"
            ".macro .afterburn_on\n"
            ".Lab_leave\n"
            ".set .Lab_wish,.Lab_wish+1\n"
            ".Lab_arrive\n"
            ".endm\n"
            ".macro .Lab_end\n"
            ".Lab_leave\n"
            ".Lab_open\n"
            ".long 0\n"
            ".byte 0,0,%2$d,0\n"
            ".short %3$d\n"
            ".zero %4$zu\n"
            ".popsection\n"
            ".endm\n",
            PRELUDE_PLACE_UNSURE, PRELUDE_END_LENGTH, AFTERBURN_REGION,
            sizeof(struct afterburn_record) - offsetof(struct afterburn_record, flags));
}

static void write_mnemonics(FILE *out, const struct sensitive_entry *entry, const char *list)
{
    while (*list) {
        int length = (int)strcspn(list, " ");

        fprintf(out, ".macro %.*s Lab_a:vararg\n%s {nooptimize} %.*s \\Lab_a\n.endm\n", length,
                list, entry->side == PAD_BEFORE ? ".Lab_site_before" : ".Lab_site", length, list);
        list += length;
        list += *list == ' ';
    }
}

/* The registers whose moves, pushes and pops are sensitive, in the spellings gas takes: 1, or 2 for
 * SS, behind which an interrupt shadow must survive. */
static void write_registers(FILE *out, int bits)
{
    for (const char *const *name = special_registers; *name; name++) {
        int value = strcmp(*name, "ss") == 0 ? 2 : 1;

        if (!special_register_exists(*name, bits))
            continue;
        fprintf(out, ".set \".Lab_r%s\",%d\n.set \".Lab_r%%%s\",%d\n", *name, value, *name, value);
    }
}

/* Macros that look at operands as gas expands them: needed only where the source's own macros build
 * instructions. They leave altmacro mode while they work, since in it `%cr0` would be an
 * expression. */
static void write_dynamic(FILE *out, int bits)
{
    static const char *const moves[] = {"mov",   "movw",  "movl", "movq", "push", "pushw",
                                        "pushl", "pushq", "pop",  "popw", "popl", "popq"};
    static const char *const repeats[] = {"rep", "repe", "repz", "repne", "repnz"};

    write_registers(out, bits);
    /* Four parts: gas splits a memory operand at its commas too, and the register may come after
     * it. */
    fputs(".macro .Lab_look Lab_p,Lab_q,Lab_u,Lab_v:vararg\n"
          ".set .Lab_hit,0\n"
          ".ifdef \".Lab_r\\Lab_p\"\n.set .Lab_hit,\".Lab_r\\Lab_p\"\n.endif\n"
          ".ifdef \".Lab_r\\Lab_q\"\n.set .Lab_hit,\".Lab_r\\Lab_q\"\n.endif\n"
          ".ifdef \".Lab_r\\Lab_u\"\n.set .Lab_hit,\".Lab_r\\Lab_u\"\n.endif\n"
          ".ifdef \".Lab_r\\Lab_v\"\n.set .Lab_hit,\".Lab_r\\Lab_v\"\n.endif\n"
          ".endm\n",
          out);
    for (size_t i = 0; i < sizeof(moves) / sizeof(moves[0]); i++)
        fprintf(out,
                ".macro %1$s Lab_a:vararg\n"
                ".if .Lab_alt\n.noaltmacro\n.endif\n"
                ".Lab_look \\Lab_a\n"
                ".if .Lab_hit==2\n"
                ".Lab_site_before {nooptimize} %1$s \\Lab_a\n"
                ".elseif .Lab_hit\n"
                ".Lab_site {nooptimize} %1$s \\Lab_a\n"
                ".else\n"
                "{nooptimize} %1$s \\Lab_a\n"
                ".endif\n"
                ".if .Lab_alt\n.altmacro\n.endif\n"
                ".endm\n",
                moves[i]);
    for (size_t i = 0; i < sensitive_entry_count; i++) {
        const char *list = sensitive_entries[i].gas;

        if (sensitive_entries[i].number != SENSITIVE_ins &&
            sensitive_entries[i].number != SENSITIVE_outs)
            continue;
        while (*list) {
            int length = (int)strcspn(list, " ");

            fprintf(out, ".set \".Lab_n%.*s\",1\n", length, list);
            list += length;
            list += *list == ' ';
        }
    }
    for (size_t i = 0; i < sizeof(repeats) / sizeof(repeats[0]); i++)
        fprintf(out,
                ".macro %1$s Lab_o,Lab_a:vararg\n"
                ".ifdef \".Lab_n\\Lab_o\"\n"
                ".Lab_site {nooptimize} %1$s \\Lab_o \\Lab_a\n"
                ".else\n"
                "{nooptimize} %1$s \\Lab_o \\Lab_a\n"
                ".endif\n"
                ".endm\n",
                repeats[i]);
}

char *prelude_make(const struct prelude_options *options, size_t *size)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, size);

    if (!out)
        message_out_of_memory();
    fputs(".nolist\n", out);
    if (options->alternate)
        fputs(".noaltmacro\n", out);
    write_following(out, options);
    write_chunks(out, options);
    write_sites(out, options);
    for (size_t i = 0; i < sensitive_entry_count; i++) {
        if (options->bits == 32 && !(sensitive_entries[i].modes & SENSITIVE_BITS_32))
            continue; /* what such code has of them raises #UD */
        write_mnemonics(out, &sensitive_entries[i], sensitive_entries[i].gas);
        write_mnemonics(out, &sensitive_entries[i], sensitive_entries[i].intel);
    }
    if (options->dynamic)
        write_dynamic(out, options->bits);
    if (options->alternate)
        fputs(".altmacro\n.set .Lab_alt,1\n", out);
    fputs(".list\n", out);
    if (ferror(out) || fclose(out) != 0)
        message_out_of_memory();
    return text;
}
