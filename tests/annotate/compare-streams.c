/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shows that an annotated object does what its plain twin does: with nops left out, both decode to
 * the same instructions, with the same operands, the same branch targets and the same relocations.
 *
 *     compare-streams PLAIN ANNOTATED [PLAIN ANNOTATED]...
 *
 * Nops and int3 are left out on both sides: pads are nops, and both fill up to an alignment, which
 * moves when code grows. Addresses are compared as (section, number of the instruction there), so
 * that moved code compares equal. With one argument that names a file, pairs are read from it, one
 * to a line. Exit code: 0 all the same, 1 a difference, else the file could not be read. */
#define PACKAGE "afterburner"
#include <Zydis/Zydis.h>
#include <bfd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/memory.h"
#include "decode/classify.h"
#include "decode/operands.h"
#include "image/image.h"
#include "image/records.h"

struct stream {
    const struct image_section *section;
    struct image *image;
    struct records *records;
    uint64_t *addresses; /* of the instructions that are no nops */
    size_t count, capacity;
    arelent **relocations;
    long relocation_count;
};

static unsigned long long compared, nops_left_out;

static int decode_at(const struct stream *stream, uint64_t address,
                     ZydisDecodedInstruction *instruction, ZydisDecodedOperand *operands)
{
    struct mark mark = records_mark_at(stream->records, stream->image, stream->section, address);
    uint64_t offset = address - stream->section->address;
    ZydisDecoder decoder;

    zydis_open(&decoder, mark.bits);
    return ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, stream->section->bytes + offset,
                                               stream->section->size - offset, instruction,
                                               operands));
}

static void fill(struct stream *stream)
{
    uint64_t at = stream->section->address, end = at + stream->section->size;

    while (at < end) {
        ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
        ZydisDecodedInstruction instruction;
        int known = decode_at(stream, at, &instruction, operands);

        if (known && (is_padding_nop(&instruction, operands) ||
                      instruction.mnemonic == ZYDIS_MNEMONIC_INT3)) {
            nops_left_out++;
        } else {
            memory_grow((void **)&stream->addresses, &stream->capacity, stream->count,
                        sizeof(uint64_t));
            stream->addresses[stream->count++] = at;
        }
        at += known ? instruction.length : 1;
    }
}

