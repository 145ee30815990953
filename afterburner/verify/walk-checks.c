/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What each instruction must satisfy. */
#include <stdio.h>

#include "decode/excluded.h"
#include "decode/operands.h"
#include "decode/sensitive-table.h"
#include "image/segments.h"
#include "verify/walker.h"

void walk_check_sensitive(struct walker *walker, const struct decoded *decoded, int kind)
{
    const struct site *site = records_site_at(&walker->verification->records, decoded->address);
    const char *exempt = exemption_text(decoded->exemption);
    char text[160];

    walker->verification->by_entry[kind]++;
    walker->counts->sensitive++;
    if (site && site->instruction == decoded->address &&
        site->record.length == decoded->instruction.length && site->record.bits == decoded->bits)
        return; /* check_records compares the rest */
    operands_normalised_text(&decoded->instruction, decoded->operands, text, sizeof(text));
    if (!site)
        findings_add(&walker->verification->findings, FINDING_UNANNOTATED,
                     exempt ? FINDING_EXEMPT : FINDING_OPEN, decoded->address, exempt, "`%s` (%s)",
                     text, sensitive_name(kind));
    else
        findings_add(&walker->verification->findings, FINDING_SITE_MISMATCH, FINDING_OPEN,
                     decoded->address, NULL, "`%s` (%s) is not where the record says", text,
                     sensitive_name(kind));
    findings_set_entry(&walker->verification->findings, kind);
}

/* A direct branch to bytes of the image that are not decoded: whatever they are, they would run. */
static void leave_code(struct walker *walker, const struct decoded *decoded, uint64_t target)
{
    const struct image_section *section = image_section_at(walker->verification->image, target);

    if (!section && segments_executable(walker->verification->image, target, 1))
        findings_add(&walker->verification->findings, FINDING_BRANCH_OUT_OF_CODE, FINDING_OPEN,
                     decoded->address, NULL, "to 0x%llx, which is loaded, but in no section",
                     (unsigned long long)target);
    if (section && !section->executable)
        findings_add(&walker->verification->findings, FINDING_BRANCH_OUT_OF_CODE, FINDING_OPEN,
                     decoded->address, NULL, "to 0x%llx in %s", (unsigned long long)target,
                     section->name);
}

/* A near branch does not change how code decodes: where regions say that its target has other bits,
 * they are wrong about one of the two, and the target was decoded as what it will not run as. */
static void change_bits(struct walker *walker, const struct decoded *decoded, uint64_t target)
{
    const struct verification *verification = walker->verification;
    const struct image_section *section = image_section_at(verification->image, target);
    int bits = records_bits_at(&verification->records, verification->image, target);

    if (section && section->executable && bits != decoded->bits)
        findings_add(&walker->verification->findings, FINDING_BRANCH_CHANGES_BITS, FINDING_OPEN,
                     decoded->address, NULL, "from %d-bit code to 0x%llx, which is of %d bits",
                     decoded->bits, (unsigned long long)target, bits);
}

static void note_target(struct walker *walker, const struct decoded *decoded, uint64_t target)
{
    const struct site *site = records_site_around(&walker->verification->records, target);
    char text[160];

    addresses_add(&walker->targets, target);
    if (walker->verification->bound &&
        guest_in_replacement(&walker->verification->tables, target) &&
        !guest_in_replacement(&walker->verification->tables, decoded->address))
        findings_add(&walker->verification->findings, FINDING_ALTERNATIVE_UNGATED, FINDING_OPEN,
                     decoded->address, NULL,
                     "a branch to 0x%llx runs a replacement where it lies, where no site is bound",
                     (unsigned long long)target);
    leave_code(walker, decoded, target);
    change_bits(walker, decoded, target);
    if (!site)
        return;
    operands_normalised_text(&decoded->instruction, decoded->operands, text, sizeof(text));
    findings_add(&walker->verification->findings, FINDING_BRANCH_INTO_SITE, FINDING_OPEN,
                 decoded->address, NULL, "`%s` lands 0x%llx bytes into the %s site at 0x%llx", text,
                 (unsigned long long)(target - site->start), sensitive_name(site->record.kind),
                 (unsigned long long)site->start);
}

/* Where a direct branch goes. Zydis cuts the target to the width of IP; 16- and 32-bit code of an
 * image that is linked higher goes by the distance, whatever addresses it runs at: both count. */
