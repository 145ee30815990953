/* SPDX-License-Identifier: BSD-2-Clause */
/* Sensitive instructions outside of every site, which trapped. */
#include "wedge/code.h"
#include "wedge/decode.h"
#include "wedge/memory.h"
#include "wedge/print.h"
#include "wedge/vcpu.h"

#define MISSED_MAX 4096 /* a power of two: a table by address, with open addressing */

static uint64_t missed[MISSED_MAX];

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
