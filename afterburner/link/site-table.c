/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "link/site-table.h"

#include <Zydis/Zydis.h>
#include <elf.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/exit-codes.h"
#include "cli/memory.h"
#include "cli/message.h"
#include "decode/classify.h"
#include "decode/operands.h"

#define SITES_SECTION ".wedge.sites"

struct placed {
    const struct site *site;
    uint32_t physical;
};

static int compare_placed(const void *a, const void *b)
{
    const struct placed *x = a, *y = b;

    if (x->physical != y->physical)
        return x->physical < y->physical ? -1 : 1;
    return (x->site > y->site) - (x->site < y->site);
}

/* What the linker filled in is in the instruction only. */
static int fill_in(const struct image *guest, const struct site *site, struct wedge_site *entry)
{
    const struct image_segment *segment =
        guest_segment_at(guest, site->instruction, site->record.length);
    struct afterburn_record linked = {.flags = 0};
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    ZydisDecodedInstruction instruction;
    ZydisDecoder decoder;

    zydis_open(&decoder, site->record.bits);
    if (!segment ||
        !ZYAN_SUCCESS(ZydisDecoderDecodeFull(
            &decoder, guest->file + segment->offset + (site->instruction - segment->address),
            site->record.length, &instruction, operands)) ||
        instruction.length != site->record.length)
        return -1;
    operands_describe(&instruction, operands, &linked);
    entry->immediate = linked.immediate;
    entry->displacement = linked.displacement;
    entry->flags &= (uint16_t)~AFTERBURN_RELOCATED; /* nothing is left to be read there */
    return 0;
}

struct wedge_site site_table_entry(const struct afterburn_record *record)
{
    return (struct wedge_site){
        .span = record->span,
        .offset = record->offset,
        .length = record->length,
        .bits = record->bits,
        .kind = record->kind,
        .flags = record->flags,
        .width = record->width,
        .reg = record->reg,
        .reg2 = record->reg2,
        .special = record->special,
        .base = record->base,
        .index = record->index,
        .scale = record->scale,
        .segment = record->segment,
        .address_width = record->address_width,
        .immediate = record->immediate,
        .displacement = record->displacement,
    };
}

static int make_entry(const struct image *guest, const struct placed *placed,
                      struct wedge_site *entry)
{
    const struct afterburn_record *record = &placed->site->record;

    *entry = site_table_entry(record);
    entry->physical_address = placed->physical;
    if (!(record->flags & AFTERBURN_RELOCATED) || fill_in(guest, placed->site, entry) == 0)
        return EXIT_CODE_OK;
    message_error("%s: the site at 0x%" PRIx64 " cannot be bound: its record does not fit the "
                  "instruction there; `afterburner verify` says more",
                  guest->path, placed->site->start);
    return EXIT_CODE_INPUT;
}

/* The sites, with their physical addresses, in the order of the table; NULL after a message. */
static struct placed *place_sites(const struct image *guest, const struct records *records)
{
    struct placed *list = memory_allocate(records->site_count * sizeof(*list));

    for (size_t i = 0; i < records->site_count; i++) {
        const struct site *site = &records->sites[i];
        const struct image_segment *segment =
            guest_segment_at(guest, site->start, site->record.span);

        if (!segment) {
            message_error("%s: the site at 0x%" PRIx64 " cannot be bound: no segment loads it; "
                          "`afterburner verify` says more",
                          guest->path, site->start);
            free(list);
            return NULL;
        }
        list[i] = (struct placed){site, (uint32_t)guest_physical(segment, site->start)};
    }
    qsort(list, records->site_count, sizeof(*list), compare_placed);
    return list;
}

int site_table_add(struct composition *composition, const struct records *records)
{
    struct placed *placed = place_sites(composition->guest, records);
    size_t count = records->site_count;
    struct wedge_site *table;
    int code = EXIT_CODE_OK;

    if (!placed)
        return EXIT_CODE_INPUT;
    table = memory_allocate(count * sizeof(*table));
    composition->sites = memory_allocate(count * sizeof(*composition->sites));
    composition->site_count = count;
    for (size_t i = 0; i < count && code == EXIT_CODE_OK; i++) {
        composition->sites[i] = placed[i].site;
        code = make_entry(composition->guest, &placed[i], &table[i]);
    }
    free(placed);
    if (code != EXIT_CODE_OK) {
        free(table);
        return code;
    }
    composition->header.site_count = (uint32_t)count;
    composition->header.sites = composition_add(composition, SITES_SECTION, PF_R, LINK_PAGE,
                                                (unsigned char *)table, count * sizeof(*table));
    return composition->header.sites ? EXIT_CODE_OK : EXIT_CODE_INPUT;
}
