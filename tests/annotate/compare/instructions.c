/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Instructions are the same when their bytes are, but for the fields that say where something is:
 * of those, the places must be the same. Relocated fields are compare_relocations' business. */
#include <stdio.h>
#include <string.h>

#include "compare.h"
#include "decode/operands.h"

#define LONGEST 15

struct decoded {
    ZydisDecodedInstruction instruction;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    int known;
    int relocated;
    uint64_t target;              /* of a field that the linker does not fill in; 0 without one */
    uint64_t end;                 /* where the target is counted from */
    unsigned char bytes[LONGEST]; /* the fields that say where something is as 0 */
    unsigned char masked[LONGEST];
};

static void mask(struct decoded *decoded, size_t from, size_t length)
{
    for (size_t i = from; i < from + length && i < LONGEST; i++) {
        decoded->bytes[i] = 0;
        decoded->masked[i] = 1;
    }
}

static void decode(const struct part *part, const struct kept *kept, struct decoded *decoded)
{
    uint64_t offset = kept->address - part->section->address;
    const ZydisDecodedInstruction *instruction = &decoded->instruction;

    memset(decoded, 0, sizeof(*decoded));
    memcpy(decoded->bytes, part->bytes + offset, kept->length);
    decoded->known =
        decode_at(part, kept->address, kept->bits, &decoded->instruction, decoded->operands);
    for (size_t i = relocation_at(part, offset);
         i < part->relocation_count && part->relocations[i]->address < offset + kept->length; i++) {
        decoded->relocated = 1;
        mask(decoded, part->relocations[i]->address - offset,
             bfd_get_reloc_size(part->relocations[i]->howto));
    }
    if (!decoded->known)
        return;
    for (int i = 0; i < instruction->operand_count_visible; i++) {
        const ZydisDecodedOperand *operand = &decoded->operands[i];
        int branch = operand->type == ZYDIS_OPERAND_TYPE_IMMEDIATE;
        size_t at = branch ? instruction->raw.imm[0].offset : instruction->raw.disp.offset;
        uint64_t target;

        if (!relative_target(instruction, operand, kept->address, &target) || decoded->masked[at])
            continue;
        mask(decoded, at, (branch ? instruction->raw.imm[0].size : instruction->raw.disp.size) / 8);
        decoded->target = target;
        decoded->end = kept->address + kept->length;
    }
}

/* The same place, or none in the object at the same distance. */
static int same_target(const struct pair *pair, const struct decoded *a, const struct decoded *b)
{
    if (is_outside(&pair->plain, a->target) && is_outside(&pair->annotated, b->target))
        return a->target - a->end == b->target - b->end;
    return same_place(pair, a->target, b->target);
}

/* A short branch becomes a long one where what it jumps over has grown, and the other way round
 * where less fill is needed. */
static int has_grown(const struct decoded *a, const struct decoded *b)
{
    return a->known && b->known && a->target && b->target && !a->relocated && !b->relocated &&
           a->instruction.mnemonic == b->instruction.mnemonic &&
           a->instruction.meta.branch_type + b->instruction.meta.branch_type ==
               ZYDIS_BRANCH_TYPE_SHORT + ZYDIS_BRANCH_TYPE_NEAR &&
           a->instruction.raw.prefix_count == b->instruction.raw.prefix_count;
}

/* Two prefixes of a site in the other order: `rep; insw` is two statements, of which the annotator
 * makes one. */
static int has_other_order(const struct decoded *a, const struct decoded *b)
{
    unsigned char p[LONGEST], q[LONGEST];

    memcpy(p, a->bytes, LONGEST);
    memcpy(q, b->bytes, LONGEST);
    if (!a->known || !b->known || a->instruction.raw.prefix_count != 2 ||
        b->instruction.raw.prefix_count != 2 || a->instruction.raw.rex.offset ||
        b->instruction.raw.rex.offset)
        return 0;
    q[0] = b->bytes[1];
    q[1] = b->bytes[0];
    return memcmp(p, q, LONGEST) == 0;
}

/* The finished kernel's size as an immediate of 32 bits. */
static int has_other_size(const struct pair *pair, const struct decoded *a, const struct decoded *b)
{
    size_t at = a->instruction.raw.imm[0].offset;
    uint32_t p, q;

    if (!pair->sizes[0] || !a->known || !b->known || a->instruction.raw.imm[0].size != 32 ||
        a->instruction.length != b->instruction.length || at != b->instruction.raw.imm[0].offset ||
        a->masked[at])
        return 0;
    memcpy(&p, a->bytes + at, sizeof(p));
    memcpy(&q, b->bytes + at, sizeof(q));
    return p == pair->sizes[0] && q == pair->sizes[1] && memcmp(a->bytes, b->bytes, at) == 0;
}

static int same_instruction(const struct pair *pair, const struct part *x, const struct kept *a,
                            const struct part *y, const struct kept *b)
{
    struct decoded p, q;

    decode(x, a, &p);
    decode(y, b, &q);
    if (!p.target != !q.target || (p.target && !same_target(pair, &p, &q)))
        return 0;
    if (a->length == b->length && memcmp(p.bytes, q.bytes, LONGEST) == 0 &&
        memcmp(p.masked, q.masked, LONGEST) == 0)
        return 1;
    if (has_grown(&p, &q) || (is_nop(x, a) && is_nop(y, b) && is_other_label(pair, a, b))) {
        figures.grown_branches++;
        return 1;
    }
    if (has_other_size(pair, &p, &q)) {
        figures.sizes++;
        return 1;
    }
    if (a->length == b->length && has_other_order(&p, &q) &&
        records_site_at(&pair->annotated.records, b->address)) {
        figures.other_orders++;
        return 1;
    }
    return 0;
}

static void print_instruction(const struct part *part, size_t index)
{
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    ZydisDecodedInstruction instruction;
    char text[160] = "(undecodable)";

    if (index >= part->kept_count) {
        printf("    %s: its end\n", part->section->name);
        return;
    }
    if (decode_at(part, part->kept[index].address, part->kept[index].bits, &instruction, operands))
        operands_normalised_text(&instruction, operands, text, sizeof(text));
    printf("    %s+0x%llx: %s\n", part->section->name,
           (unsigned long long)(part->kept[index].address - part->section->address), text);
}

int compare_instructions(const struct pair *pair, const struct part *plain,
                         const struct part *annotated)
{
    for (size_t i = 0; i < plain->kept_count || i < annotated->kept_count; i++) {
        figures.instructions++;
        if (i < plain->kept_count && i < annotated->kept_count &&
            same_instruction(pair, plain, &plain->kept[i], annotated, &annotated->kept[i]))
            continue;
        differ(pair, "instruction %zu of %s", i, plain->section->name);
        print_instruction(plain, i);
        print_instruction(annotated, i);
        return 1;
    }
    return 0;
}
