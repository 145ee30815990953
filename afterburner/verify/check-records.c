/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <Zydis/Zydis.h>
#include <stdlib.h>
#include <string.h>

#include "cli/memory.h"
#include "decode/classify.h"
#include "decode/operands.h"
#include "decode/sensitive-table.h"
#include "verify/walk.h"

/* The nops GNU as pads with (gas/config/tc-i386.c), longest first, and the code sizes in which each
 * is one. A pad must be made of exactly these, so that any changed byte shows. */
enum {
    IN_16 = 1,
    IN_32 = 2,
    IN_64 = 4,
};

static const struct {
    unsigned char length, modes, bytes[10];
} pad_nops[] = {
    {10, IN_32 | IN_64, {0x66, 0x2e, 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00}},
    {9, IN_32 | IN_64, {0x66, 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00}},
    {8, IN_32 | IN_64, {0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00}},
    {7, IN_32 | IN_64, {0x0f, 0x1f, 0x80, 0x00, 0x00, 0x00, 0x00}},
    {7, IN_32, {0x8d, 0xb4, 0x26, 0x00, 0x00, 0x00, 0x00}}, /* lea 0x0(%esi,%eiz,1),%esi */
    {6, IN_32 | IN_64, {0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00}},
    {6, IN_32, {0x8d, 0xb6, 0x00, 0x00, 0x00, 0x00}}, /* lea 0x0(%esi),%esi */
    {5, IN_32 | IN_64, {0x0f, 0x1f, 0x44, 0x00, 0x00}},
    {5, IN_32, {0x2e, 0x8d, 0x74, 0x26, 0x00}},
    {4, IN_32 | IN_64, {0x0f, 0x1f, 0x40, 0x00}},
    {4, IN_32, {0x8d, 0x74, 0x26, 0x00}}, /* lea 0x0(%esi,%eiz,1),%esi */
    {4, IN_16, {0x8d, 0xb4, 0x00, 0x00}}, /* lea 0x0(%si),%si */
    {3, IN_32 | IN_64, {0x0f, 0x1f, 0x00}},
    {3, IN_32, {0x8d, 0x76, 0x00}}, /* lea 0x0(%esi),%esi */
    {3, IN_16, {0x8d, 0x74, 0x00}}, /* lea 0x0(%si),%si */
    {2, IN_16 | IN_32 | IN_64, {0x66, 0x90}},
    {2, IN_16 | IN_32, {0x89, 0xf6}}, /* mov %esi,%esi */
    {1, IN_16 | IN_32 | IN_64, {0x90}},
};

/* Whether the bytes [start, end) are such nops and nothing else. */
static int all_nops(const struct image_section *section, uint64_t start, uint64_t end, int bits)
{
    int mode = bits == 64 ? IN_64 : bits == 32 ? IN_32 : IN_16;

    while (start < end) {
        const unsigned char *bytes = section->bytes + (start - section->address);
        size_t length = 0;

        for (size_t i = 0; i < sizeof(pad_nops) / sizeof(pad_nops[0]) && !length; i++)
            if (pad_nops[i].modes & mode && pad_nops[i].length <= end - start &&
                memcmp(bytes, pad_nops[i].bytes, pad_nops[i].length) == 0)
                length = pad_nops[i].length;
        if (!length)
            return 0;
        start += length;
    }
    return 1;
}

/* What is behind the instruction in a span: the pad, and in front of it an lfence, which GNU as
 * puts there (-mlfence-after-load) and whatever is bound does not need. */
static int good_tail(const struct image_section *section, uint64_t start, uint64_t end, int bits)
{
    if (end - start >= LFENCE_LENGTH &&
        classify_is_lfence(section->bytes + (start - section->address)))
        start += LFENCE_LENGTH;
    return all_nops(section, start, end, bits);
}

/* The first field of a record that does not fit the decoded instruction, or NULL. What the linker
 * fills in, and what only the annotator can know (liveness, identity), is not compared. */
