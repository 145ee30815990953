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
#define MISSED_MAX 4096         /* a power of two: a table by address, with open addressing */
#define LARGE      0x40000000ul /* records are looked for in the same gigabyte */

static uint8_t *bound;          /* a bit for each page of the guest's: it may be executed */
static struct wedge_site *list; /* sorted by physical address */
static uint32_t count;

static uint64_t missed[MISSED_MAX];

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

static bool is_image(uint64_t page)
{
    for (uint32_t i = 0; i < wedge_image.segment_count; i++) {
        uint64_t start = wedge_image.segments[i].physical_address;

        if (page >= start >> PAGE_SHIFT &&
            page << PAGE_SHIFT < start + wedge_image.segments[i].size)
            return true;
    }
    return false;
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
    for (uint64_t page = 0; page < backend->own_pages_start; page++)
        set_bound(page, is_image(page));
}

/* The number of sites before a physical address. */
static uint32_t position(uint64_t address)
{
    return (uint32_t)bind_sites_before(list, count, address);
}

const struct wedge_site *code_site_at(uint64_t physical_address)
{
    uint32_t at = position(physical_address);

    return at < count && list[at].physical_address == physical_address ? &list[at] : NULL;
}

void code_forget(uint64_t page)
{
    uint32_t from, to;

    if (!code_is_bound(page) || is_image(page))
        return; /* the image's text is written by the image alone */
    from = position(page << PAGE_SHIFT);
    to = position((page + 1) << PAGE_SHIFT);
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

/* Binds the sites of one chunk, if it is one, that lie on the page. */
static void take_chunk(struct vcpu *vcpu, uint64_t address, uint64_t page)
{
    struct afterburn_header header;
    uint64_t where, end;

    if (guest_read(vcpu, address, &header, sizeof(header), 0, &where) ||
        header.magic != AFTERBURN_MAGIC || header.version != AFTERBURN_VERSION ||
        header.record_size != sizeof(struct afterburn_record) || header.size % header.record_size ||
        header.size > LARGE)
        return;
    address += sizeof(header);
    for (end = address + header.size; address < end; address += sizeof(struct afterburn_record)) {
        struct afterburn_record record;
        uint64_t site;

        if (guest_read(vcpu, address, &record, sizeof(record), 0, &where))
            return;
        site = address + (uint64_t)(int64_t)record.site;
        if (site >> PAGE_SHIFT != page >> PAGE_SHIFT || record.kind == AFTERBURN_REGION)
            continue;
        bind_record(vcpu, &record, site);
    }
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

/* RDTSC is harmless wherever the wedge runs; alternatives bring it. */
static bool is_harmless(const struct wedge_site *site)
{
    return site->kind == SENSITIVE_rdtsc;
}

/* Decodes a piece from its start to the end of the page, whose sites are bound: gives the first
 * address on the page with a sensitive instruction that is none, or with bytes that are no
 * instruction; 0 when all is well. Code is dense: what lies between functions are instructions,
 * too. */
static uint64_t find_unbound(struct vcpu *vcpu, uint64_t start, uint64_t page)
{
    for (uint64_t at = start; at < page + PAGE_SIZE;) {
        uint8_t bytes[INSTRUCTION_MAX] = {0};
        const struct wedge_site *known;
        struct wedge_site site;
        unsigned length;
        uint64_t where;
        size_t size = sizeof(bytes);

        /* The last one of a piece may be near its end. */
        while (size && guest_read(vcpu, at, bytes, size, 0, &where))
            size--;
        if (bytes[0] == 0x0f && bytes[1] == 0x0b && !guest_walk(vcpu, at, 0, &where) &&
            (known = code_site_at(where)) != NULL) {
            at += known->span; /* what it was is only half there */
            continue;
        }
        length = instruction_length(bytes, size);
        if (at + length > page) {
            if (!length && size < sizeof(bytes))
                return 0; /* cut off where nothing more is mapped: it would fault there */
            if (!length)
                return at;
            if (at >= page && decode_sensitive(bytes, size, 64, &site) && !is_harmless(&site))
                return at;
        }
        at += length ? length : 1;
    }
    return 0;
}

static void __attribute__((noreturn)) refuse(struct vcpu *vcpu, uint64_t address, uint64_t wrong)
{
    uint8_t bytes[8] = {0};
    uint64_t where;

    guest_read(vcpu, wrong, bytes, sizeof(bytes), 0, &where);
    wedge_print("at %016lx: %02x %02x %02x %02x %02x %02x %02x %02x", wrong, bytes[0], bytes[1],
                bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], bytes[7]);
    wedge_stop("the guest's kernel executes %016lx, and %016lx there is sensitive or no code, "
               "without a record: a "
               "module that was not assembled through `afterburner as`, or code made at run time",
               address, wrong);
}

void code_bind(struct vcpu *vcpu, uint64_t address)
{
    uint64_t page = address & ~(uint64_t)(PAGE_SIZE - 1), start, end, where, wrong;

    if (guest_walk(vcpu, page, 0, &where))
        wedge_stop("code at %016lx, which is not mapped", address);
    find_piece(vcpu, page, &start, &end);
    search(vcpu, start, end, page);
    wrong = find_unbound(vcpu, start, page);
    if (wrong) {
        /* A module's initialization is a piece of its own, with its records in the other one. */
        search(vcpu, page & ~(LARGE - 1), page | (LARGE - 1), page);
        wrong = find_unbound(vcpu, start, page);
    }
    if (wrong)
        refuse(vcpu, address, wrong);
    set_bound(where >> PAGE_SHIFT, true);
    shadow_refresh(vcpu, page);
}

/* --- Instructions that were missed
 * -------------------------------------------------------------------------------------- */

static void report(struct vcpu *vcpu, const struct wedge_site *site)
{
    uint64_t place = vcpu->rip;

    for (unsigned i = 0; i < MISSED_MAX; i++, place++) {
        if (missed[place % MISSED_MAX] == vcpu->rip)
            return;
        if (missed[place % MISSED_MAX])
            continue;
        missed[place % MISSED_MAX] = vcpu->rip;
        break;
    }
    wedge_print("missed site: %016lx, table entry %u, emulated by its trap", vcpu->rip, site->kind);
}

bool code_emulate_missed(struct vcpu *vcpu)
{
    uint8_t bytes[INSTRUCTION_MAX];
    size_t size = guest_fetch(vcpu, bytes);
    struct wedge_site site;

    if (!decode_sensitive(bytes, size, vcpu->bits, &site))
        return false;
    report(vcpu, &site);
    emulate_site(vcpu, &site);
    return true;
}
