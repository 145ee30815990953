/* SPDX-License-Identifier: BSD-2-Clause */
/* From the back end's boot code to the guest's first instruction. */
#include "wedge/bind.h"
#include "wedge/boot.h"
#include "wedge/code.h"
#include "wedge/devices.h"
#include "wedge/memory.h"
#include "wedge/print.h"
#include "wedge/vcpu.h"

/* What the processor's reset leaves (AMD64 manual 2, 14.1.3), as far as it is not 0. */
static void reset(struct vcpu *vcpu)
{
    vcpu->cr0 = CR0_ET;
    vcpu->rflags = RFLAGS_FIXED;
    vcpu->dr[6] = 0xffff0ff0;
    vcpu->dr[7] = 0x400;
    vcpu->xcr0 = 1;
    vcpu->pat = 0x0007040600070406;
    vcpu->gdt.limit = vcpu->idt.limit = 0xffff;
    vcpu->bits = 16;
    vcpu->disturbed = true;
}

void wedge_main(const struct boot_parameters *parameters)
{
    struct vcpu *vcpu = &vcpu_page;

    if (wedge_image.magic != WEDGE_IMAGE_MAGIC || wedge_image.version != WEDGE_IMAGE_VERSION ||
        wedge_image.size != sizeof(struct wedge_image) || !wedge_image.protocol)
        wedge_stop("this image was not made by the `afterburner link` of this wedge");
    reset(vcpu);
    pic_reset();
    pit_reset(backend->clock());
    rtc_reset(backend->wall_clock(), backend->clock());
    uart_reset();
    code_init();
    shadow_init();
    bind_all(backend->name);
    if (wedge_image.protocol == WEDGE_PROTOCOL_PVH)
        pvh_start(vcpu, parameters);
    else
        linux_start(vcpu, parameters);
    shadow_load(vcpu);
    wedge_run(vcpu);
}
