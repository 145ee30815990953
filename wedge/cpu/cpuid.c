/* SPDX-License-Identifier: BSD-2-Clause */
/* The processor that the guest is shown: the real one as the policy (afterburn/cpuid-policy.def)
 * has it. */
#include "afterburn/cpuid-policy.h"
#include "wedge/vcpu.h"

#define LEAF_FEATURES        1u
#define LEAF_EXTENDED_STATES 0xdu
#define LEAF_EXTENDED        0x80000000u
#define ECX_OSXSAVE          (1u << 27)

static struct cpuid_answer ask(uint32_t leaf, uint32_t subleaf)
{
    struct cpuid_answer answer;
    uint32_t *r = answer.registers;

    asm volatile("cpuid"
                 : "=a"(r[CPUID_EAX]), "=b"(r[CPUID_EBX]), "=c"(r[CPUID_ECX]), "=d"(r[CPUID_EDX])
                 : "a"(leaf), "c"(subleaf));
    return answer;
}

struct cpuid_answer cpuid_processor(uint32_t leaf, uint32_t subleaf)
{
    if (leaf > LEAF_EXTENDED && leaf > ask(LEAF_EXTENDED, 0).registers[CPUID_EAX])
        return (struct cpuid_answer){{0}};
    return ask(leaf, subleaf);
}

void cpuid_emulate(struct vcpu *vcpu)
{
    static const uint8_t gpr[] = {
        [CPUID_EAX] = GPR_RAX,
        [CPUID_EBX] = GPR_RBX,
        [CPUID_ECX] = GPR_RCX,
        [CPUID_EDX] = GPR_RDX,
    };
    uint32_t leaf = (uint32_t)vcpu->gpr[GPR_RAX], subleaf = (uint32_t)vcpu->gpr[GPR_RCX];
    struct cpuid_answer answer = cpuid_processor(leaf, subleaf);
    uint32_t *r = answer.registers;

    for (unsigned i = 0; i < 4; i++) {
        enum cpuid_register which = (enum cpuid_register)i;
        struct cpuid_masks masks = cpuid_policy(leaf, subleaf, which);

        r[i] = (r[i] & masks.keep) | masks.set;
        r[i] &= ~cpuid_stateless(leaf, subleaf, which, extended_states());
    }
    if (leaf == 0 && r[CPUID_EAX] > CPUID_BASIC_LAST)
        r[CPUID_EAX] = CPUID_BASIC_LAST;
    if (leaf == LEAF_FEATURES && vcpu->cr4 & CR4_OSXSAVE)
        r[CPUID_ECX] |= ECX_OSXSAVE;
    if (leaf == LEAF_EXTENDED_STATES)
        extended_state_cpuid(vcpu, subleaf, &answer);
    if (leaf == LEAF_EXTENDED)
        r[CPUID_EAX] = CPUID_EXTENDED_LAST;
    for (unsigned i = 0; i < 4; i++)
        vcpu->gpr[gpr[i]] = r[i];
}
