/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "afterburn/sensitive.h"
#include "cli/memory.h"
#include "compare.h"
#include "decode/classify.h"
#include "image/search.h"

int differ(const struct pair *pair, const char *format, ...)
{
    va_list arguments;

    printf("%s and %s: ", pair->plain.image.path, pair->annotated.image.path);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
    return 1;
}

/* Equal addresses keep the file's order: libbfd's table is one array. */
static int by_address(const void *a, const void *b)
{
    const arelent *x = *(arelent *const *)a, *y = *(arelent *const *)b;

    if (x->address != y->address)
        return x->address < y->address ? -1 : 1;
    return (x > y) - (x < y);
}

static void read_part(struct side *side, const struct image_section *section, struct part *part)
{
    asection *handle = section->handle;
    bfd *file = side->image.handle;
    long room = bfd_get_reloc_upper_bound(file, handle), count = 0;

    *part = (struct part){.section = section,
                          .code = section->executable,
                          .alignment = 1u << handle->alignment_power};
    if (handle->flags & SEC_HAS_CONTENTS) {
        part->bytes = memory_allocate(section->size + 1);
        if (!bfd_get_section_contents(file, handle, part->bytes, 0, section->size)) {
            printf("%s: %s cannot be read\n", side->image.path, section->name);
            exit(3);
        }
    }
    part->relocations = memory_allocate(room > 0 ? (size_t)room : sizeof(arelent *));
    if (room > 0)
        count = bfd_canonicalize_reloc(file, handle, part->relocations, side->image.private);
    if (count < 0) {
        printf("%s: the relocations of %s cannot be read\n", side->image.path, section->name);
        exit(3);
    }
    part->relocation_count = (size_t)count;
    qsort(part->relocations, part->relocation_count, sizeof(arelent *), by_address);
}

static int by_start(const void *a, const void *b)
{
    const struct site *x = a, *y = b;

    return (x->start > y->start) - (x->start < y->start);
}

/* A sensitive instruction and its pad in a section that is not executable: a template of code,
 * which is copied before it runs. Its record was blanked (docs/record-format.md, "Regions"); all it
 * says is where. */
static void add_template(struct side *side, struct part *part, uint64_t start)
{
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    struct records *records = &side->records;
    int bits = side->image.bits;
    ZydisDecodedInstruction instruction;
    uint64_t at = start;

    while (decode_at(part, at, bits, &instruction, operands) &&
           is_padding_nop(&instruction, operands))
        at += instruction.length;
    if (!decode_at(part, at, bits, &instruction, operands))
        return;
    part->code = 1;
    records->sites =
        memory_resize(records->sites, (records->site_count + 1) * sizeof(*records->sites));
    records->sites[records->site_count++] = (struct site){
        .start = start,
        .end = at + instruction.length > start + SITE_SPAN_MIN ? at + instruction.length
                                                               : start + SITE_SPAN_MIN,
        .instruction = at,
        .record = {.length = instruction.length, .bits = (uint8_t)bits}};
    qsort(records->sites, records->site_count, sizeof(*records->sites), by_start);
    records->first = records->sites[0].start;
    if (records->end < start + SITE_SPAN_MIN)
        records->end = start + SITE_SPAN_MIN;
}

static void add_templates(struct side *side, const struct image_section *section)
{
    struct part records;

    read_part(side, section, &records);
    for (size_t i = 0; i < records.relocation_count; i++) {
        uint64_t address = relocation_target(&records, records.relocations[i]);

        for (size_t k = 0; k < side->part_count; k++) {
            const struct image_section *place = side->parts[k].section;

            if (!place->executable && address >= place->address &&
                address - place->address < place->size)
                add_template(side, &side->parts[k], address);
        }
    }
    free(records.bytes);
    free(records.relocations);
}

int side_open(const char *path, struct side *side)
{
    char wrong[256];
    int code = image_open(path, &side->image);

    if (code)
        return code;
    if (!side->image.relocatable) {
        printf("%s: not an object file\n", path);
        return 3;
    }
    if (records_read(&side->image, &side->records, wrong, sizeof(wrong)) < 0 ||
        guest_tables_read(&side->image, &side->tables, wrong, sizeof(wrong)) < 0) {
        printf("%s: %s\n", path, wrong);
        return 3;
    }
    side->parts = memory_allocate((side->image.section_count + 1) * sizeof(*side->parts));
    for (size_t i = 0; i < side->image.section_count; i++) {
        const struct image_section *section = &side->image.sections[i];

        if (section->allocated && strcmp(section->name, AFTERBURN_SECTION) != 0)
            read_part(side, section, &side->parts[side->part_count++]);
    }
    for (size_t i = 0; i < side->image.section_count; i++)
        if (strcmp(side->image.sections[i].name, AFTERBURN_SECTION) == 0)
            add_templates(side, &side->image.sections[i]);
    return 0;
}

void side_close(struct side *side)
{
    for (size_t i = 0; i < side->part_count; i++) {
        free(side->parts[i].bytes);
        free(side->parts[i].relocations);
        free(side->parts[i].kept);
        free(side->parts[i].gaps);
    }
    free(side->parts);
    records_free(&side->records);
    guest_tables_free(&side->tables);
    image_close(&side->image);
}

