/* SPDX-License-Identifier: BSD-2-Clause */
/* Segment registers as the guest sees them (AMD64 manual 2, chapter 4; error codes: manual 3, MOV
 * and POP). Their hidden parts matter only for FS and GS, and for the code size. */
#include "wedge/memory.h"
#include "wedge/vcpu.h"

#define SELECTOR_TABLE 4u /* LDT rather than GDT */
#define SELECTOR_INDEX 0xfff8u
#define SELECTOR_RPL   3u

#define DESCRIPTOR_TYPE    (0xful << 40)
#define DESCRIPTOR_S       (1ul << 44)
#define DESCRIPTOR_DPL     45
#define DESCRIPTOR_PRESENT (1ul << 47)
#define DESCRIPTOR_LONG    (1ul << 53)
#define DESCRIPTOR_BIG     (1ul << 54)
#define TYPE_CODE          (8ul << 40)
#define TYPE_CONFORMING    (4ul << 40)
#define TYPE_READ_WRITE    (2ul << 40)

uint64_t descriptor_base(uint64_t descriptor)
{
    return (descriptor >> 16 & 0xffffff) | (descriptor >> 32 & 0xff000000);
}

uint32_t descriptor_limit(uint64_t descriptor)
{
    uint32_t limit = (uint32_t)(descriptor & 0xffff) | (uint32_t)(descriptor >> 32 & 0xf0000);

    return descriptor & 1ul << 55 ? limit << 12 | 0xfff : limit;
}

bool segment_descriptor(struct vcpu *vcpu, uint16_t selector, uint64_t *descriptor)
{
    const struct table_register *table = selector & SELECTOR_TABLE ? &vcpu->ldt : &vcpu->gdt;
    uint64_t fault;

    if ((selector & SELECTOR_INDEX) + 7u > table->limit)
        return false;
    return guest_read(vcpu, table->base + (selector & SELECTOR_INDEX), descriptor, 8, 0, &fault) ==
           0;
}

static unsigned privilege(const struct vcpu *vcpu)
{
    return vcpu->user ? 3 : 0;
}

int segment_load_code(struct vcpu *vcpu, uint16_t selector, uint64_t *error)
{
    uint64_t descriptor;
    unsigned level = selector & SELECTOR_RPL;

    *error = selector & ~SELECTOR_RPL;
    if (!(selector & ~SELECTOR_RPL) || !segment_descriptor(vcpu, selector, &descriptor) ||
        !(descriptor & DESCRIPTOR_S) || !(descriptor & TYPE_CODE))
        return EXCEPTION_PROTECTION;
    if (descriptor & TYPE_CONFORMING ? (descriptor >> DESCRIPTOR_DPL & 3) > level
                                     : (descriptor >> DESCRIPTOR_DPL & 3) != level)
        return EXCEPTION_PROTECTION;
    if (!(descriptor & DESCRIPTOR_PRESENT))
        return EXCEPTION_NOT_PRESENT;
    vcpu->selectors[SEGMENT_CS] = selector;
    vcpu->user = level == 3;
    vcpu->bits = vcpu->efer & EFER_LMA && descriptor & DESCRIPTOR_LONG ? 64
                 : descriptor & DESCRIPTOR_BIG                         ? 32
                                                                       : 16;
    return EXCEPTION_NONE;
}

static int load_stack(struct vcpu *vcpu, uint16_t selector, uint64_t descriptor)
{
    if ((selector & SELECTOR_RPL) != privilege(vcpu) || !(descriptor & DESCRIPTOR_S) ||
        descriptor & TYPE_CODE || !(descriptor & TYPE_READ_WRITE) ||
        (descriptor >> DESCRIPTOR_DPL & 3) != privilege(vcpu))
        return EXCEPTION_PROTECTION;
    if (!(descriptor & DESCRIPTOR_PRESENT))
        return EXCEPTION_STACK;
    vcpu->selectors[SEGMENT_SS] = selector;
    return EXCEPTION_NONE;
}

int segment_load(struct vcpu *vcpu, unsigned number, uint16_t selector, uint64_t *error)
{
    uint64_t descriptor = 0;
    unsigned level;

    *error = selector & ~SELECTOR_RPL;
    if (!(selector & ~SELECTOR_RPL)) {
        /* 64-bit code below level 3 may have no stack segment. */
        if (number == SEGMENT_SS && (vcpu->bits != 64 || vcpu->user))
            return EXCEPTION_PROTECTION;
    } else {
        if (!segment_descriptor(vcpu, selector, &descriptor))
            return EXCEPTION_PROTECTION;
        if (number == SEGMENT_SS)
            return load_stack(vcpu, selector, descriptor);
        if (!(descriptor & DESCRIPTOR_S) ||
            (descriptor & TYPE_CODE && !(descriptor & TYPE_READ_WRITE)))
            return EXCEPTION_PROTECTION;
        level = descriptor >> DESCRIPTOR_DPL & 3;
        if (!(descriptor & TYPE_CODE && descriptor & TYPE_CONFORMING) &&
            (level < (selector & SELECTOR_RPL) || level < privilege(vcpu)))
            return EXCEPTION_PROTECTION;
        if (!(descriptor & DESCRIPTOR_PRESENT))
            return EXCEPTION_NOT_PRESENT;
    }
    vcpu->selectors[number] = selector;
    if (number == SEGMENT_FS)
        vcpu->fs_base = descriptor_base(descriptor);
    if (number == SEGMENT_GS)
        vcpu->gs_base = descriptor_base(descriptor);
    return EXCEPTION_NONE;
}
