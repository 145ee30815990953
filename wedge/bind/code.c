/* SPDX-License-Identifier: BSD-2-Clause */
/* Only code whose sites are bound may run in the guest's kernel. Pages outside the image are not
 * executable in the shadow tables until their first instruction faults: then the records of their
 * sites are looked for (records.c), checked against the bytes, and the sites bound with UD2, which
 * needs no stub. What is left is decoded: nothing sensitive may be without a site.
 *
 * A page is bound as long as some entry of the shadow tables lets the kernel execute it. That is so
 * for the image's pages, too: kernels give back what they only need to start, and it may become
 * anything.
 */
#include "wedge/code.h"

#include "afterburn/sensitive.h"
#include "wedge/bind.h"
#include "wedge/decode.h"
#include "wedge/flow.h"
#include "wedge/memory.h"
#include "wedge/print.h"
#include "wedge/records.h"
#include "wedge/string.h"
#include "wedge/vcpu.h"

#define SITES_MAX  8192
#define MISSED_MAX 4096 /* a power of two: a table by address, with open addressing */

/* What stands in the place of a site's first bytes. Where these lie on two pages, which may be far
 * from each other in memory, a NOP is the last byte of the one, and UD2 on the other. */
struct patch {
    uint8_t original[2];
    uint8_t length; /* 2: UD2; 1: a NOP in front of one */
    uint8_t before; /* bytes of the span in front of it */
};
static const uint8_t ud2[] = {0x0f, 0x0b}, nop[] = {0x90};

static uint8_t *bound;          /* a bit for each page of the guest's: it may be executed */
static uint8_t *given;          /* the same: it was the image's, and may be anything by now */
static struct wedge_site *list; /* sorted by the physical address of their patch */
static struct patch *patches;   /* in the same order */
static uint32_t count;

static uint64_t missed[MISSED_MAX];

static void set_bit(uint8_t *bits, uint64_t page, bool is)
{
    if (is)
        bits[page / 8] |= (uint8_t)(1u << page % 8);
    else
        bits[page / 8] &= (uint8_t) ~(1u << page % 8);
}

static bool get_bit(const uint8_t *bits, uint64_t page)
{
    return page < backend->own_pages_start && bits[page / 8] >> page % 8 & 1;
}

bool code_is_bound(uint64_t page)
{
    return get_bit(bound, page);
}

/* Whether there is code of the image's on a page. */
static bool has_code(uint64_t page)
{
    for (uint64_t i = 0; i < wedge_image.code_count; i++) {
        uint64_t start = wedge_image.code[i].physical_address;

        if (page >= start >> PAGE_SHIFT && page << PAGE_SHIFT < start + wedge_image.code[i].size)
            return true;
    }
    return false;
}

/* Whether a page is of the image's code, seen where that is linked or at its physical address: then
 * its sites were bound at the start. */
static bool is_image(uint64_t address, uint64_t page)
{
    if (!has_code(page) || get_bit(given, page))
        return false;
    for (uint32_t i = 0; i < wedge_image.segment_count; i++) {
        uint64_t start = wedge_image.segments[i].physical_address,
                 offset = (page << PAGE_SHIFT) - (start & ~(PAGE_SIZE - 1ul)),
                 linked = wedge_image.segments[i].virtual_address & ~(PAGE_SIZE - 1ul);

        if (offset < wedge_image.segments[i].size + start % PAGE_SIZE &&
            (address == linked + offset || address == page << PAGE_SHIFT))
            return true;
    }
    return false;
}

void code_init(void)
{
    uint64_t size = (backend->own_pages_start + 7) / 8;
    uint64_t pages = (size + PAGE_SIZE - 1) >> PAGE_SHIFT,
             sites = (sizeof(*list) * SITES_MAX) >> PAGE_SHIFT,
             originals = (sizeof(*patches) * SITES_MAX) >> PAGE_SHIFT;

    bound = physical(backend->free_pages_start << PAGE_SHIFT);
    given = bound + pages * PAGE_SIZE;
    list = physical((backend->free_pages_start + 2 * pages) << PAGE_SHIFT);
    patches = physical((backend->free_pages_start + 2 * pages + sites) << PAGE_SHIFT);
    backend->free_pages_start += 2 * pages + sites + originals;
    memset(bound, 0, size);
    memset(given, 0, size);
    for (uint64_t page = 0; page < backend->own_pages_start; page++)
        set_bit(bound, page, is_image(page << PAGE_SHIFT, page));
}

/* --- The sites of such code
 * --- */

/* The number of sites before a physical address. */
static uint32_t position(uint64_t address)
{
    return (uint32_t)bind_sites_before(list, count, address);
}

static const uint8_t *patch_bytes(const struct patch *patch)
{
    return patch->length == 2 ? ud2 : nop;
}

