/* SPDX-License-Identifier: BSD-2-Clause */
/* Only code whose sites are bound may run in the guest's kernel. Pages outside the image are not
 * executable in the shadow tables until their first instruction faults: then the records of their
 * sites are looked for (records.c), checked against the bytes, and the sites bound (code-sites.c).
 * What is left is decoded: nothing sensitive may be without a site.
 *
 * A page is bound as long as some entry of the shadow tables lets the kernel execute it. That is so
 * for the image's pages, too: kernels give back what they only need to start, and it may become
 * anything.
 */
#include "wedge/code.h"

#include "afterburn/sensitive.h"
#include "wedge/bind.h"
#include "wedge/code-sites.h"
#include "wedge/decode.h"
#include "wedge/flow.h"
#include "wedge/memory.h"
#include "wedge/print.h"
#include "wedge/records.h"
#include "wedge/string.h"
#include "wedge/vcpu.h"

static uint8_t *bound; /* a bit for each page of the guest's: it may be executed */
static uint8_t *given; /* the same: it was the image's, and may be anything by now */
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
    uint64_t size = (backend->own_pages_start + 7) / 8,
             pages = (size + PAGE_SIZE - 1) >> PAGE_SHIFT;

    bound = physical(backend->free_pages_start << PAGE_SHIFT);
    given = bound + pages * PAGE_SIZE;
    backend->free_pages_start += 2 * pages;
    code_sites_init();
    memset(bound, 0, size);
    memset(given, 0, size);
    for (uint64_t i = 0; i < wedge_image.code_count; i++) {
        uint64_t start = wedge_image.code[i].physical_address,
                 last = (start + wedge_image.code[i].size - 1) >> PAGE_SHIFT;

        for (uint64_t page = start >> PAGE_SHIFT; page <= last && page < backend->own_pages_start;
             page++)
            set_bit(bound, page, true);
    }
}

void code_forget(uint64_t page)
{
    if (!code_is_bound(page))
        return;
    code_sites_forget(page);
    set_bit(bound, page, false);
    set_bit(given, page, has_code(page));
}

/* --- Decoding what has no site
 * --- */

/* RDTSC is harmless wherever the wedge runs; alternatives bring it. */
static bool is_harmless(const struct wedge_site *site)
{
    return site->kind == SENSITIVE_rdtsc;
}

#define PAD_SPAN 7 /* of instruction and pad, at least: as/ of the annotator */

/* Binds what the guest has copied from annotated code: an instruction with the annotator's pad
 * behind it, or a site of the image's that is bound with UD2. */
static bool bind_copy(struct vcpu *vcpu, uint64_t address, const uint8_t *bytes, size_t size,
                      struct wedge_site *site, bool sensitive)
{
    if (address % PAGE_SIZE == PAGE_SIZE - 1)
        return false; /* half of it would be on a page that nobody has looked at */
    if (!sensitive) {
        const struct wedge_site *original = bind_copied_site(vcpu, address);

        if (!original)
            return false;
        *site = *original;
    } else {
        if (site->length >= PAD_SPAN || size < PAD_SPAN)
            return false;
        site->span =
            (uint8_t)(site->length + nop_length(bytes + site->length, size - site->length));
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
    uint64_t end = code_site_end(vcpu, address);
    struct wedge_site site;
    bool sensitive;

    if (end)
        return (unsigned)(end - address);
    sensitive = length && decode_sensitive(bytes, size, 64, &site) && !is_harmless(&site);
    if (!sensitive && !(length == 2 && bytes[0] == 0x0f && bytes[1] == 0x0b)) /* UD2 */
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
