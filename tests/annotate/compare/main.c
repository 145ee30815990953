/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shows that an annotated object is its plain twin and pads:
 *
 *     compare-streams PLAIN ANNOTATED [PLAIN ANNOTATED]...
 *
 * Once the pads that the records name are taken out, and fill in front of an aligned place
 * (align.c says what counts as that), both have the same instructions, nops too, byte for byte but
 * for what says where something is; there, the same places. They have the same allocated sections,
 * data, relocations and symbols; contents.c lists the sections whose bytes tell how long code is.
 * With one argument that names a file, pairs are read from it, one to a line. Objects that are made
 * from a finished kernel have a word in front: `code` leaves out sections without code; `sizes=N,M`
 * does, too, and a number N in plain code may be M in annotated code.
 * Exit code: 0 all the same, 1 a difference, else a file could not be read. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "compare.h"

struct figures figures;

void print_excused(void);

/* The same sections, with the same flags and alignment, in the same order. */
static int compare_sections(const struct pair *pair)
{
    const struct side *s = &pair->plain, *t = &pair->annotated;

    for (size_t i = 0; i < s->part_count || i < t->part_count; i++) {
        const asection *a = i < s->part_count ? s->parts[i].section->handle : NULL;
        const asection *b = i < t->part_count ? t->parts[i].section->handle : NULL;

        if (!a || !b || strcmp(a->name, b->name) != 0 || a->flags != b->flags ||
            a->alignment_power != b->alignment_power)
            return differ(pair, "section %s (flags 0x%x, alignment %u) and %s (0x%x, %u)",
                          a ? a->name : "none", a ? a->flags : 0, a ? 1u << a->alignment_power : 0,
                          b ? b->name : "none", b ? b->flags : 0, b ? 1u << b->alignment_power : 0);
    }
    return 0;
}

static int compare_pair(struct pair *pair, int code_only)
{
    const struct side *s = &pair->plain, *t = &pair->annotated;
    int differ = compare_sections(pair);

    for (size_t i = 0; i < s->part_count && !differ; i++)
        s->parts[i].code = t->parts[i].code;
    for (size_t i = 0; i < s->part_count && !differ; i++)
        if (s->parts[i].code)
            differ = align_parts(pair, &s->parts[i], &t->parts[i]);
    for (size_t i = 0; i < s->part_count && !differ; i++) {
        const struct part *x = &s->parts[i], *y = &t->parts[i];

        if (code_only && !x->code)
            continue;
        differ = x->code ? compare_instructions(pair, x, y) || check_fills(pair, x, y)
                         : compare_contents(pair, x, y);
        differ = differ || compare_relocations(pair, x, y);
    }
    return differ || (!code_only && compare_symbols(pair)) || compare_alternatives(pair) ||
           (!code_only && compare_unwinding(pair));
}

static int compare_files(const char *plain, const char *annotated, int code_only,
                         const uint64_t *sizes)
{
    struct pair pair = {.sizes = {sizes ? sizes[0] : 0, sizes ? sizes[1] : 0}};
    int code = side_open(plain, &pair.plain);

    if (!code)
        code = side_open(annotated, &pair.annotated);
    if (!code)
        code = compare_pair(&pair, code_only);
    side_close(&pair.plain);
    side_close(&pair.annotated);
    return code;
}

/* Reads pairs from a file. Gives the worst code. */
static int compare_list(FILE *list, size_t *pairs)
{
    char line[8192], a[4096], b[4096];
    int worst = 0;

    while (fgets(line, sizeof(line), list)) {
        int code_only = strncmp(line, "code ", 5) == 0, code, word = code_only ? 5 : 0;
        uint64_t sizes[2] = {0, 0};

        if (sscanf(line, "sizes=%" SCNi64 ",%" SCNi64 " %n", &sizes[0], &sizes[1], &word) == 1 ||
            sscanf(line + word, "%4095s %4095s", a, b) != 2) {
            printf("not a pair: %s", line);
            return 2;
        }
        code = compare_files(a, b, code_only || sizes[0], sizes);
        worst = code > worst ? code : worst;
        ++*pairs;
    }
    return worst;
}

int main(int argc, char **argv)
{
    FILE *list = argc == 2 ? fopen(argv[1], "r") : NULL;
    size_t pairs = 0;
    int worst = 0;

    if (argc == 2 && !list) {
        perror(argv[1]);
        return 2;
    }
    if (list) {
        worst = compare_list(list, &pairs);
        fclose(list);
    }
    for (int i = 1; argc > 2 && i + 1 < argc; i += 2) {
        int code = compare_files(argv[i], argv[i + 1], 0, NULL);

        pairs++;
        worst = code > worst ? code : worst;
    }
    printf("%zu pairs, %llu instructions compared, %llu of them nops and int3; %llu branches of "
           "another length, %llu with prefixes in another order, %llu with the kernel's size\n",
           pairs, figures.instructions, figures.nops, figures.grown_branches, figures.other_orders,
           figures.sizes);
    printf("  left out: %llu pads of %llu bytes, by their records; %llu pads of int $3; %llu fills "
           "of %llu bytes on both "
           "sides (in front of a label %llu, behind a jump %llu, at the end %llu; %llu of "
           "alternatives, %llu of zeros)\n",
           figures.pads, figures.pad_bytes, figures.trap_pads, figures.fills, figures.fill_bytes,
           figures.fills_by_label, figures.fills_by_transfer, figures.fills_at_end,
           figures.alternative_fills, figures.fills_of_zeros);
    printf("  and %llu bytes of %llu sections of data, %llu relocations, %llu symbols, %llu "
           "unwind entries\n",
           figures.data_bytes, figures.data_sections, figures.relocations, figures.symbols,
           figures.unwind_entries);
    print_excused();
    puts(worst ? "DIFFERENT" : "the same");
    return pairs == 0 || (argc > 2 && argc % 2 == 0) ? 2 : worst;
}