/* Whether the patch is there still: kernels put breakpoints over code, and take them away. */
static bool is_patched(uint32_t index)
{
    return memcmp(physical(list[index].physical_address), patch_bytes(&patches[index]),
                  patches[index].length) == 0;
}

const struct wedge_site *code_site_at(uint64_t physical_address, unsigned *before)
{
    uint32_t at = position(physical_address);

    if (at == count || list[at].physical_address != physical_address || patches[at].length != 2 ||
        !is_patched(at))
        return NULL;
    *before = patches[at].before;
    return &list[at];
}

/* Puts a patch in, `before` bytes behind the span's start, which is at `address`. */
static void patch(struct vcpu *vcpu, uint64_t address, const struct wedge_site *site,
                  unsigned before, unsigned length)
{
    struct patch new = {.length = (uint8_t)length, .before = (uint8_t)before};
    uint64_t where;
    uint32_t at;

    if (guest_walk(vcpu, address + before, 0, &where))
        return;
    at = position(where);
    if (at < count && list[at].physical_address == where) {
        if (is_patched(at))
            return;
        count--; /* something else was there */
    } else if (count == SITES_MAX) {
        wedge_stop("more than %u sites in modules", SITES_MAX);
    } else {
        for (uint32_t i = count; i > at; i--) {
            list[i] = list[i - 1];
            patches[i] = patches[i - 1];
        }
    }
    memcpy(new.original, physical(where), length);
    list[at] = *site;
    list[at].physical_address = (uint32_t)where;
    patches[at] = new;
    count++;
    memcpy(physical(where), patch_bytes(&new), length);
}

void code_add_site(struct vcpu *vcpu, uint64_t address, const struct wedge_site *site,
                   uint64_t page)
{
    bool crosses = address % PAGE_SIZE == PAGE_SIZE - 1;

    if (!crosses)
        patch(vcpu, address, site, 0, 2);
    else if (address >> PAGE_SHIFT == page >> PAGE_SHIFT)
        patch(vcpu, address, site, 0, 1);
    else
        patch(vcpu, address, site, 1, 2);
}

/* Gives a page's sites up, and its bytes as they were. */
void code_forget(uint64_t page)
{
    uint32_t from, to;

    if (!code_is_bound(page))
        return;
    from = position(page << PAGE_SHIFT);
    to = position((page + 1) << PAGE_SHIFT);
    for (uint32_t i = from; i < to; i++)
        if (is_patched(i))
            memcpy(physical(list[i].physical_address), patches[i].original, patches[i].length);
    for (uint32_t i = to; i < count; i++) {
        list[from + i - to] = list[i];
        patches[from + i - to] = patches[i];
    }
    count -= to - from;
    set_bit(bound, page, false);
    set_bit(given, page, has_code(page));
}

/* Of what was read from a physical address. */
static void put_originals(uint64_t where, uint8_t *bytes, size_t size)
{
    /* One may begin a byte before. */
    for (uint32_t at = position(where - 1); at < count && list[at].physical_address < where + size;
         at++)
        for (unsigned i = 0; i < patches[at].length; i++) {
            uint64_t offset = list[at].physical_address + i - where;

            if (offset < size && is_patched(at))
                bytes[offset] = patches[at].original[i];
        }
}

size_t code_read(struct vcpu *vcpu, uint64_t address, uint8_t *bytes, size_t size)
{
    size_t done = 0;

    memset(bytes, 0, size);
    while (done < size) {
        size_t part = PAGE_SIZE - (address + done) % PAGE_SIZE;
        uint64_t where;

        if (part > size - done)
            part = size - done;
        if (guest_read(vcpu, address + done, bytes + done, part, 0, &where) ||
            guest_walk(vcpu, address + done, 0, &where))
            break;
        put_originals(where, bytes + done, part);
        done += part;
    }
    return done;
}

/* --- Decoding what has no site
 * --- */

/* RDTSC is harmless wherever the wedge runs; alternatives bring it. */
static bool is_harmless(const struct wedge_site *site)
{
    return site->kind == SENSITIVE_rdtsc;
}

/* Where the span ends of the bound site that an address is in; 0 when it is in none. */
static uint64_t site_end(const struct vcpu *vcpu, uint64_t address)
{
    uint64_t where, offset;
    uint32_t at;

    if (guest_walk(vcpu, address, 0, &where))
        return 0;
    at = position(where + 1);
    if (!at-- || !is_patched(at))
        return 0;
    /* What follows in memory may be another page of the code's, or of nobody's. */
    if (where >> PAGE_SHIFT != list[at].physical_address >> PAGE_SHIFT)
        return 0;
    offset = where - list[at].physical_address + patches[at].before;
    return offset < list[at].span ? address - offset + list[at].span : 0;
}

