/* SPDX-License-Identifier: BSD-2-Clause */
/* Only code whose sites are bound may run in the guest's kernel. Pages outside the image are not
 * executable in the shadow tables until their first instruction faults: then the records of their
 * sites are looked for in the memory around, where a module's loader has put them (`.afterburn` is
 * allocated), checked against the bytes, and the sites bound with UD2, which needs no stub.
 */
#include "wedge/code.h"

#include "afterburn/record.h"
#include "afterburn/sensitive.h"
#include "wedge/bind.h"
#include "wedge/decode.h"
#include "wedge/memory.h"
#include "wedge/print.h"
#include "wedge/string.h"
#include "wedge/vcpu.h"

#define SITES_MAX  8192
#define MISSED_MAX 256
#define LARGE      0x40000000ul /* records are looked for in the same gigabyte */

static uint8_t *bound;          /* a bit for each page of the guest's: it may be executed */
static struct wedge_site *list; /* sorted by physical address */
static uint32_t count;

static uint64_t missed[MISSED_MAX];
static unsigned missed_count;

static void set_bound(uint64_t page, bool is)
{
    if (is)
        bound[page / 8] |= (uint8_t)(1u << page % 8);
    else
        bound[page / 8] &= (uint8_t) ~(1u << page % 8);
}

bool code_is_bound(uint64_t page)
{
    return bound[page / 8] >> page % 8 & 1;
}

void code_init(void)
{
    uint64_t size = (backend->own_pages_start + 7) / 8;
    uint64_t pages = (size + PAGE_SIZE - 1) >> PAGE_SHIFT,
             table = (sizeof(*list) * SITES_MAX) >> PAGE_SHIFT;

    bound = physical(backend->free_pages_start << PAGE_SHIFT);
    list = physical((backend->free_pages_start + pages) << PAGE_SHIFT);
    backend->free_pages_start += pages + table;
    memset(bound, 0, size);
    for (uint32_t i = 0; i < wedge_image.segment_count; i++) {
        uint64_t start = wedge_image.segments[i].physical_address >> PAGE_SHIFT,
                 end = (wedge_image.segments[i].physical_address + wedge_image.segments[i].size +
                        PAGE_SIZE - 1) >>
                       PAGE_SHIFT;

        for (uint64_t page = start; page < end && page < backend->own_pages_start; page++)
            set_bound(page, true);
    }
}

