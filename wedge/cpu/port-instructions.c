/* SPDX-License-Identifier: BSD-2-Clause */
/* IN and OUT, INS and OUTS. */
#include "afterburn/record.h"
#include "wedge/devices.h"
#include "wedge/instructions.h"
#include "wedge/memory.h"

struct outcome instruction_port(struct vcpu *vcpu, const struct wedge_site *site, bool in)
{
    uint16_t number =
        site->flags & AFTERBURN_IMMEDIATE ? site->immediate : (uint16_t)vcpu->gpr[GPR_RDX];
    unsigned width = site->width;

    vcpu->disturbed |= ports_disturbs(number, in);
    if (in)
        register_set(vcpu, GPR_RAX, ports_read(number, (int)width), width);
    else
        ports_write(number, (int)width, (uint32_t)register_truncate(vcpu->gpr[GPR_RAX], width));
    return outcome_done;
}

struct outcome instruction_port_string(struct vcpu *vcpu, const struct wedge_site *site, bool in)
{
    unsigned width = site->width, pointer = in ? GPR_RDI : GPR_RSI;
    uint64_t count = site->flags & AFTERBURN_REPEAT
                         ? register_truncate(vcpu->gpr[GPR_RCX], site->address_width)
                         : 1;
    uint64_t step = vcpu->rflags & RFLAGS_DF ? -(uint64_t)width : width;
    uint16_t number = (uint16_t)vcpu->gpr[GPR_RDX];

    vcpu->disturbed |= ports_disturbs(number, in);
    for (; count; count--) {
        uint64_t address = register_truncate(vcpu->gpr[pointer], site->address_width), where;
        uint32_t value = in ? ports_read(number, (int)width) : 0, code;

        if (!in)
            address += segment_base(vcpu, site->segment);
        code = in ? guest_write(vcpu, address, &value, width, access_of(vcpu), &where)
                  : guest_read(vcpu, address, &value, width, access_of(vcpu), &where);
        if (code)
            return outcome_page_fault(vcpu, code, where);
        if (!in)
            ports_write(number, (int)width, value);
        register_set(vcpu, pointer, vcpu->gpr[pointer] + step, site->address_width);
        if (site->flags & AFTERBURN_REPEAT)
            register_set(vcpu, GPR_RCX, count - 1, site->address_width);
    }
    return outcome_done;
}