static const char *wrong_field(const struct afterburn_record *record,
                               const ZydisDecodedInstruction *instruction,
                               const ZydisDecodedOperand *operands)
{
    struct afterburn_record expected = {.flags = 0};
    const unsigned int compared =
        AFTERBURN_REPEAT | AFTERBURN_MEMORY | AFTERBURN_IMMEDIATE | AFTERBURN_FAR_POINTER;

    operands_describe(instruction, operands, &expected);
    if (record->kind != classify_zydis(instruction, operands))
        return "kind";
    if ((record->flags & compared) != expected.flags)
        return "flags";
    if (record->width != expected.width || record->address_width != expected.address_width)
        return "width";
    if (record->reg != expected.reg || record->reg2 != expected.reg2 ||
        record->special != expected.special)
        return "register";
    if (record->base != expected.base || record->index != expected.index ||
        record->scale != expected.scale || record->segment != expected.segment)
        return "memory operand";
    if (record->flags & AFTERBURN_FAR_POINTER && record->immediate != expected.immediate)
        return "selector";
    if (!(record->flags & AFTERBURN_RELOCATED) &&
        (record->displacement != expected.displacement || record->immediate != expected.immediate))
        return "displacement or immediate";
    return NULL;
}

#define OPCODE_HLT 0xf4

static void check_site(struct verification *verification, const struct image_section *section,
                       const struct site *site)
{
    const struct sensitive_entry *entry = sensitive_entry_by_number(site->record.kind);
    const unsigned char *bytes = section->bytes + (site->instruction - section->address);
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    uint64_t end = site->instruction + site->record.length;
    ZydisDecodedInstruction instruction;
    const char *field = "length";
    ZydisDecoder decoder;

    if (!entry) {
        findings_add(&verification->findings, FINDING_SITE_MISMATCH, FINDING_OPEN, site->start,
                     NULL, "record kind %u is not in the table of sensitive instructions",
                     site->record.kind);
        return;
    }
    zydis_open(&decoder, site->record.bits);
    if (end > site->end ||
        !ZYAN_SUCCESS(
            ZydisDecoderDecodeFull(&decoder, bytes, site->record.length, &instruction, operands)) ||
        instruction.length != site->record.length ||
        (field = wrong_field(&site->record, &instruction, operands)) != NULL) {
        findings_add(&verification->findings, FINDING_SITE_MISMATCH, FINDING_OPEN, site->start,
                     NULL, "the record says %s; its %s does not fit the bytes there", entry->name,
                     field);
        return;
    }
    if (site->record.span < SITE_SPAN_MIN &&
        !(site->record.flags & AFTERBURN_NO_ROOM && site->record.span == site->record.length))
        findings_add(&verification->findings, FINDING_SITE_SHORT, FINDING_OPEN, site->start, NULL,
                     "%s: the span is %u bytes, below %d", entry->name, site->record.span,
                     SITE_SPAN_MIN);
    if (!all_nops(section, site->start, site->instruction, site->record.bits) ||
        !good_tail(section, end, site->end, site->record.bits))
        findings_add(&verification->findings, FINDING_PAD_NOT_NOP, FINDING_OPEN, site->start, NULL,
                     "%s", entry->name);
    if (site->record.flags & AFTERBURN_HALT_FOLLOWS &&
        (site->record.kind != SENSITIVE_sti || end >= section->address + section->size ||
         section->bytes[end - section->address] != OPCODE_HLT))
        findings_add(&verification->findings, FINDING_SITE_MISMATCH, FINDING_OPEN, site->start,
                     NULL, "%s: the record says that hlt follows, which it does not", entry->name);
    if (sensitive_pads_before(entry->number, site->record.special) != (site->record.offset != 0) &&
        site->record.span > site->record.length)
        findings_add(&verification->findings, FINDING_SITE_MISMATCH, FINDING_OPEN, site->start,
                     NULL, "%s: the pad is on the wrong side", entry->name);
}

static int compare_counts(const void *section, const void *count)
{
    const struct image_section *a = section, *b = ((const struct section_count *)count)->section;

    return (a > b) - (a < b);
}

/* The counts are in the order of the image's sections. */
static void count_site(struct verification *verification, const struct image_section *section)
{
    struct section_count *count =
        verification->section_count
            ? bsearch(section, verification->sections, verification->section_count,
                      sizeof(*verification->sections), compare_counts)
            : NULL;

    if (count)
        count->sites++;
}

