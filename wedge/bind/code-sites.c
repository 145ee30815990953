/* SPDX-License-Identifier: BSD-2-Clause */
/* The sites of code that came at run time: what stands in their places, and what was there. They
 * are bound with UD2, which needs no stub. */
#include "wedge/code-sites.h"

#include "wedge/bind.h"
#include "wedge/memory.h"
#include "wedge/print.h"
#include "wedge/string.h"
#include "wedge/vcpu.h"

#define SITES_MAX 8192

/* What stands in the place of a site's first bytes. Where these lie on two pages, which may be far
 * from each other in memory, a NOP is the last byte of the one, and UD2 on the other. */
struct patch {
    uint8_t original[2];
    uint8_t length; /* 2: UD2; 1: a NOP in front of one */
    uint8_t before; /* bytes of the span in front of it */
};
static const uint8_t ud2[] = {0x0f, 0x0b}, nop[] = {0x90};

static struct wedge_site *list; /* sorted by the physical address of their patch */
static struct patch *patches;   /* in the same order */
static uint32_t count;

void code_sites_init(void)
{
    list = physical(backend->free_pages_start << PAGE_SHIFT);
    backend->free_pages_start += (sizeof(*list) * SITES_MAX) >> PAGE_SHIFT;
    patches = physical(backend->free_pages_start << PAGE_SHIFT);
    backend->free_pages_start += (sizeof(*patches) * SITES_MAX) >> PAGE_SHIFT;
}

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

void code_sites_forget(uint64_t page)
{
    uint32_t from, to;

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

uint64_t code_site_end(const struct vcpu *vcpu, uint64_t address)
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