int decode_at(const struct part *part, uint64_t address, int bits,
              ZydisDecodedInstruction *instruction, ZydisDecodedOperand *operands)
{
    uint64_t offset = address - part->section->address;
    ZydisDecoder decoder;

    zydis_open(&decoder, bits);
    return ZYAN_SUCCESS(ZydisDecoderDecodeFull(
        &decoder, part->bytes + offset, part->section->size - offset, instruction, operands));
}

int relative_target(const ZydisDecodedInstruction *instruction, const ZydisDecodedOperand *operand,
                    uint64_t address, uint64_t *target)
{
    address += instruction->length;
    if (operand->type == ZYDIS_OPERAND_TYPE_IMMEDIATE && operand->imm.is_relative)
        *target = address + (uint64_t)operand->imm.value.s;
    else if (operand->type == ZYDIS_OPERAND_TYPE_MEMORY &&
             (operand->mem.base == ZYDIS_REGISTER_RIP || operand->mem.base == ZYDIS_REGISTER_EIP))
        *target = address + (uint64_t)operand->mem.disp.value;
    else
        return 0;
    return 1;
}

size_t relocation_at(const struct part *part, uint64_t offset)
{
    size_t low = 0, high = part->relocation_count;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (part->relocations[middle]->address < offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

size_t kept_before(const struct part *part, uint64_t address)
{
    return search_below(part->kept, part->kept_count, sizeof(*part->kept), address);
}

const struct kept *kept_at(const struct part *part, uint64_t address)
{
    size_t index = kept_before(part, address);

    if (index < part->kept_count && part->kept[index].address == address)
        return &part->kept[index];
    if (index && address < part->kept[index - 1].address + part->kept[index - 1].length)
        return &part->kept[index - 1];
    return NULL;
}

/* The section an address belongs to, its end included: loops compare with it. Laid-out sections
 * never touch. */
static const struct part *part_around(const struct side *side, uint64_t address)
{
    for (size_t i = 0; i < side->part_count; i++) {
        const struct image_section *section = side->parts[i].section;

        if (address >= section->address && address - section->address <= section->size)
            return &side->parts[i];
    }
    return NULL;
}

int is_outside(const struct side *side, uint64_t address)
{
    return !part_around(side, address);
}

/* Where an address of code is, without pads and fill: instruction, and byte in it. Nothing can
 * point into a pad or a fill, only at their ends, and neither between an instruction and its pad:
 * then 0. */
static int find_place(const struct side *side, const struct part *part, uint64_t address,
                      size_t *index, uint64_t *offset)
{
    const struct kept *kept = kept_at(part, address);
    const struct site *site = records_site_at(&side->records, address);

    *offset = kept ? address - kept->address : 0;
    *index = kept ? (size_t)(kept - part->kept) : kept_before(part, address);
    if (kept)
        return 1;
    if (site && address != site->start)
        return 0;
    for (size_t i = 0; i < part->gap_count; i++)
        if (address > part->gaps[i].start && address < part->gaps[i].end)
            return 0;
    return 1;
}

int same_place(const struct pair *pair, uint64_t plain, uint64_t annotated)
{
    const struct part *x = part_around(&pair->plain, plain),
                      *y = part_around(&pair->annotated, annotated);
    uint64_t s, t;
    size_t i, k;

    if (!x || !y)
        return !x && !y && plain == annotated;
    if (strcmp(x->section->name, y->section->name) != 0)
        return 0;
    if (!x->code)
        return plain - x->section->address == annotated - y->section->address;
    return find_place(&pair->plain, x, plain, &i, &s) &&
           find_place(&pair->annotated, y, annotated, &k, &t) && i == k && s == t;
}

int same_place_or_pad(const struct pair *pair, uint64_t plain, uint64_t annotated)
{
    const struct site *site = records_site_at(&pair->annotated.records, annotated);

    if (site && annotated == site->instruction + site->record.length)
        annotated = site->end;
    return same_place(pair, plain, annotated);
}

/* The addend an i386 relocation has in place. */
static int64_t addend_in_place(const struct part *part, const arelent *relocation)
{
    const unsigned char *field = part->bytes + relocation->address;

    switch (bfd_get_reloc_size(relocation->howto)) {
    case 1:
        return (int8_t)*field;
    case 2:
        return (int16_t)bfd_getl16(field);
    case 4:
        return (int32_t)bfd_getl32(field);
    default:
        return (int64_t)bfd_getl64(field);
    }
}

uint64_t relocation_target(const struct part *part, const arelent *relocation)
{
    const asymbol *symbol = *relocation->sym_ptr_ptr;
    uint64_t field = part->section->address + relocation->address, target;
    const struct kept *kept = part->code ? kept_at(part, field) : NULL;

    target = relocation->addend + bfd_asymbol_value(symbol);
    if (relocation->howto->partial_inplace)
        target += (uint64_t)addend_in_place(part, relocation);
    if (kept && relocation->howto->pc_relative)
        target += kept->address + kept->length - field;
    return target;
}