#define PAD_SPAN 7 /* of instruction and pad, at least: as/ of the annotator */

static bool is_nop(const uint8_t *bytes)
{
    return bytes[0] == 0x90 || (bytes[0] == 0x66 && bytes[1] == 0x90) ||
           (bytes[0] == 0x0f && bytes[1] == 0x1f) ||
           (bytes[0] == 0x66 && bytes[1] == 0x0f && bytes[2] == 0x1f);
}

/* Binds what the guest has copied from annotated code: an instruction with the annotator's pad
 * behind it, or a site of the image's that is bound with UD2. */
static bool bind_copy(struct vcpu *vcpu, uint64_t address, const uint8_t *bytes, size_t size,
                      struct wedge_site *site, bool sensitive)
{
    unsigned pad;

    if (address % PAGE_SIZE == PAGE_SIZE - 1)
        return false; /* half of it would be on a page that nobody has looked at */
    if (!sensitive) {
        const struct wedge_site *original = bind_copied_site(vcpu, address);

        if (!original)
            return false;
        *site = *original;
    } else {
        if (site->length >= PAD_SPAN || size < PAD_SPAN || !is_nop(bytes + site->length))
            return false;
        pad = instruction_length(bytes + site->length, size - site->length);
        site->span = (uint8_t)(site->length + pad);
        if (site->span < PAD_SPAN)
            return false;
    }
    code_add_site(vcpu, address, site, address);
    return true;
}

/* Looks at one instruction of code whose sites are bound. Gives its length, of a site that of the
 * rest of its span; 0 when it is sensitive and has no site, or is none. */
static unsigned check_instruction(struct vcpu *vcpu, uint64_t address, uint8_t *bytes, size_t size)
{
    unsigned length = instruction_length(bytes, size);
    uint64_t end = site_end(vcpu, address);
    struct wedge_site site;
    bool sensitive;

    if (end)
        return (unsigned)(end - address);
    sensitive = length && decode_sensitive(bytes, size, 64, &site) && !is_harmless(&site);
    if (!sensitive && !(length == 2 && memcmp(bytes, ud2, sizeof(ud2)) == 0))
        return length;
    if (bind_copy(vcpu, address, bytes, size, &site, sensitive))
        return site.span;
    return sensitive ? 0 : length;
}

/* Decoding begins so many pages before, at most: it is in step long before then. */
#define STEP_PAGES 16

/* Decodes a piece from its start to the end of the page, whose sites are bound: gives the first
 * address on the page with a sensitive instruction that has no site, or with bytes that are no
 * instruction; 0 when all is well. Code is dense: what lies between functions are instructions,
 * too. */
static uint64_t find_unbound(struct vcpu *vcpu, uint64_t start, uint64_t page)
{
    uint64_t at = page - start > STEP_PAGES * PAGE_SIZE ? page - STEP_PAGES * PAGE_SIZE : start;

    while (at < page + PAGE_SIZE) {
        uint8_t bytes[INSTRUCTION_MAX];
        size_t size = code_read(vcpu, at, bytes, sizeof(bytes));
        unsigned length =
            at < page ? instruction_length(bytes, size) : check_instruction(vcpu, at, bytes, size);

        if (!length && at + INSTRUCTION_MAX > page) {
            if (size < sizeof(bytes) && !instruction_length(bytes, size))
                return 0; /* cut off where nothing more is mapped: it would fault there */
            if (at >= page)
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

static void bind_page(struct vcpu *vcpu, uint64_t address, uint64_t page)
{
    uint64_t start = records_find_near(vcpu, page), wrong = find_unbound(vcpu, start, page), where;

    if (wrong) {
        records_find_far(vcpu, page);
        wrong = find_unbound(vcpu, start, page);
    }
    /* A page by itself has pieces of code, and anything in between. */
    if (wrong && start == page && guest_walk(vcpu, page + PAGE_SIZE, 0, &where))
        wrong = flow_find_unbound(vcpu, address, check_instruction);
    if (wrong)
        refuse(vcpu, address, wrong);
}

void code_bind(struct vcpu *vcpu, uint64_t address)
{
    uint64_t page = address & ~(uint64_t)(PAGE_SIZE - 1), where;

    if (guest_walk(vcpu, page, 0, &where))
        wedge_stop("code at %016lx, which is not mapped", address);
    if (where >> PAGE_SHIFT >= backend->own_pages_start)
        wedge_stop("the guest's kernel executes %016lx, where there is no memory (physical %lx)",
                   address, where);
    if (!is_image(page, where >> PAGE_SHIFT))
        bind_page(vcpu, address, page);
    set_bit(bound, where >> PAGE_SHIFT, true);
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