static void check_sites(struct verification *verification)
{
    const struct records *records = &verification->records;
    uint64_t covered = 0;

    for (size_t i = 0; i < records->site_count; i++) {
        const struct site *site = &records->sites[i];
        const struct image_section *section = image_section_at(verification->image, site->start);

        if (i && site->start < covered)
            findings_add(&verification->findings, FINDING_SITES_OVERLAP, FINDING_OPEN, site->start,
                         NULL, "%s begins before the end of the site before it",
                         sensitive_name(site->record.kind));
        if (site->end > covered)
            covered = site->end;
        if (!section || !section->executable || !section->bytes ||
            site->end > section->address + section->size || site->instruction >= site->end) {
            findings_add(&verification->findings, FINDING_SITE_OUTSIDE_CODE, FINDING_OPEN,
                         site->start, NULL, "%s, span %u", sensitive_name(site->record.kind),
                         site->record.span);
            continue;
        }
        count_site(verification, section);
        check_site(verification, section, site);
    }
}

/* Regions say how code is decoded, so what they say must be plain. */
static void check_regions(struct verification *verification)
{
    const struct records *records = &verification->records;
    uint64_t covered = 0;

    for (size_t i = 0; i < records->region_count; i++) {
        const struct region *region = &records->regions[i];
        const struct image_section *section = image_section_at(verification->image, region->start);

        if (i && region->start < covered)
            findings_add(&verification->findings, FINDING_REGION_WRONG, FINDING_OPEN, region->start,
                         NULL, "it begins before the end of the region before it");
        if (region->end > covered)
            covered = region->end;
        if (region->odd)
            findings_add(&verification->findings, FINDING_REGION_WRONG, FINDING_OPEN, region->start,
                         NULL, "its record has fields that no region has");
        if (!section || !section->executable || !section->bytes ||
            region->end - section->address > section->size)
            findings_add(&verification->findings, FINDING_REGION_WRONG, FINDING_OPEN, region->start,
                         NULL, "it goes to 0x%llx, which is not one executable section",
                         (unsigned long long)region->end);
    }
}

static const struct site *site_around(const struct verification *verification, uint64_t address)
{
    return records_site_around(&verification->records, address);
}

static void check_symbols(struct verification *verification)
{
    const struct image *image = verification->image;

    for (size_t i = 0; i < image->symbol_count; i++) {
        const struct image_symbol *symbol = &image->symbols[i];
        const struct site *site = site_around(verification, symbol->address);

        /* .L labels are in the table only when the assembler was told to keep them (-L): ours are
         * among them. */
        if (site && strncmp(symbol->name, ".L", 2) != 0)
            findings_add(&verification->findings, FINDING_SYMBOL_IN_SITE, FINDING_OPEN,
                         symbol->address, NULL, "%s lies in the %s site at 0x%llx", symbol->name,
                         sensitive_name(site->record.kind), (unsigned long long)site->start);
    }
}

/* Whether [start, start + length) lies in one executable section. */
static int in_code(const struct verification *verification, uint64_t start, unsigned int length)
{
    const struct image_section *section = image_section_at(verification->image, start);

    return section && section->executable && start + length <= section->address + section->size;
}

static void check_alternative(struct verification *verification,
                              const struct alternative *alternative)
{
    uint64_t edges[2] = {alternative->original,
                         alternative->original + alternative->original_length};

    if (!in_code(verification, alternative->original, alternative->original_length) ||
        (alternative->replacement_length &&
         !in_code(verification, alternative->replacement, alternative->replacement_length)))
        findings_add(&verification->findings, FINDING_ALTERNATIVE_IN_SITE, FINDING_OPEN,
                     alternative->original, NULL,
                     "the alternative for %s lies outside executable sections",
                     alternative->feature);
    for (int k = 0; k < 2; k++) {
        const struct site *site = site_around(verification, edges[k]);

        if (site && alternative->original_length)
            findings_add(&verification->findings, FINDING_ALTERNATIVE_IN_SITE, FINDING_OPEN,
                         edges[k], NULL, "the alternative for %s cuts the %s site at 0x%llx",
                         alternative->feature, sensitive_name(site->record.kind),
                         (unsigned long long)site->start);
    }
}

