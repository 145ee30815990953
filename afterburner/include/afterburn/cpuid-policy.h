/* SPDX-License-Identifier: BSD-2-Clause */
/* What the CPUID policy (cpuid-policy.def) makes of a register's bits: for the wedge, which answers
 * by it, and for the host tools, which argue from it. */
#ifndef AFTERBURN_CPUID_POLICY_H
#define AFTERBURN_CPUID_POLICY_H

#include <stdint.h>

/* The highest leaves a guest is told of. */
#define CPUID_BASIC_LAST    0xdu
#define CPUID_EXTENDED_LAST 0x80000021u

enum cpuid_register {
    CPUID_EAX,
    CPUID_EBX,
    CPUID_ECX,
    CPUID_EDX,
};

enum cpuid_verdict {
    CPUID_SHOW,
    CPUID_HIDE,
    CPUID_SET,
};

#define CPUID_EVERY 0xff /* subleaf */

/* The answer is (what the processor says & keep) | set. */
struct cpuid_masks {
    uint32_t keep, set;
};

static inline void cpuid_mask_bit(struct cpuid_masks *masks, unsigned bit,
                                  enum cpuid_verdict verdict)
{
    uint32_t mask = UINT32_C(1) << bit;

    masks->keep = verdict == CPUID_SHOW ? masks->keep | mask : masks->keep & ~mask;
    masks->set = verdict == CPUID_SET ? masks->set | mask : masks->set & ~mask;
}

static inline struct cpuid_masks cpuid_policy(uint32_t leaf, uint32_t subleaf,
                                              enum cpuid_register which)
{
    static const struct {
        uint32_t first, last;
    } zero[] = {
#define CPUID_ZERO(first, last, why) {first, last},
#include "afterburn/cpuid-policy.def"
    };
    static const struct {
        uint32_t leaf;
        uint8_t subleaf, which, verdict;
    } rest[] = {
#define CPUID_REST(leaf, subleaf, register, verdict, why)                                          \
    {leaf, (uint8_t)CPUID_SUBLEAF_##subleaf, CPUID_##register, CPUID_##verdict},
#define CPUID_SUBLEAF_EVERY CPUID_EVERY
#define CPUID_SUBLEAF_0     0
#define CPUID_SUBLEAF_1     1
#include "afterburn/cpuid-policy.def"
    };
    static const struct {
        uint32_t leaf;
        uint8_t subleaf, which, bit, verdict;
    } bits[] = {
#define CPUID_BIT(leaf, subleaf, register, bit, name, verdict, why)                                \
    {leaf, (uint8_t)CPUID_SUBLEAF_##subleaf, CPUID_##register, bit, CPUID_##verdict},
#define CPUID_STATE(leaf, subleaf, register, bit, name, states, why)                               \
    CPUID_BIT(leaf, subleaf, register, bit, name, SHOW, why)
#include "afterburn/cpuid-policy.def"
    };
    struct cpuid_masks masks = {.keep = UINT32_MAX, .set = 0};

    for (unsigned i = 0; i < sizeof(zero) / sizeof(zero[0]); i++)
        if (leaf >= zero[i].first && leaf <= zero[i].last)
            return (struct cpuid_masks){.keep = 0, .set = 0};
    /* What is said of one subleaf comes behind what is said of every one. */
    for (unsigned i = 0; i < sizeof(rest) / sizeof(rest[0]); i++)
        if (rest[i].leaf == leaf && rest[i].which == which &&
            (rest[i].subleaf == CPUID_EVERY || rest[i].subleaf == subleaf))
            masks = (struct cpuid_masks){.keep = rest[i].verdict == CPUID_SHOW ? UINT32_MAX : 0,
                                         .set = rest[i].verdict == CPUID_SET ? UINT32_MAX : 0};
    for (unsigned i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
        if (bits[i].leaf == leaf && bits[i].which == which &&
            (bits[i].subleaf == CPUID_EVERY || bits[i].subleaf == subleaf))
            cpuid_mask_bit(&masks, bits[i].bit, (enum cpuid_verdict)bits[i].verdict);
    return masks;
}

/* Of what the policy shows, the bits that a place does not have: `states` are those of XCR0 that it
 * lets a guest set. */
static inline uint32_t cpuid_stateless(uint32_t leaf, uint32_t subleaf, enum cpuid_register which,
                                       uint64_t states)
{
    static const struct {
        uint32_t leaf;
        uint8_t subleaf, which, bit, states;
    } needs[] = {
#define CPUID_STATE(leaf, subleaf, register, bit, name, states, why)                               \
    {leaf, (uint8_t)CPUID_SUBLEAF_##subleaf, CPUID_##register, bit, states},
#include "afterburn/cpuid-policy.def"
    };
    uint32_t mask = 0;

    for (unsigned i = 0; i < sizeof(needs) / sizeof(needs[0]); i++)
        if (needs[i].leaf == leaf && needs[i].which == which &&
            (needs[i].subleaf == CPUID_EVERY || needs[i].subleaf == subleaf) &&
            needs[i].states & ~states)
            mask |= UINT32_C(1) << needs[i].bit;
    return mask;
}

#undef CPUID_SUBLEAF_EVERY
#undef CPUID_SUBLEAF_0
#undef CPUID_SUBLEAF_1

#endif