/* The number of the first instruction at or behind an address. */
static size_t index_of(const struct stream *stream, uint64_t address)
{
    size_t low = 0, high = stream->count;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (stream->addresses[middle] < address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct side {
    struct image image;
    struct records records;
    struct stream *streams;
    size_t stream_count;
};

static const struct stream *stream_at(const struct side *side, uint64_t address)
{
    for (size_t i = 0; i < side->stream_count; i++) {
        const struct image_section *section = side->streams[i].section;

        if (address >= section->address && address <= section->address + section->size)
            return &side->streams[i];
    }
    return NULL;
}

/* The section an address belongs to, its end included: loops compare with it. Laid-out sections
 * never touch. */
static const struct image_section *section_around(const struct image *image, uint64_t address)
{
    for (size_t i = 0; i < image->section_count; i++) {
        const struct image_section *section = &image->sections[i];

        if (section->allocated && address >= section->address &&
            address - section->address <= section->size)
            return section;
    }
    return NULL;
}

/* Whether the linker fills part of an instruction in: then compare_relocations compares what with.
 */
static int is_relocated(const struct stream *stream, uint64_t address, unsigned int length)
{
    uint64_t offset = address - stream->section->address;

    for (long i = 0; i < stream->relocation_count; i++)
        if (stream->relocations[i]->address >= offset &&
            stream->relocations[i]->address < offset + length)
            return 1;
    return 0;
}

/* Whether two addresses mean the same place. */
static int same_place(const struct side *plain, uint64_t a, const struct side *annotated,
                      uint64_t b)
{
    const struct stream *x = stream_at(plain, a), *y = stream_at(annotated, b);
    const struct image_section *s = section_around(&plain->image, a),
                               *t = section_around(&annotated->image, b);

    if (x && y)
        return strcmp(x->section->name, y->section->name) == 0 && index_of(x, a) == index_of(y, b);
    if (s && t)
        return strcmp(s->name, t->name) == 0 && a - s->address == b - t->address;
    return !x && !y && !s && !t; /* undefined symbols: the relocations are compared by name */
}

static int same_instruction(const struct side *plain, const struct stream *x, uint64_t a,
                            const struct side *annotated, const struct stream *y, uint64_t b)
{
    ZydisDecodedOperand p[ZYDIS_MAX_OPERAND_COUNT], q[ZYDIS_MAX_OPERAND_COUNT];
    ZydisDecodedInstruction i, k;
    int known = decode_at(x, a, &i, p);

    if (known != decode_at(y, b, &k, q))
        return 0;
    if (!known)
        return x->section->bytes[a - x->section->address] ==
               y->section->bytes[b - y->section->address];
    if (i.mnemonic != k.mnemonic || i.operand_count_visible != k.operand_count_visible)
        return 0;
    /* A branch may need its long form once code has grown, which accepts other prefixes: its target
     * is compared below. */
    if (i.meta.branch_type == ZYDIS_BRANCH_TYPE_NONE &&
        (i.operand_width != k.operand_width || i.attributes != k.attributes))
        return 0;
    for (int n = 0; n < i.operand_count_visible; n++) {
        ZyanU64 u, v;

        if (p[n].type != q[n].type)
            return 0;
        switch (p[n].type) {
        case ZYDIS_OPERAND_TYPE_REGISTER:
            if (p[n].reg.value != q[n].reg.value)
                return 0;
            break;
        case ZYDIS_OPERAND_TYPE_MEMORY:
            if (p[n].mem.base != q[n].mem.base || p[n].mem.index != q[n].mem.index ||
                p[n].mem.scale != q[n].mem.scale || p[n].mem.segment != q[n].mem.segment ||
                p[n].size != q[n].size)
                return 0;
            if (p[n].mem.base == ZYDIS_REGISTER_RIP) {
                if (!ZYAN_SUCCESS(ZydisCalcAbsoluteAddress(&i, &p[n], a, &u)) ||
                    !ZYAN_SUCCESS(ZydisCalcAbsoluteAddress(&k, &q[n], b, &v)) ||
                    !same_place(plain, u, annotated, v))
                    return 0;
            } else if (p[n].mem.disp.value != q[n].mem.disp.value &&
                       !same_place(plain, (uint64_t)p[n].mem.disp.value, annotated,
                                   (uint64_t)q[n].mem.disp.value) &&
                       !(is_relocated(x, a, i.length) && is_relocated(y, b, k.length))) {
                return 0;
            }
            break;
        case ZYDIS_OPERAND_TYPE_IMMEDIATE:
            if (p[n].imm.is_relative) {
                ZydisCalcAbsoluteAddress(&i, &p[n], a, &u);
                ZydisCalcAbsoluteAddress(&k, &q[n], b, &v);
                if (!same_place(plain, u, annotated, v))
                    return 0;
            } else if (p[n].imm.value.u != q[n].imm.value.u &&
                       !(section_around(&plain->image, p[n].imm.value.u) &&
                         same_place(plain, p[n].imm.value.u, annotated, q[n].imm.value.u)) &&
                       !(is_relocated(x, a, i.length) && is_relocated(y, b, k.length))) {
                return 0;
            }
            break;
        default:
            break;
        }
    }
    return 1;
}

static void print_instruction(const struct stream *stream, uint64_t address)
{
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    ZydisDecodedInstruction instruction;
    char text[160] = "(undecodable)";

    if (decode_at(stream, address, &instruction, operands))
        operands_normalised_text(&instruction, operands, text, sizeof(text));
    printf("    %s+0x%llx: %s\n", stream->section->name,
           (unsigned long long)(address - stream->section->address), text);
}

static int compare_stream(const struct side *plain, const struct stream *x,
                          const struct side *annotated, const struct stream *y)
{
    size_t count = x->count < y->count ? x->count : y->count;

    for (size_t i = 0; i < count; i++) {
        compared++;
        if (same_instruction(plain, x, x->addresses[i], annotated, y, y->addresses[i]))
            continue;
        printf("%s and %s differ at instruction %zu:\n", plain->image.path, annotated->image.path,
               i);
        print_instruction(x, x->addresses[i]);
        print_instruction(y, y->addresses[i]);
        return 1;
    }
    if (x->count == y->count)
        return 0;
    printf("%s has %zu instructions in %s, %s has %zu\n", plain->image.path, x->count,
           x->section->name, annotated->image.path, y->count);
    return 1;
}

/* Relocations of a section, in order: type and symbol; the addend only where it cannot move
 * (symbols outside code). */
static char *describe_relocations(const struct stream *stream)
{
    arelent **relocations = stream->relocations;
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    for (long i = 0; i < stream->relocation_count; i++) {
        const asymbol *symbol = *relocations[i]->sym_ptr_ptr;
        int moves = symbol->flags & BSF_SECTION_SYM && symbol->section->flags & SEC_CODE;

        fprintf(out, "%s %s", relocations[i]->howto ? relocations[i]->howto->name : "?",
                symbol->name);
        if (!moves)
            fprintf(out, "+%llx", (unsigned long long)relocations[i]->addend);
        fputc('\n', out);
    }
    fclose(out);
    return text;
}

static int compare_relocations(const struct side *plain, const struct stream *x,
                               const struct side *annotated, const struct stream *y)
{
    char *a = describe_relocations(x), *b = describe_relocations(y);
    int differ = strcmp(a, b) != 0;

    if (differ)
        printf("%s and %s: the relocations of %s differ\n", plain->image.path,
               annotated->image.path, x->section->name);
    free(a);
    free(b);
    return differ;
}

static void read_relocations(struct stream *stream)
{
    asection *section = stream->section->handle;
    long room = bfd_get_reloc_upper_bound(stream->image->handle, section);

    stream->relocations = memory_allocate(room > 0 ? (size_t)room : sizeof(arelent *));
    if (room > 0)
        stream->relocation_count = bfd_canonicalize_reloc(
            stream->image->handle, section, stream->relocations, stream->image->private);
}

static int open_side(const char *path, struct side *side)
{
    char wrong[256];
    int code = image_open(path, &side->image);

    if (code)
        return code;
    if (records_read(&side->image, &side->records, wrong, sizeof(wrong)) < 0) {
        printf("%s: %s\n", path, wrong);
        return 3;
    }
    side->streams = memory_allocate((side->image.section_count + 1) * sizeof(*side->streams));
    side->stream_count = 0;
    for (size_t i = 0; i < side->image.section_count; i++) {
        struct image_section *section = &side->image.sections[i];

        if (!section->executable || !section->bytes)
            continue;
        side->streams[side->stream_count] =
            (struct stream){.section = section, .image = &side->image, .records = &side->records};
        read_relocations(&side->streams[side->stream_count]);
        fill(&side->streams[side->stream_count++]);
    }
    return 0;
}

static void close_side(struct side *side)
{
    for (size_t i = 0; i < side->stream_count; i++) {
        free(side->streams[i].addresses);
        free(side->streams[i].relocations);
    }
    free(side->streams);
    records_free(&side->records);
    image_close(&side->image);
}

static int compare_pair(const char *plain_path, const char *annotated_path)
{
    struct side plain = {0}, annotated = {0};
    int code = open_side(plain_path, &plain), differ;

    if (!code)
        code = open_side(annotated_path, &annotated);
    if (code)
        return code;
    differ = plain.stream_count != annotated.stream_count;
    if (differ)
        printf("%s and %s have different executable sections\n", plain_path, annotated_path);
    for (size_t i = 0; i < plain.stream_count && !differ; i++) {
        const struct stream *x = &plain.streams[i], *y = &annotated.streams[i];

        differ = strcmp(x->section->name, y->section->name) != 0 ||
                 compare_stream(&plain, x, &annotated, y) ||
                 compare_relocations(&plain, x, &annotated, y);
    }
    close_side(&plain);
    close_side(&annotated);
    return differ;
}

int main(int argc, char **argv)
{
    size_t pairs = 0;
    int worst = 0;

    if (argc == 2) {
        FILE *list = fopen(argv[1], "r");
        char a[4096], b[4096];

        if (!list) {
            perror(argv[1]);
            return 2;
        }
        while (fscanf(list, "%4095s %4095s", a, b) == 2) {
            int code = compare_pair(a, b);

            pairs++;
            worst = code > worst ? code : worst;
        }
        fclose(list);
    }
    for (int i = 1; argc > 2 && i + 1 < argc; i += 2) {
        int code = compare_pair(argv[i], argv[i + 1]);

        pairs++;
        worst = code > worst ? code : worst;
    }
    printf("%zu pairs, %llu instructions compared, %llu nops and int3 left out: %s\n", pairs,
           compared, nops_left_out, worst ? "DIFFERENT" : "the same");
    return pairs == 0 ? 2 : worst;
}
