/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One instruction, by all decoders. */
#include <Zydis/Zydis.h>
#include <capstone/capstone.h>
#include <stdio.h>
#include <string.h>

#include "decode/classify.h"
#include "decode/operands.h"
#include "decode/sensitive-table.h"
#include "decode/third-decoder.h"
#include "verify/plain.h"
#include "verify/walker.h"

enum decoder_fault {
    FAULT_UNKNOWN,
    FAULT_LENGTH,
    FAULT_CLASS,
};

static const struct {
    const char *zydis;
    enum decoder_fault fault;
    const char *opcodes, *why;
} decoder_rules[] = {
#define DECODER_RULE(zydis, fault, opcodes, why) {zydis, FAULT_##fault, opcodes, why},
#include "decode/decoder-rules.def"
};

/* The rule that explains a difference, when the third decoder agrees with Zydis at these very
 * bytes; else NULL. */
static const char *explain(const struct decoded *decoded, enum decoder_fault fault)
{
    const char *mnemonic = zydis_mnemonic(&decoded->instruction);

    for (size_t i = 0; i < sizeof(decoder_rules) / sizeof(decoder_rules[0]); i++) {
        char text[256], word[32];
        size_t length;

        if (decoder_rules[i].fault != fault || strcmp(decoder_rules[i].zydis, mnemonic) != 0)
            continue;
        length = third_decode(decoded->bytes, decoded->available, decoded->address, decoded->bits,
                              text, sizeof(text));
        if (length == decoded->instruction.length && sscanf(text, "%31s", word) == 1 &&
            word_in_list(word, decoder_rules[i].opcodes))
            return decoder_rules[i].why;
    }
    return NULL;
}

static void format_bytes(const unsigned char *bytes, size_t count, char *text)
{
    for (size_t i = 0; i < count; i++)
        sprintf(text + 3 * i, "%02x%s", bytes[i], i + 1 < count ? " " : "");
}

static void differ(struct walker *walker, const struct decoded *decoded, enum decoder_fault fault,
                   const char *how)
{
    const char *why = explain(decoded, fault);
    char bytes[3 * INSTRUCTION_MAX + 1], text[160];

    format_bytes(decoded->bytes, decoded->instruction.length, bytes);
    operands_normalised_text(&decoded->instruction, decoded->operands, text, sizeof(text));
    findings_add(&walker->verification->findings, FINDING_DECODERS_DIFFER,
                 why ? FINDING_EXPLAINED : FINDING_OPEN, decoded->address, why,
                 "%s: Zydis says `%s` (%s), Capstone %s", bytes, text,
                 sensitive_name(classify_zydis(&decoded->instruction, decoded->operands)), how);
}

int walk_decode(struct walker *walker, uint64_t address, struct decoded *decoded)
{
    const struct image_section *section = walker->section;
    struct region *region = records_region_at(&walker->verification->records, address);

    decoded->address = address;
    decoded->bits = region ? region->bits : walker->verification->image->bits;
    decoded->exemption = region ? region->exemption : AFTERBURN_EXEMPT_NOT;
    decoded->bytes = section->bytes + (address - section->address);
    decoded->available = section->size - (address - section->address);
    if (decoded->available > INSTRUCTION_MAX)
        decoded->available = INSTRUCTION_MAX;
    if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&walker->decoders.zydis[plain_mode(decoded->bits)],
                                             decoded->bytes, decoded->available,
                                             &decoded->instruction, decoded->operands)))
        return 0;
    decoded->region = region;
    return 1;
}

int walk_second_opinion(struct walker *walker, const struct decoded *decoded)
{
    int index = plain_mode(decoded->bits),
        kind = classify_zydis(&decoded->instruction, decoded->operands), other;
    cs_insn *instruction = walker->decoders.capstone[index].instruction;
    const uint8_t *code = decoded->bytes;
    size_t size = decoded->available;
    uint64_t address = decoded->address;
    char how[64];

    if (!cs_disasm_iter(walker->decoders.capstone[index].handle, &code, &size, &address,
                        instruction)) {
        differ(walker, decoded, FAULT_UNKNOWN, "cannot decode it");
    } else if (instruction->size != decoded->instruction.length) {
        snprintf(how, sizeof(how), "says %s of %u bytes", instruction->mnemonic, instruction->size);
        differ(walker, decoded, FAULT_LENGTH, how);
    } else {
        other = classify_capstone(walker->decoders.capstone[index].handle, instruction);
        if (other != kind) {
            snprintf(how, sizeof(how), "says %s (%s)", instruction->mnemonic,
                     sensitive_name(other));
            differ(walker, decoded, FAULT_CLASS, how);
            kind = kind ? kind : other; /* sensitive for one of them is sensitive */
        }
    }
    return kind;
}

void walk_undecodable(struct walker *walker, uint64_t address)
{
    const unsigned char *bytes = walker->section->bytes + (address - walker->section->address);
    size_t left = walker->section->size - (address - walker->section->address);
    char text[3 * INSTRUCTION_MAX + 1];

    format_bytes(bytes, left < 8 ? left : 8, text);
    findings_add(&walker->verification->findings, FINDING_UNDECODABLE, FINDING_OPEN, address, NULL,
                 "bytes %s", text);
}