static uint64_t end_of(const struct image_section *section)
{
    return section ? section->address + section->size : 0;
}

/* In the order of addresses a section overlaps one before it when it begins before the last of
 * their ends. */
static void check_overlaps(struct verification *verification)
{
    const struct image *image = verification->image;
    const struct image_section **list = memory_allocate(image->section_count * sizeof(*list)),
                               *last = NULL, *last_code = NULL;
    size_t count = 0;

    for (size_t i = 0; i < image->section_count; i++)
        if (image->sections[i].allocated && image->sections[i].bytes && image->sections[i].size)
            list[count++] = &image->sections[i];
    qsort(list, count, sizeof(*list), image_compare_sections);
    for (size_t i = 0; i < count; i++) {
        const struct image_section *section = list[i],
                                   *before = section->executable ? last : last_code;

        if (before && section->address < end_of(before))
            findings_add(&verification->findings, FINDING_SECTIONS_OVERLAP, FINDING_OPEN,
                         section->address, NULL, "%s and %s", before->name, section->name);
        if (end_of(section) > end_of(last))
            last = section;
        if (section->executable && end_of(section) > end_of(last_code))
            last_code = section;
    }
    free(list);
}

/* Sites are looked up by address: no two sections may claim the same one. And where control enters
 * an image, a site must not be cut. */
static void check_layout(struct verification *verification)
{
    const struct image *image = verification->image;
    const struct site *site = image->relocatable ? NULL : site_around(verification, image->entry);

    if (site)
        findings_add(&verification->findings, FINDING_TABLE_INTO_SITE, FINDING_OPEN, image->entry,
                     NULL, "the entry point lies in the %s site at 0x%llx",
                     sensitive_name(site->record.kind), (unsigned long long)site->start);
    check_overlaps(verification);
}

static void check_tables(struct verification *verification)
{
    const struct guest_tables *tables = &verification->tables;

    for (size_t i = 0; i < tables->target_count; i++) {
        const struct site *site = site_around(verification, tables->targets[i].address);

        if (site)
            findings_add(&verification->findings, FINDING_TABLE_INTO_SITE, FINDING_OPEN,
                         tables->targets[i].address, NULL, "%s points into the %s site at 0x%llx",
                         tables->targets[i].table, sensitive_name(site->record.kind),
                         (unsigned long long)site->start);
    }
    for (size_t i = 0; i < tables->alternative_count; i++)
        check_alternative(verification, &tables->alternatives[i]);
}

/* Words of data that are addresses inside sites: jump tables, tables of handlers. Words are as wide
 * as a pointer and aligned to 4 bytes, as packed structures have them. A wedge's data is none of
 * the guest's: its tables name sites to bind them. */
static void check_data(struct verification *verification, const struct image_section *section)
{
    const struct image *image = verification->image;
    uint64_t width = (uint64_t)image->bits / 8, at = (section->address + 3) / 4 * 4;

    for (; section->size >= width && at - section->address <= section->size - width; at += 4) {
        const struct site *site;
        uint64_t address = 0;

        memcpy(&address, section->bytes + (at - section->address), width);
        site = site_around(verification, address);
        if (!site || !image_is_relocated(image, section, at, width))
            continue;
        findings_add(&verification->findings, FINDING_ADDRESS_INTO_SITE, FINDING_OPEN, at, NULL,
                     "a pointer in %s leads 0x%llx bytes into the %s site at 0x%llx", section->name,
                     (unsigned long long)(address - site->start), sensitive_name(site->record.kind),
                     (unsigned long long)site->start);
    }
}

static void check_all_data(struct verification *verification)
{
    const struct image *image = verification->image;

    for (size_t i = 0; i < image->section_count; i++) {
        const struct image_section *section = &image->sections[i];

        if (section->allocated && section->bytes && !section->executable && !section->of_wedge &&
            strcmp(section->name, AFTERBURN_SECTION) != 0)
            check_data(verification, section);
    }
}

void check_records(struct verification *verification)
{
    check_layout(verification);
    check_sites(verification);
    check_regions(verification);
    check_symbols(verification);
    check_tables(verification);
    check_all_data(verification);
    check_segments(verification);
}
