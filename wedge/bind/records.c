/* SPDX-License-Identifier: BSD-2-Clause */
/* The records of code that came at run time: a module's loader has put them somewhere around it,
 * since `.afterburn` is allocated (docs/record-format.md). */
#include "wedge/records.h"

#include "afterburn/record.h"
#include "wedge/code-sites.h"
#include "wedge/decode.h"
#include "wedge/memory.h"
#include "wedge/vcpu.h"

#define FAR      0x40000000ul /* records are looked for in the same gigabyte */
#define SPAN_MIN 3            /* a NOP at the end of a page, and UD2 on the next */

/* Binds one site, if its bytes are what the record says: alternatives may have replaced them by
 * now. */
static void take_record(struct vcpu *vcpu, const struct afterburn_record *record, uint64_t address,
                        uint64_t page)
{
    uint8_t bytes[INSTRUCTION_MAX];
    struct wedge_site site;

    if (record->bits != 64 || record->length > sizeof(bytes) || record->span < SPAN_MIN ||
        code_read(vcpu, address + record->offset, bytes, record->length) < record->length ||
        !decode_sensitive(bytes, record->length, record->bits, &site) ||
        site.kind != record->kind || site.length != record->length)
        return;
    site.span = record->span;
    site.offset = record->offset;
    code_add_site(vcpu, address, &site, page);
}

/* Binds the sites of one chunk, if it is one, whose first bytes are on the page. */
static void take_chunk(struct vcpu *vcpu, uint64_t address, uint64_t page)
{
    struct afterburn_header header;
    uint64_t where, end;

    if (guest_read(vcpu, address, &header, sizeof(header), 0, &where) ||
        header.magic != AFTERBURN_MAGIC || header.version != AFTERBURN_VERSION ||
        header.record_size != sizeof(struct afterburn_record) || header.size % header.record_size ||
        header.size > FAR)
        return;
    address += sizeof(header);
    for (end = address + header.size; address < end; address += sizeof(struct afterburn_record)) {
        struct afterburn_record record;
        uint64_t site;

        if (guest_read(vcpu, address, &record, sizeof(record), 0, &where))
            return;
        site = address + (uint64_t)(int64_t)record.site;
        /* Of one that begins with the last byte of a page, the second is on the next. */
        if (record.kind != AFTERBURN_REGION &&
            (site >> PAGE_SHIFT == page >> PAGE_SHIFT || site + 1 == page))
            take_record(vcpu, &record, site, page);
    }
}

/* Looks for chunks in [start, end) and binds their sites on the page. */
static void search(struct vcpu *vcpu, uint64_t start, uint64_t end, uint64_t page)
{
    /* The end may be that of the address space. */
    for (uint64_t at = start; at < end && at >= start; at += PAGE_SIZE) {
        const uint32_t *words;
        uint64_t where;

        if (guest_walk(vcpu, at, 0, &where) || where >> PAGE_SHIFT >= backend->own_pages_start)
            continue;
        words = physical(where);
        for (unsigned i = 0; i < PAGE_SIZE / 4; i += 2)
            if (words[i] == AFTERBURN_MAGIC)
                take_chunk(vcpu, at + i * 4ul, page);
    }
}

uint64_t records_find_near(struct vcpu *vcpu, uint64_t page)
{
    uint64_t where, start, end;

    /* The nearest addresses around with nothing mapped: what lies between was allocated in one
     * piece. */
    for (start = page; start % FAR && guest_walk(vcpu, start - PAGE_SIZE, 0, &where) == 0;)
        start -= PAGE_SIZE;
    for (end = page + PAGE_SIZE; end % FAR && guest_walk(vcpu, end, 0, &where) == 0;)
        end += PAGE_SIZE;
    search(vcpu, start, end, page);
    return start;
}

void records_find_far(struct vcpu *vcpu, uint64_t page)
{
    search(vcpu, page & ~(FAR - 1), page | (FAR - 1), page);
}