/* The number of sites before a physical address. */
static uint32_t position(uint64_t address)
{
    uint32_t low = 0, high = count;

    while (low < high) {
        uint32_t middle = (low + high) / 2;

        if (list[middle].physical_address < address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct wedge_site *code_site_at(uint64_t physical_address)
{
    uint32_t at = position(physical_address);

    return at < count && list[at].physical_address == physical_address ? &list[at] : NULL;
}

void code_forget(uint64_t page)
{
    uint32_t from, to;

    if (!code_is_bound(page))
        return;
    from = position(page << PAGE_SHIFT);
    to = position((page + 1) << PAGE_SHIFT);
    if (from == to)
        return; /* the image's own: its text is written by itself alone */
    for (uint32_t i = to; i < count; i++)
        list[from + i - to] = list[i];
    count -= to - from;
    set_bound(page, false);
}

/* --- A module's records
 * ------------------------------------------------------------------------------------------------
 */

/* Binds one site, if its bytes are what the record says: alternatives may have replaced them by
 * now. */
static void bind_record(struct vcpu *vcpu, const struct afterburn_record *record, uint64_t address)
{
    uint8_t bytes[INSTRUCTION_MAX] = {0};
    struct wedge_site site;
    uint64_t where, instruction = address + record->offset;
    uint32_t at;

    if (guest_read(vcpu, instruction, bytes,
                   record->length <= sizeof(bytes) ? record->length : sizeof(bytes), 0, &where))
        return;
    if (bytes[0] == 0x0f && bytes[1] == 0x0b)
        return; /* bound */
    if (!decode_sensitive(bytes, record->length, record->bits, &site) ||
        site.kind != record->kind || site.length != record->length)
        return;
    if (guest_walk(vcpu, address, 0, &where))
        return;
    if (count == SITES_MAX)
        wedge_stop("more than %u sites in modules", SITES_MAX);
    site.physical_address = (uint32_t)where;
    site.span = record->span;
    site.offset = record->offset;
    at = position(where);
    for (uint32_t i = count; i > at; i--)
        list[i] = list[i - 1];
    list[at] = site;
    count++;
    ((uint8_t *)physical(where))[0] = 0x0f;
    ((uint8_t *)physical(where))[1] = 0x0b;
}

/* The records of one chunk that lie on the page; gives whether the chunk is one. */
static bool take_chunk(struct vcpu *vcpu, uint64_t address, uint64_t page, unsigned *sites)
{
    struct afterburn_header header;
    uint64_t where, end;

    if (guest_read(vcpu, address, &header, sizeof(header), 0, &where) ||
        header.magic != AFTERBURN_MAGIC || header.version != AFTERBURN_VERSION ||
        header.record_size != sizeof(struct afterburn_record) || header.size % header.record_size ||
        header.size > LARGE)
        return false;
    address += sizeof(header);
    for (end = address + header.size; address < end; address += sizeof(struct afterburn_record)) {
        struct afterburn_record record;
        uint64_t site;

        if (guest_read(vcpu, address, &record, sizeof(record), 0, &where))
            return false;
        site = address + (uint64_t)(int64_t)record.site;
        if (site >> PAGE_SHIFT != page >> PAGE_SHIFT || record.kind == AFTERBURN_REGION)
            continue;
        bind_record(vcpu, &record, site);
        ++*sites;
    }
    return true;
}

/* The nearest addresses around with nothing mapped: what lies between was allocated in one piece.
 */
static void find_piece(struct vcpu *vcpu, uint64_t page, uint64_t *start, uint64_t *end)
{
    uint64_t where;

    for (*start = page; *start % LARGE && guest_walk(vcpu, *start - PAGE_SIZE, 0, &where) == 0;)
        *start -= PAGE_SIZE;
    for (*end = page + PAGE_SIZE; *end % LARGE && guest_walk(vcpu, *end, 0, &where) == 0;)
        *end += PAGE_SIZE;
}

/* Looks for chunks in [start, end). Gives how many there are. */
static unsigned search(struct vcpu *vcpu, uint64_t start, uint64_t end, uint64_t page,
                       unsigned *sites)
{
    unsigned chunks = 0;

    for (uint64_t at = start; at < end; at += PAGE_SIZE) {
        uint64_t where;
        const uint32_t *words;

        if (guest_walk(vcpu, at, 0, &where)) {
            /* Skip what no table maps. */
            if (at % 0x200000 == 0 && guest_walk(vcpu, at + 0x1ff000, 0, &where))
                continue;
            continue;
        }
        words = physical(where);
        for (unsigned i = 0; i < PAGE_SIZE / 4; i += 2)
            if (words[i] == AFTERBURN_MAGIC)
                chunks += take_chunk(vcpu, at + i * 4ul, page, sites);
    }
    return chunks;
}

void code_bind(struct vcpu *vcpu, uint64_t address)
{
    uint64_t page = address & ~(uint64_t)(PAGE_SIZE - 1), start, end, where;
    unsigned sites = 0, chunks;

    if (guest_walk(vcpu, page, 0, &where))
        wedge_stop("code at %016lx, which is not mapped", address);
    find_piece(vcpu, page, &start, &end);
    chunks = search(vcpu, start, end, page, &sites);
    if (!chunks) /* a module's initialization is a piece of its own, with its records in the other
                    one */
        chunks = search(vcpu, page & ~(LARGE - 1), page | (LARGE - 1), page, &sites) && sites;
    if (!chunks)
        wedge_stop("the guest's kernel executes %016lx, in memory without records: a module that "
                   "was not assembled "
                   "through `afterburner as`, or code made at run time",
                   address);
    set_bound(where >> PAGE_SHIFT, true);
    shadow_refresh(vcpu, page);
}

/* --- Instructions that were missed
 * -------------------------------------------------------------------------------------- */

static void report(struct vcpu *vcpu, const struct wedge_site *site)
{
    for (unsigned i = 0; i < missed_count; i++)
        if (missed[i] == vcpu->rip)
            return;
    if (missed_count < MISSED_MAX)
        missed[missed_count++] = vcpu->rip;
    wedge_print("missed site: %016lx, table entry %u, emulated by its trap", vcpu->rip, site->kind);
}

bool code_emulate_missed(struct vcpu *vcpu)
{
    uint8_t bytes[INSTRUCTION_MAX] = {0};
    struct wedge_site site;
    uint64_t where;
    size_t size = 0;

    while (size < sizeof(bytes) &&
           !guest_read(vcpu, vcpu->rip + size, &bytes[size], 1, ACCESS_FETCH, &where))
        size++;
    if (!decode_sensitive(bytes, size, vcpu->bits, &site))
        return false;
    report(vcpu, &site);
    emulate_site(vcpu, &site);
    return true;
}