static void note_branch(struct walker *walker, const struct decoded *decoded)
{
    for (int i = 0; i < decoded->instruction.operand_count_visible; i++) {
        const ZydisDecodedOperand *operand = &decoded->operands[i];
        uint64_t target =
            decoded->address + decoded->instruction.length + (uint64_t)operand->imm.value.s;
        ZyanU64 cut;

        if (operand->type == ZYDIS_OPERAND_TYPE_POINTER && decoded->bits != 16)
            addresses_add(&walker->targets, operand->ptr.offset); /* in whatever segment it is */
        if (operand->type != ZYDIS_OPERAND_TYPE_IMMEDIATE || !operand->imm.is_relative)
            continue;
        if (walker->verification->image->bits == 32)
            target &= UINT32_MAX;
        note_target(walker, decoded, target);
        if (ZYAN_SUCCESS(
                ZydisCalcAbsoluteAddress(&decoded->instruction, operand, decoded->address, &cut)) &&
            cut != target)
            note_target(walker, decoded, cut);
    }
}

/* Whether an operand of 32 bits or more is an address that a program could jump to, as far as one
 * can tell: an immediate, an address relative to the instruction, or one that stands alone.
 * `immediate` is which of the instruction's immediates this would be. */
static int is_address(const struct walker *walker, const struct decoded *decoded,
                      const ZydisDecodedOperand *operand, int immediate, uint64_t *address)
{
    const ZydisDecodedInstruction *instruction = &decoded->instruction;
    uint64_t field, size;

    if (operand->type == ZYDIS_OPERAND_TYPE_POINTER) {
        *address = operand->ptr.offset;
        field = instruction->raw.imm[0].offset;
        size = instruction->raw.imm[0].size;
    } else if (operand->type == ZYDIS_OPERAND_TYPE_IMMEDIATE && !operand->imm.is_relative &&
               immediate < 2) {
        *address = operand->imm.is_signed ? (uint64_t)operand->imm.value.s : operand->imm.value.u;
        field = instruction->raw.imm[immediate].offset;
        size = instruction->raw.imm[immediate].size;
    } else if (operand->type == ZYDIS_OPERAND_TYPE_MEMORY &&
               (operand->mem.base == ZYDIS_REGISTER_RIP ||
                operand->mem.base == ZYDIS_REGISTER_EIP)) {
        *address = decoded->address + instruction->length + (uint64_t)operand->mem.disp.value;
        return operand->mem.index == ZYDIS_REGISTER_NONE;
    } else if (operand->type == ZYDIS_OPERAND_TYPE_MEMORY &&
               operand->mem.base == ZYDIS_REGISTER_NONE &&
               operand->mem.index == ZYDIS_REGISTER_NONE &&
               operand->mem.segment != ZYDIS_REGISTER_FS &&
               operand->mem.segment != ZYDIS_REGISTER_GS) {
        *address = (uint64_t)operand->mem.disp.value;
        field = instruction->raw.disp.offset;
        size = instruction->raw.disp.size;
    } else {
        return 0;
    }
    if (walker->verification->image->bits == 32)
        *address &= UINT32_MAX;
    return size >= 32 && records_site_around(&walker->verification->records, *address) &&
           image_is_relocated(walker->verification->image, walker->section,
                              decoded->address + field, size / 8);
}

/* An address inside a site, made by an instruction: an indirect branch may go there. */
static void note_addresses(struct walker *walker, const struct decoded *decoded)
{
    int immediates = 0;

    for (int i = 0; i < decoded->instruction.operand_count_visible; i++) {
        const ZydisDecodedOperand *operand = &decoded->operands[i];
        const struct site *site;
        uint64_t address;
        char text[160];

        if (!is_address(walker, decoded, operand, immediates, &address) ||
            !(site = records_site_around(&walker->verification->records, address))) {
            immediates += operand->type == ZYDIS_OPERAND_TYPE_IMMEDIATE;
            continue;
        }
        immediates += operand->type == ZYDIS_OPERAND_TYPE_IMMEDIATE;
        operands_normalised_text(&decoded->instruction, decoded->operands, text, sizeof(text));
        findings_add(&walker->verification->findings, FINDING_ADDRESS_INTO_SITE, FINDING_OPEN,
                     decoded->address, NULL,
                     "`%s` has an address 0x%llx bytes into the %s site at 0x%llx", text,
                     (unsigned long long)(address - site->start), sensitive_name(site->record.kind),
                     (unsigned long long)site->start);
    }
}

int walk_check_excluded(struct walker *walker, const struct decoded *decoded)
{
    const struct excluded *excluded = excluded_zydis(&decoded->instruction);
    const char *exempt = exemption_text(decoded->exemption);
    char text[160];

    if (!excluded || excluded->verdict != EXCLUDED_REPORTED)
        return 0;
    operands_normalised_text(&decoded->instruction, decoded->operands, text, sizeof(text));
    findings_add(&walker->verification->findings, FINDING_EXCLUDED,
                 exempt ? FINDING_EXEMPT : FINDING_OPEN, decoded->address, exempt, "`%s`: %s", text,
                 excluded->why);
    return 1;
}

void walk_check_targets(struct walker *walker, const struct decoded *decoded)
{
    note_branch(walker, decoded);
    note_addresses(walker, decoded);
}
