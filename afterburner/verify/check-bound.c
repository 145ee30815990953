/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether the wedge's tables and stubs are what the records say: each site has its entry, its patch
 * and its stub. Nothing is taken from the code that made them; what they must be is in
 * afterburner-link(1) and afterburn/image.h. */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "cli/memory.h"
#include "decode/classify.h"
#include "decode/operands.h"
#include "decode/sensitive-table.h"
#include "verify/bound.h"
#include "verify/plain.h"
#include "verify/walk.h"

#define STUB_SIZE 24

static void add(struct verification *verification, enum finding_kind kind, uint64_t address,
                size_t index, const char *text)
{
    findings_add(&verification->findings, kind, FINDING_OPEN, address, NULL, "number %zu: %s",
                 index, text);
}

/* --- The table of sites --- */

/* The record's site that begins at a physical address, or NULL. */
static const struct site *site_at_physical(const struct verification *verification,
                                           uint64_t physical)
{
    const struct image *image = verification->image;

    for (size_t i = 0; i < image->segment_count; i++) {
        const struct image_segment *segment = &image->segments[i];
        uint64_t address = segment->address + (physical - segment->physical);
        const struct site *site;

        if (physical < segment->physical || physical - segment->physical >= segment->file_size)
            continue;
        site = records_site_at(&verification->records, address);
        if (site && site->start == address)
            return site;
    }
    return NULL;
}

/* What the wedge emulates by: the record, with what the linker filled in as it is in the
 * instruction. */
static struct wedge_site expected_entry(const struct verification *verification,
                                        const struct site *site)
{
    const struct afterburn_record *record = &site->record;
    struct afterburn_record linked = *record;
    const struct image_section *section = image_section_at(verification->image, site->instruction);
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    ZydisDecodedInstruction instruction;
    ZydisDecoder decoder;

    zydis_open(&decoder, record->bits);
    if (record->flags & AFTERBURN_RELOCATED && section && section->bytes &&
        site->instruction + record->length <= section->address + section->size &&
        ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder,
                                            section->bytes + (site->instruction - section->address),
                                            record->length, &instruction, operands)))
        operands_describe(&instruction, operands, &linked);
    return (struct wedge_site){
        .span = record->span,
        .offset = record->offset,
        .length = record->length,
        .bits = record->bits,
        .kind = record->kind,
        .flags = record->flags & (uint16_t)~AFTERBURN_RELOCATED,
        .width = record->width,
        .reg = record->reg,
        .reg2 = record->reg2,
        .special = record->special,
        .base = record->base,
        .index = record->index,
        .scale = record->scale,
        .segment = record->segment,
        .address_width = record->address_width,
        .immediate = linked.immediate,
        .displacement = linked.displacement,
    };
}

static void check_entry(struct verification *verification, size_t index)
{
    struct bound *bound = verification->bound;
    struct bound_site *entry = &bound->sites[index];
    const struct site *site = site_at_physical(verification, entry->entry.physical_address);
    struct wedge_site expected;
    size_t record;

    if (index && entry->entry.physical_address <= bound->sites[index - 1].entry.physical_address)
        add(verification, FINDING_SITE_TABLE, site ? site->start : 0, index,
            "it is not behind the one before it, so that the wedge would not find it");
    if (!site) {
        findings_add(&verification->findings, FINDING_SITE_TABLE, FINDING_OPEN, 0, NULL,
                     "number %zu: no site is at physical address 0x%x, where it would be bound",
                     index, entry->entry.physical_address);
        return;
    }
    record = (size_t)(site - verification->records.sites);
    if (bound->by_record[record]) {
        add(verification, FINDING_SITE_TABLE, site->start, index, "its site has another one, too");
        return;
    }
    entry->site = site;
    bound->by_record[record] = entry;
    expected = expected_entry(verification, site);
    expected.physical_address = entry->entry.physical_address;
    if (memcmp(&expected, &entry->entry, sizeof(expected)) != 0)
        findings_add(&verification->findings, FINDING_SITE_TABLE, FINDING_OPEN, site->start, NULL,
                     "number %zu: it is not what the record of the %s says", index,
                     sensitive_name(site->record.kind));
}

