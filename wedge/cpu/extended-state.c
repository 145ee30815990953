/* SPDX-License-Identifier: BSD-2-Clause */
/* XCR0, and what CPUID says of the states that it turns on (Intel manual 1, chapter 13; AMD64
 * manual 2, 11.5). Saving and loading them is user mode's right, and the place's processor does it;
 * the registers are the guest's from one end of its life to the other. */
#include "afterburn/cpuid-policy.h"
#include "wedge/instructions.h"

#define LEAF            0xdu
#define STATE_X87       0x1ul
#define STATE_SSE       0x2ul
#define STATE_YMM       0x4ul
#define STATE_AVX512    0xe0ul
#define LEGACY_SIZE     576u /* with the header */
#define COMPONENT_FIRST 2u
#define COMPONENT_ALIGNED                                                                          \
    0x2u /* subleaf's ECX: in the compact form it begins at a multiple of 64 */
#define HAS_XSAVEC   0x2u
#define HAS_XGETBV_1 0x4u

uint64_t extended_states(void)
{
    return backend->extended_states & cpuid_policy(LEAF, 0, CPUID_EAX).keep;
}

void extended_state_follow(const struct vcpu *vcpu)
{
    backend->extended_state_write(vcpu->cr4 & CR4_OSXSAVE ? vcpu->xcr0 : 0);
}

/* How many bytes an area has with these states. */
static uint32_t area_size(uint64_t states, bool compact)
{
    uint32_t size = LEGACY_SIZE;

    for (unsigned i = COMPONENT_FIRST; i < 64; i++) {
        struct cpuid_answer component;
        uint32_t start;

        if (!(states >> i & 1))
            continue;
        component = cpuid_processor(LEAF, i);
        start = component.registers[CPUID_EBX];
        if (compact)
            start = component.registers[CPUID_ECX] & COMPONENT_ALIGNED ? (size + 63) & ~63u : size;
        if (compact || start + component.registers[CPUID_EAX] > size)
            size = start + component.registers[CPUID_EAX];
    }
    return size;
}

void extended_state_cpuid(const struct vcpu *vcpu, uint32_t subleaf, struct cpuid_answer *answer)
{
    uint64_t states = extended_states();

    if (!states || (subleaf >= COMPONENT_FIRST && (subleaf >= 64 || !(states >> subleaf & 1)))) {
        *answer = (struct cpuid_answer){{0}};
    } else if (subleaf == 0) {
        answer->registers[CPUID_EAX] = (uint32_t)states;
        answer->registers[CPUID_EBX] = area_size(vcpu->xcr0, false);
        answer->registers[CPUID_ECX] = area_size(states, false);
    } else if (subleaf == 1) {
        answer->registers[CPUID_EBX] =
            answer->registers[CPUID_EAX] & HAS_XSAVEC ? area_size(vcpu->xcr0, true) : 0;
    }
}

struct outcome instruction_xgetbv(struct vcpu *vcpu)
{
    uint32_t number = (uint32_t)vcpu->gpr[GPR_RCX], low, high;

    if (!(vcpu->cr4 & CR4_OSXSAVE))
        return outcome_undefined();
    if (number == 0) {
        low = (uint32_t)vcpu->xcr0;
        high = (uint32_t)(vcpu->xcr0 >> 32);
    } else if (number == 1 && cpuid_processor(LEAF, 1).registers[CPUID_EAX] & HAS_XGETBV_1) {
        /* What of it is in use: the processor knows. */
        asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(1));
    } else {
        return outcome_fault(EXCEPTION_PROTECTION, 0);
    }
    vcpu->gpr[GPR_RAX] = low;
    vcpu->gpr[GPR_RDX] = high;
    return outcome_done;
}

/* YMM needs SSE; the three of AVX-512 go together and need YMM (Intel manual 1, 13.3). */
static bool is_valid(uint64_t value)
{
    return value & STATE_X87 && !(value & ~extended_states()) &&
           (!(value & STATE_YMM) || value & STATE_SSE) &&
           (!(value & STATE_AVX512) || (value & STATE_YMM && !(~value & STATE_AVX512)));
}

struct outcome instruction_xsetbv(struct vcpu *vcpu)
{
    uint64_t value = vcpu->gpr[GPR_RDX] << 32 | (uint32_t)vcpu->gpr[GPR_RAX];

    if (!(vcpu->cr4 & CR4_OSXSAVE))
        return outcome_undefined();
    if ((uint32_t)vcpu->gpr[GPR_RCX] || !is_valid(value))
        return outcome_fault(EXCEPTION_PROTECTION, 0);
    vcpu->xcr0 = value;
    extended_state_follow(vcpu);
    return outcome_done;
}
