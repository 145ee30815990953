/* SPDX-License-Identifier: BSD-2-Clause */
#include "wedge/bind.h"

#include "wedge/code-sites.h"
#include "wedge/decode.h"
#include "wedge/layout.h"
#include "wedge/memory.h"
#include "wedge/print.h"
#include "wedge/string.h"
#include "wedge/time-stamp.h"
#include "wedge/vcpu.h"

const volatile struct wedge_image wedge_image __attribute__((section(".wedge.image"), used)) = {
    .magic = WEDGE_IMAGE_MAGIC, .version = WEDGE_IMAGE_VERSION, .size = sizeof(struct wedge_image)};
_Static_assert(offsetof(struct wedge_image, pvh_entry) == WEDGE_IMAGE_PVH_ENTRY, "layout.h");

static const struct wedge_site *sites(void)
{
    return (const struct wedge_site *)wedge_image.sites;
}

static bool same(const volatile char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}

static const struct wedge_patch *patches; /* of this place */

/* First bytes of patches. */
#define PATCH_JUMP 0xe9
#define PATCH_TRAP 0x0f

void bind_all(const char *place)
{
    uint64_t start = time_stamp();

    for (uint32_t i = 0; i < wedge_image.place_count; i++)
        if (same(wedge_image.places[i].name, place))
            patches = (const struct wedge_patch *)wedge_image.places[i].patches;
    if (!patches)
        wedge_stop("the image is not linked for %s: afterburner link --wedge %s", place, place);
    for (uint32_t i = 0; i < wedge_image.site_count; i++) {
        uint8_t *to = (uint8_t *)physical(sites()[i].physical_address) + patches[i].offset;

        for (unsigned k = 0; k < patches[i].length; k++)
            to[k] = patches[i].bytes[k];
    }
    wedge_print("%u sites bound for %s, in %lu ticks of the time stamp counter",
                wedge_image.site_count, place, time_stamp() - start);
}

const struct wedge_site *bind_site(uint32_t index)
{
    return &sites()[index];
}

size_t bind_sites_before(const struct wedge_site *list, size_t count, uint64_t address)
{
    size_t low = 0, high = count;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (list[middle].physical_address < address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The site that begins at a physical address or has its instruction there. */
static const struct wedge_site *find(uint64_t address)
{
    size_t count = bind_sites_before(sites(), wedge_image.site_count, address + 1);
    const struct wedge_site *site;

    if (!count)
        return NULL;
    site = &sites()[count - 1];
    return address == site->physical_address || address == site->physical_address + site->offset
               ? site
               : NULL;
}

/* Whether the patch is there still: kernels rewrite their text, too. */
static bool is_bound(const struct wedge_site *site)
{
    const struct wedge_patch *patch = &patches[site - sites()];
    const uint8_t *bytes = (const uint8_t *)physical(site->physical_address) + patch->offset;

    return patch->length && memcmp(bytes, patch->bytes, patch->length) == 0;
}

#define CONTEXT 16 /* bytes */

static bool same_code(struct vcpu *vcpu, uint64_t address, uint64_t original, size_t size)
{
    uint8_t bytes[CONTEXT];
    uint64_t where;

    return guest_read(vcpu, address, bytes, size, 0, &where) == 0 &&
           memcmp(bytes, physical(original), size) == 0;
}

const struct wedge_site *bind_copied_site(struct vcpu *vcpu, uint64_t address)
{
    for (uint32_t i = 0; i < wedge_image.site_count; i++) {
        const struct wedge_site *site = &sites()[i];
        uint64_t original = site->physical_address;

        if (site->bits == 64 && patches[i].length && patches[i].bytes[0] == PATCH_TRAP &&
            site->span <= CONTEXT && same_code(vcpu, address, original, site->span) &&
            (same_code(vcpu, address - CONTEXT, original - CONTEXT, CONTEXT) ||
             same_code(vcpu, address + site->span, original + site->span, CONTEXT)))
            return site;
    }
    return NULL;
}

/* Whether the instruction pointer is where the image is linked: then no table needs to be looked
 * at. */
static bool in_image(const struct vcpu *vcpu, uint64_t *where)
{
    if (vcpu->bits != 64)
        return false;
    for (uint32_t i = 0; i < wedge_image.segment_count; i++) {
        uint64_t offset = vcpu->rip - wedge_image.segments[i].virtual_address;

        *where = wedge_image.segments[i].physical_address + offset;
        if (offset < wedge_image.segments[i].size && vcpu->rip >> 63)
            return true;
    }
    return false;
}

const struct wedge_site *bind_site_at(struct vcpu *vcpu)
{
    const struct wedge_site *site;
    unsigned before = 0;
    uint64_t where;

    if (vcpu->user)
        return NULL;
    if (in_image(vcpu, &where)) {
        uint8_t first = *(const uint8_t *)physical(where);

        if (first != PATCH_JUMP && first != PATCH_TRAP)
            return NULL;
    } else if (guest_walk(vcpu, vcpu->rip, ACCESS_FETCH, &where)) {
        return NULL;
    }
    site = find(where);
    if (site && is_bound(site)) {
        vcpu->rip -= where - site->physical_address;
        return site;
    }
    /* Other code may be there by now. */
    site = code_site_at(where, &before);
    vcpu->rip -= before;
    return site;
}

/* How far an instruction leads that does nothing else: a short jump, or a NOP. Else 0. */
static unsigned idle_length(const uint8_t *bytes)
{
    if (bytes[0] == 0xeb)
        return bytes[1] < 0x80 ? 2u + bytes[1] : 0;
    return nop_length(bytes, INSTRUCTION_MAX);
}

#define IDLE_MOST 64 /* bytes */

const struct wedge_site *bind_site_ahead(struct vcpu *vcpu)
{
    uint64_t start = vcpu->rip, where;
    const struct wedge_site *site = NULL;
    const uint8_t *bytes;
    unsigned done = 0, length;

    if (!in_image(vcpu, &where))
        return NULL;
    bytes = physical(where);
    while (done < IDLE_MOST && (length = idle_length(bytes + done)) != 0)
        done += length;
    if (done && (bytes[done] == PATCH_JUMP || bytes[done] == PATCH_TRAP)) {
        vcpu->rip += done;
        site = bind_site_at(vcpu);
    }
    if (!site)
        vcpu->rip = start;
    return site;
}

uint64_t bind_virtual_address(const struct wedge_site *site)
{
    for (uint32_t i = 0; i < wedge_image.segment_count; i++) {
        uint64_t offset = site->physical_address - wedge_image.segments[i].physical_address;

        if (offset < wedge_image.segments[i].size)
            return wedge_image.segments[i].virtual_address + offset;
    }
    wedge_stop("a site at physical %x is in no segment of the guest", site->physical_address);
}