static void wrong_header(struct verification *verification, uint64_t address, const char *what)
{
    findings_add(&verification->findings, FINDING_SITE_TABLE, FINDING_OPEN, address, NULL,
                 "the wedge's header does not have %s", what);
}

#define PAGE 4096

/* Where the wedge thinks that it is, and the guest's entry. */
static void check_places(struct verification *verification)
{
    const struct wedge_image *header = &verification->bound->header;
    const struct image *image = verification->image;
    uint64_t end = 0;
    int entry = 0;

    for (size_t i = 0; i < image->segment_count; i++) {
        const struct image_segment *segment = &image->segments[i];
        int of_wedge =
            segment->address >= image->wedge_start && segment->address < image->wedge_end;

        if (!segment->size)
            continue;
        if (of_wedge &&
            segment->physical - header->wedge_physical != segment->address - header->wedge_start)
            wrong_header(verification, segment->address, "the physical address of this segment");
        if (of_wedge && segment->address + segment->size > end)
            end = segment->address + segment->size;
        entry |= !of_wedge && segment->executable &&
                 header->guest_entry - segment->physical < segment->file_size;
    }
    if ((end + PAGE - 1) / PAGE * PAGE != header->wedge_end)
        wrong_header(verification, end, "the end of the wedge");
    if (!entry ||
        (header->protocol != WEDGE_PROTOCOL_PVH && header->protocol != WEDGE_PROTOCOL_LINUX))
        wrong_header(verification, header->guest_entry, "an entry into the guest's code");
}

/* By its segments the wedge finds a site's virtual address. */
static void check_header(struct verification *verification)
{
    const struct wedge_image *header = &verification->bound->header;
    const struct image *image = verification->image;
    size_t expected = 0;

    for (size_t i = 0; i < image->segment_count; i++) {
        const struct image_segment *segment = &image->segments[i];
        const struct wedge_segment *known =
            expected < WEDGE_SEGMENT_MAX ? &header->segments[expected] : NULL;

        if (!segment->size ||
            (segment->address >= image->wedge_start && segment->address < image->wedge_end))
            continue;
        expected++;
        if (!known || expected > header->segment_count ||
            known->virtual_address != segment->address ||
            known->physical_address != segment->physical || known->size != segment->size)
            wrong_header(verification, segment->address, "the segment that is loaded here");
    }
    if (expected != header->segment_count)
        wrong_header(verification, image->wedge_start, "the guest's segments alone");
    check_places(verification);
}

void check_site_table(struct verification *verification)
{
    struct bound *bound = verification->bound;
    const struct records *records = &verification->records;

    bound->by_record = memory_allocate((records->site_count + 1) * sizeof(*bound->by_record));
    for (size_t i = 0; i < records->site_count; i++)
        bound->by_record[i] = NULL;
    check_header(verification);
    for (uint32_t i = 0; i < bound->header.site_count; i++)
        check_entry(verification, i);
    for (size_t i = 0; i < records->site_count; i++)
        if (!bound->by_record[i])
            findings_add(&verification->findings, FINDING_SITE_NOT_BOUND, FINDING_OPEN,
                         records->sites[i].start, NULL, "the %s is not in the table of sites",
                         sensitive_name(records->sites[i].record.kind));
}

/* --- Stubs --- */

/* One instruction of a stub: it must be this one, with this value. Moves on. */
static int is_next(struct plain_decoders *decoders, const unsigned char **bytes, uint64_t *address,
                   uint64_t end, enum plain_kind kind, uint64_t value)
{
    struct plain plain = plain_decode(decoders, 64, *address, *bytes, end - *address);

    *bytes += plain.length;
    *address += plain.length;
    return plain.kind == kind && plain.value == value;
}

/* Where nothing goes, as link left it. */
static int is_unused(const unsigned char *bytes)
{
    for (int i = 0; i < STUB_SIZE; i++)
        if (bytes[i] != 0xcc)
            return 0;
    return 1;
}

