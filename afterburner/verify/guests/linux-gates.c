/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the CPUID policy makes of the features that Linux's alternatives hang on. */
#include <stdio.h>
#include <string.h>

#include "afterburn/cpuid-policy.h"
#include "verify/guests/guest.h"

#define WORD_BITS 32

#define OPCODE_CALL       0xe8
#define OPCODE_JUMP       0xe9
#define OPCODE_JUMP_SHORT 0xeb

struct cpuid_bit {
    uint32_t leaf, subleaf;
    enum cpuid_register which;
    unsigned int bit;
};

static const struct {
    unsigned int word;
    uint32_t leaf, subleaf;
    enum cpuid_register which;
} words[] = {
#define LINUX_WORD(word, leaf, subleaf, register) {word, leaf, subleaf, CPUID_##register},
#include "verify/guests/linux-features.def"
};

static const struct {
    unsigned int word, bit;
    struct cpuid_bit cpuid;
    const char *why;
} follows[] = {
#define LINUX_FOLLOWS(word, bit, name, leaf, subleaf, register, cpuid_bit, why)                    \
    {word, bit, {leaf, subleaf, CPUID_##register, cpuid_bit}, why},
#include "verify/guests/linux-features.def"
};

static const struct {
    unsigned int word, bit;
    enum gate_verdict verdict;
    const char *why;
} features[] = {
#define LINUX_MAY(word, bit, name, why)   {word, bit, GATE_MAY, why},
#define LINUX_NEVER(word, bit, name, why) {word, bit, GATE_NEVER, why},
#include "verify/guests/linux-features.def"
};

static const struct {
    int bug;
    struct cpuid_bit cpuid;
    const char *why;
} bugs[] = {
#define LINUX_BUG_NOT(bug, name, leaf, subleaf, register, cpuid_bit, why)                          \
    {bug, {leaf, subleaf, CPUID_##register, cpuid_bit}, why},
#define LINUX_BUG_NEVER(bug, name, why) {bug, {0, 0, CPUID_EAX, WORD_BITS}, why},
#include "verify/guests/linux-features.def"
};

/* The bit as manuals name it. */
static const char *bit_name(const struct cpuid_bit *cpuid)
{
    static char text[64];
    static const char *const names[] = {"EAX", "EBX", "ECX", "EDX"};
    char subleaf[16] = "";

    if (cpuid->subleaf)
        snprintf(subleaf, sizeof(subleaf), ".%u", cpuid->subleaf);
    snprintf(text, sizeof(text), "CPUID %s%x%s %s bit %u", cpuid->leaf > 9 ? "0x" : "", cpuid->leaf,
             subleaf, names[cpuid->which], cpuid->bit);
    return text;
}

static int is_hidden(const struct cpuid_bit *cpuid)
{
    struct cpuid_masks masks = cpuid_policy(cpuid->leaf, cpuid->subleaf, cpuid->which);

    return !((masks.keep | masks.set) >> cpuid->bit & 1);
}

static int is_set(const struct cpuid_bit *cpuid)
{
    return cpuid_policy(cpuid->leaf, cpuid->subleaf, cpuid->which).set >> cpuid->bit & 1;
}

static void decide(struct gate *gate, enum gate_verdict verdict, const char *what, const char *why)
{
    gate->verdict = verdict;
    snprintf(gate->why, sizeof(gate->why), "%s%s%s", what, *what && *why ? ": " : "", why);
}

/* Whether a feature's flag can be set: GATE_NEVER, GATE_MAY, or GATE_UNKNOWN. */
static void judge_feature(unsigned int word, unsigned int bit, struct gate *gate)
{
    char text[128];
    int found = 0;

    for (size_t i = 0; i < sizeof(features) / sizeof(features[0]); i++)
        if (features[i].word == word && features[i].bit == bit) {
            decide(gate, features[i].verdict, "", features[i].why);
            return;
        }
    for (size_t i = 0; i < sizeof(follows) / sizeof(follows[0]); i++) {
        if (follows[i].word != word || follows[i].bit != bit)
            continue;
        snprintf(text, sizeof(text), "the policy %s %s",
                 is_hidden(&follows[i].cpuid) ? "hides" : "shows", bit_name(&follows[i].cpuid));
        if (!found || !is_hidden(&follows[i].cpuid))
            decide(gate, is_hidden(&follows[i].cpuid) ? GATE_NEVER : GATE_MAY, text,
                   follows[i].why);
        if (!is_hidden(&follows[i].cpuid))
            return;
        found = 1;
    }
    if (found)
        return;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (words[i].word == word) {
            struct cpuid_bit cpuid = {words[i].leaf, words[i].subleaf, words[i].which, bit};

            snprintf(text, sizeof(text), "the policy %s %s", is_hidden(&cpuid) ? "hides" : "shows",
                     bit_name(&cpuid));
            decide(gate, is_hidden(&cpuid) ? GATE_NEVER : GATE_MAY, text, "");
            return;
        }
    decide(gate, GATE_UNKNOWN, "nobody has said what sets this flag", "");
}

static void judge_bug(int bug, struct gate *gate)
{
    char text[128];

    for (size_t i = 0; i < sizeof(bugs) / sizeof(bugs[0]); i++) {
        if (bugs[i].bug != bug)
            continue;
        if (bugs[i].cpuid.bit == WORD_BITS) {
            decide(gate, GATE_NEVER, "", bugs[i].why);
            return;
        }
        snprintf(text, sizeof(text), "the policy %s %s", is_set(&bugs[i].cpuid) ? "sets" : "leaves",
                 bit_name(&bugs[i].cpuid));
        decide(gate, is_set(&bugs[i].cpuid) ? GATE_NEVER : GATE_MAY, text, bugs[i].why);
        return;
    }
    decide(gate, GATE_UNKNOWN, "nobody has said what sets this flag", "");
}

void linux_gate(const struct alternative *alternative, struct gate *gate)
{
    char why[sizeof(gate->why)];

    if (alternative->bug >= 0)
        judge_bug(alternative->bug, gate);
    else if (!alternative->is_feature)
        decide(gate, GATE_UNKNOWN, "the image has no names that tell features from bugs", "");
    else
        judge_feature(alternative->number / WORD_BITS, alternative->number % WORD_BITS, gate);
    if (!alternative->inverted)
        return;
    /* Applied where the flag is clear: whatever hides the flag brings the alternative. */
    memcpy(why, gate->why, sizeof(why));
    decide(gate, GATE_MAY, "it is brought where the flag is clear", "");
    snprintf(gate->why + strlen(gate->why), sizeof(gate->why) - strlen(gate->why), "; %.150s", why);
}

/* apply_alternatives of arch/x86/kernel/alternative.c: the replacement is copied as it is; of one
 * of 5 bytes that is a call or a jump the distance is set right, and a jump that can be short
 * becomes so. The rest is filled with nops. */
void linux_copy_replacement(const struct alternative *alternative, unsigned char *bytes)
{
    static const unsigned char nop_3[] = {0x0f, 0x1f, 0x00};
    unsigned int length = alternative->replacement_length;

    if (length == 5 && (bytes[0] == OPCODE_CALL || bytes[0] == OPCODE_JUMP)) {
        int32_t distance;

        memcpy(&distance, bytes + 1, sizeof(distance));
        distance += (int32_t)(alternative->replacement - alternative->original);
        memcpy(bytes + 1, &distance, sizeof(distance));
        if (bytes[0] == OPCODE_JUMP && distance + 5 >= 0 && distance + 3 <= INT8_MAX) {
            bytes[0] = OPCODE_JUMP_SHORT;
            bytes[1] = (unsigned char)(distance + 3);
            memcpy(bytes + 2, nop_3, sizeof(nop_3));
        }
    }
    if (alternative->original_length > length)
        memset(bytes + length, 0x90, alternative->original_length - length);
}
