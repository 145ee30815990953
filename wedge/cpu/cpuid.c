/* SPDX-License-Identifier: BSD-2-Clause */
/* The processor that the guest is shown: the real one as the policy (afterburn/cpuid-policy.def)
 * has it. */
#include "afterburn/cpuid-policy.h"
#include "wedge/vcpu.h"

#define LEAF_EXTENDED 0x80000000u

struct answer {
    uint32_t registers[4]; /* enum cpuid_register */
};

static struct answer ask(uint32_t leaf, uint32_t subleaf)
{
    struct answer answer;
    uint32_t *r = answer.registers;

    asm volatile("cpuid"
                 : "=a"(r[CPUID_EAX]), "=b"(r[CPUID_EBX]), "=c"(r[CPUID_ECX]), "=d"(r[CPUID_EDX])
                 : "a"(leaf), "c"(subleaf));
    return answer;
}

/* The processor's own answer. Behind its last extended leaf, where it would repeat another one,
 * there is nothing; the policy may know better. */
static struct answer ask_processor(uint32_t leaf, uint32_t subleaf)
{
    if (leaf > LEAF_EXTENDED && leaf > ask(LEAF_EXTENDED, 0).registers[CPUID_EAX])
        return (struct answer){{0}};
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
    struct answer answer = ask_processor(leaf, subleaf);

    for (unsigned i = 0; i < 4; i++) {
        struct cpuid_masks masks = cpuid_policy(leaf, subleaf, (enum cpuid_register)i);

        vcpu->gpr[gpr[i]] = (answer.registers[i] & masks.keep) | masks.set;
    }
    if (leaf == 0 && vcpu->gpr[GPR_RAX] > CPUID_BASIC_LAST)
        vcpu->gpr[GPR_RAX] = CPUID_BASIC_LAST;
    if (leaf == LEAF_EXTENDED)
        vcpu->gpr[GPR_RAX] = CPUID_EXTENDED_LAST;
}