static const char *wrong_stub(struct plain_decoders *decoders, const struct bound *bound,
                              size_t index, const unsigned char *bytes)
{
    uint64_t address = bound->stubs + index * STUB_SIZE, end = address + STUB_SIZE;

    if (!is_next(decoders, &bytes, &address, end, PLAIN_SAVE_RSP, bound->stub_rsp))
        return "its first instruction is not mov %rsp, wedge_stub_rsp(%rip)";
    if (!is_next(decoders, &bytes, &address, end, PLAIN_LOAD_RSP, bound->stub_stack))
        return "its second instruction is not lea wedge_stub_stack(%rip), %rsp";
    if (!is_next(decoders, &bytes, &address, end, PLAIN_PUSH, index))
        return "it does not push the site's number";
    if (!is_next(decoders, &bytes, &address, end, PLAIN_JUMP, bound->stub_entry))
        return "it does not end with a jmp to wedge_stub_entry";
    return NULL;
}

int check_stubs(struct verification *verification)
{
    const struct bound *bound = verification->bound;
    struct plain_decoders decoders;
    int good = plain_open(&decoders) == 0;

    for (size_t i = 0; i < bound->header.site_count && good; i++) {
        const struct bound_site *entry = &bound->sites[i];
        uint64_t address = bound->stubs + i * STUB_SIZE;
        unsigned int flags = 0;
        const unsigned char *bytes = bound_loaded(verification->image, address, STUB_SIZE, &flags);
        const char *wrong;

        if (!bytes || (i + 1) * STUB_SIZE > bound->stubs_size)
            wrong = "it is not loaded";
        else if (entry->entry.bits != 64 || !entry->patch.length)
            wrong = is_unused(bytes) ? NULL : "nothing goes there, and it is not int3 alone";
        else if (!(flags & PF_X) || flags & PF_W)
            wrong = "its segment is writable or not executable";
        else
            wrong = wrong_stub(&decoders, bound, i, bytes);
        if (wrong)
            add(verification, FINDING_STUB_WRONG, address, i, wrong);
    }
    plain_close(&decoders);
    return good ? 0 : -1;
}

/* --- Patches, as they are in the bound image --- */

/* 64-bit code: a jump to the stub and a nop. It does not come back: the wedge goes on behind the
 * span, so that what is left of the span does not run. */
static const char *wrong_jump(struct plain_decoders *decoders, const struct bound *bound,
                              size_t index, const unsigned char *bytes)
{
    static const unsigned char nop_of_2[] = {0x66, 0x90};
    const struct bound_site *entry = &bound->sites[index];
    uint64_t at = entry->site->start;
    struct plain jump = plain_decode(decoders, 64, at, bytes, entry->patch.length), nop;

    if (jump.kind != PLAIN_JUMP)
        return "the site does not begin with a jmp";
    if (entry->patch.length != SITE_SPAN_MIN)
        return "it does not cover the 7 bytes that every span has";
    if (jump.value != bound->stubs + index * STUB_SIZE)
        return "it jumps elsewhere than to its stub";
    nop = plain_decode(decoders, 64, at + jump.length, bytes + jump.length,
                       entry->patch.length - jump.length);
    if (nop.kind != PLAIN_NOP || memcmp(bytes + jump.length, nop_of_2, sizeof(nop_of_2)) != 0)
        return "what follows its jmp is not the nop of 2 bytes";
    return NULL;
}

/* CLI: a store to the event mask, as long as the span, so that the guest goes on behind it. */
static const char *wrong_store(struct plain_decoders *decoders, const struct bound *bound,
                               const struct bound_site *entry, const unsigned char *bytes)
{
    struct plain store = plain_decode(decoders, 64, entry->site->start, bytes, entry->patch.length);

    if (store.kind != PLAIN_SET_BYTE || store.value != bound->event_mask)
        return "the site is not movb $1, event_mask(%rip)";
    if (store.length != entry->patch.length || store.length != entry->site->record.span)
        return "its store is not as long as its span";
    return NULL;
}

