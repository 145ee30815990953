/* SPDX-License-Identifier: BSD-2-Clause */
/* Operands by a site's record, and the stack (record: docs/record-format.md). */
#include "wedge/operands.h"

#include "afterburn/record.h"
#include "wedge/memory.h"
#include "wedge/string.h"

struct outcome outcome_page_fault(struct vcpu *vcpu, uint32_t code, uint64_t address)
{
    if (!address_canonical(address))
        return outcome_fault(EXCEPTION_PROTECTION, 0);
    vcpu->cr2 = address;
    return outcome_fault(EXCEPTION_PAGE_FAULT, code & 0xffff);
}

void register_set(struct vcpu *vcpu, unsigned number, uint64_t value, unsigned width)
{
    if (width >= 4)
        vcpu->gpr[number] = register_truncate(value, width);
    else
        vcpu->gpr[number] =
            (vcpu->gpr[number] & ~register_truncate(~0ul, width)) | register_truncate(value, width);
}

/* The behind of the site, where a RIP-relative operand counts from and the guest goes on. */
static uint64_t behind_instruction(const struct vcpu *vcpu, const struct wedge_site *site)
{
    return vcpu->rip + site->offset + site->length;
}

uint64_t segment_base(const struct vcpu *vcpu, unsigned segment)
{
    return segment == SEGMENT_FS ? vcpu->fs_base : segment == SEGMENT_GS ? vcpu->gs_base : 0;
}

uint64_t operand_address(const struct vcpu *vcpu, const struct wedge_site *site)
{
    uint64_t address = (uint64_t)(int64_t)site->displacement;

    if (site->base == AFTERBURN_REGISTER_IP)
        address += behind_instruction(vcpu, site);
    else if (site->base != AFTERBURN_REGISTER_NONE)
        address += vcpu->gpr[site->base];
    if (site->index != AFTERBURN_REGISTER_NONE)
        address += vcpu->gpr[site->index] * site->scale;
    return register_truncate(address, site->address_width) + segment_base(vcpu, site->segment);
}

bool operand_in_memory(const struct wedge_site *site)
{
    return site->flags & AFTERBURN_MEMORY;
}

/* The same of the stack. */
static struct outcome stack_fault(struct vcpu *vcpu, uint32_t code, uint64_t address)
{
    return address_canonical(address) ? outcome_page_fault(vcpu, code, address)
                                      : outcome_fault(EXCEPTION_STACK, 0);
}

static bool reached(struct vcpu *vcpu, uint32_t code, uint64_t where, struct outcome *outcome)
{
    if (code)
        *outcome = outcome_page_fault(vcpu, code, where);
    return !code;
}

bool operand_read(struct vcpu *vcpu, const struct wedge_site *site, void *to, size_t size,
                  struct outcome *outcome)
{
    uint64_t where = 0;
    uint32_t code =
        guest_read(vcpu, operand_address(vcpu, site), to, size, access_of(vcpu), &where);

    return reached(vcpu, code, where, outcome);
}

bool operand_read_far(struct vcpu *vcpu, const struct wedge_site *site, unsigned width,
                      uint64_t *offset, uint16_t *selector, struct outcome *outcome)
{
    uint8_t pointer[10];

    if (!operand_read(vcpu, site, pointer, width + 2, outcome))
        return false;
    *offset = 0;
    memcpy(offset, pointer, width);
    memcpy(selector, pointer + width, sizeof(*selector));
    return true;
}

bool operand_write(struct vcpu *vcpu, const struct wedge_site *site, const void *from, size_t size,
                   struct outcome *outcome)
{
    uint64_t where = 0;
    uint32_t code =
        guest_write(vcpu, operand_address(vcpu, site), from, size, access_of(vcpu), &where);

    return reached(vcpu, code, where, outcome);
}

struct outcome operand_store_selector(struct vcpu *vcpu, const struct wedge_site *site,
                                      uint16_t value)
{
    struct outcome outcome = outcome_done;

    if (operand_in_memory(site))
        operand_write(vcpu, site, &value, sizeof(value), &outcome);
    else
        register_set(vcpu, site->reg, value, site->width);
    return outcome;
}

bool operand_fetch_selector(struct vcpu *vcpu, const struct wedge_site *site, uint16_t *value,
                            struct outcome *outcome)
{
    if (operand_in_memory(site))
        return operand_read(vcpu, site, value, sizeof(*value), outcome);
    *value = (uint16_t)vcpu->gpr[site->reg];
    return true;
}

struct outcome stack_push(struct vcpu *vcpu, uint64_t value, unsigned width)
{
    uint64_t stack = register_truncate(vcpu->gpr[GPR_RSP] - width, vcpu->bits / 8), where;
    uint32_t code = guest_write(vcpu, stack, &value, width, access_of(vcpu), &where);

    if (code)
        return stack_fault(vcpu, code, where);
    vcpu->gpr[GPR_RSP] = stack;
    return outcome_done;
}

bool stack_peek(struct vcpu *vcpu, unsigned place, unsigned count, unsigned width, uint64_t *values,
                struct outcome *outcome)
{
    uint64_t stack =
                 register_truncate(vcpu->gpr[GPR_RSP] + (uint64_t)place * width, vcpu->bits / 8),
             where;
    uint32_t code = guest_read(vcpu, stack, values, (size_t)count * width, access_of(vcpu), &where);

    if (code) {
        *outcome = stack_fault(vcpu, code, where);
        return false;
    }
    for (unsigned i = count; width < 8 && i--;) { /* from the last on: they grow in their place */
        uint64_t value = 0;

        memcpy(&value, (const uint8_t *)values + (size_t)i * width, width);
        values[i] = value;
    }
    return true;
}

void stack_drop(struct vcpu *vcpu, uint64_t bytes)
{
    vcpu->gpr[GPR_RSP] = register_truncate(vcpu->gpr[GPR_RSP] + bytes, vcpu->bits / 8);
}