static const char *wrong_trap(struct plain_decoders *decoders, const struct bound_site *entry,
                              const unsigned char *bytes)
{
    struct plain trap = plain_decode(decoders, entry->site->record.bits, entry->site->start, bytes,
                                     entry->patch.length);

    if (trap.kind != PLAIN_TRAP)
        return "the site does not begin with a ud2";
    return trap.length == entry->patch.length ? NULL : "more than a ud2 is written";
}

static const char *wrong_patch(const struct verification *verification,
                               struct plain_decoders *decoders, struct bound *bound, size_t index,
                               const struct image_section *section)
{
    const struct bound_site *entry = &bound->sites[index];
    const struct site *site = entry->site;
    const unsigned char *bytes = section->bytes + (site->start - section->address);

    for (unsigned int i = entry->patch.length; i < WEDGE_PATCH_MAX; i++)
        if (entry->patch.bytes[i])
            return "behind its end there is more";
    if (entry->patch.offset)
        return "it does not begin where its site begins";
    if (entry->patch.length > WEDGE_PATCH_MAX || entry->patch.length > site->record.span)
        return "it is longer than its site";
    if (site->record.bits != 64 || site->record.flags & AFTERBURN_NO_ROOM ||
        guest_is_copied(&verification->tables, site->start)) {
        bound->traps++;
        return wrong_trap(decoders, entry, bytes);
    }
    if (site->record.kind == SENSITIVE_cli) {
        bound->stores++;
        return wrong_store(decoders, bound, entry, bytes);
    }
    bound->jumps++;
    return wrong_jump(decoders, bound, index, bytes);
}

/* How the replacement around a site could run where it lies, where the site is not bound; NULL when
 * nothing leads there. (Direct branches are found by walking.) A guest lays replacements out by
 * themselves: in front of one is another one, or nothing. */
static const char *way_into_replacement(const struct verification *verification,
                                        const struct site *site)
{
    const struct image *image = verification->image;
    const struct image_section *section = image_section_at(image, site->start);
    const struct guest_tables *tables = &verification->tables;
    uint64_t start = site->start;

    while (start > section->address && guest_in_replacement(tables, start - 1))
        start--;
    if (start > section->address)
        return "code in front of its replacement may run into it";
    for (size_t i = image_symbols_from(image, start);
         i < image->symbol_count && image->symbols[i].address <= site->start; i++)
        if (&image->sections[image->symbols[i].section] == section && image->symbols[i].is_function)
            return "its replacement is, or is behind, a function";
    return NULL;
}

static void check_unbound(struct verification *verification, const struct site *site)
{
    const char *way = guest_in_replacement(&verification->tables, site->start)
                          ? way_into_replacement(verification, site)
                          : "its patch writes nothing";

    if (way)
        findings_add(&verification->findings, FINDING_SITE_NOT_BOUND, FINDING_OPEN, site->start,
                     NULL, "%s: %s", sensitive_name(site->record.kind), way);
}

int check_patches(struct verification *verification)
{
    struct bound *bound = verification->bound;
    struct plain_decoders decoders;
    int good = plain_open(&decoders) == 0;

    for (size_t i = 0; i < bound->header.site_count && good; i++) {
        const struct bound_site *entry = &bound->sites[i];
        const struct image_section *section =
            entry->site ? image_section_at(verification->image, entry->site->start) : NULL;
        const char *wrong;

        if (!section || !section->executable || !section->bytes ||
            entry->site->end > section->address + section->size)
            continue; /* check_site_table and check_records have said so */
        if (!entry->patch.length) {
            bound->unbound++;
            check_unbound(verification, entry->site);
            continue;
        }
        wrong = wrong_patch(verification, &decoders, bound, i, section);
        if (wrong)
            findings_add(&verification->findings, FINDING_PATCH_WRONG, FINDING_OPEN,
                         entry->site->start, NULL, "%s, number %zu: %s",
                         sensitive_name(entry->site->record.kind), i, wrong);
    }
    plain_close(&decoders);
    return good ? 0 : -1;
}
