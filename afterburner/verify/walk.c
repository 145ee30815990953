/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "verify/walk.h"
#include "image/search.h"

#include <Zydis/Zydis.h>
#include <capstone/capstone.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/memory.h"
#include "decode/classify.h"
#include "decode/excluded.h"
#include "decode/operands.h"
#include "decode/sensitive-table.h"
#include "decode/third-decoder.h"
#include "image/segments.h"
#include "verify/plain.h"

#define INSTRUCTION_MAX 15

struct addresses {
    uint64_t *list;
    size_t count, capacity;
};

struct walker {
    struct verification *verification;
    const struct image_section *section;
    struct section_count *counts;
    struct addresses starts;  /* of decoding, in all sections: sorted */
    struct addresses targets; /* of direct branches, in all sections */
    int falls;                /* what was decoded last may go on behind its end */
    uint64_t looked_until;    /* in the section: what is before that is no fill up to a start */
    struct plain_decoders decoders;
};

struct decoded {
    uint64_t address;
    int bits, exemption;
    struct region *region; /* around it, or NULL */
    ZydisDecodedInstruction instruction;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    const unsigned char *bytes;
    size_t available;
};

static void add_address(struct addresses *addresses, uint64_t address)
{
    memory_grow((void **)&addresses->list, &addresses->capacity, addresses->count,
                sizeof(uint64_t));
    addresses->list[addresses->count++] = address;
}

static int compare_addresses(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static void sort_unique(struct addresses *addresses)
{
    size_t kept = 0;

    if (addresses->count)
        qsort(addresses->list, addresses->count, sizeof(uint64_t), compare_addresses);
    for (size_t i = 0; i < addresses->count; i++)
        if (i == 0 || addresses->list[i] != addresses->list[kept - 1])
            addresses->list[kept++] = addresses->list[i];
    addresses->count = kept;
}

/* --- One instruction, all decoders
 * ------------------------------------------------------------------------------------ */

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

/* Decodes with Zydis; 0 when it cannot. */
static int decode(struct walker *walker, uint64_t address, struct decoded *decoded)
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

/* Capstone's view of what Zydis decoded: differences become findings. Gives the entry both agree
 * on, or Zydis's when the difference is explained or reported. */
static int second_opinion(struct walker *walker, const struct decoded *decoded)
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

/* --- What an instruction must satisfy
 * --------------------------------------------------------------------------------- */

static void check_sensitive(struct walker *walker, const struct decoded *decoded, int kind)
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

    add_address(&walker->targets, target);
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
            add_address(&walker->targets, operand->ptr.offset); /* in whatever segment it is */
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

/* Instructions without an entry that nobody knows how to bind. What Capstone says does not matter:
 * it takes some of them for others, which are innocuous. Gives whether it is one. */
static int check_excluded(struct walker *walker, const struct decoded *decoded)
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

/* --- Walking
 * ----------------------------------------------------------------------------------------------------------
 */

/* What is known of a byte of a section. */
enum {
    KNOWN_START = 1, /* decoding began there */
    KNOWN_DATA,      /* data or fill, not decoded */
};

static int decodes_idle(const ZydisDecodedInstruction *instruction)
{
    return instruction->mnemonic == ZYDIS_MNEMONIC_NOP ||
           instruction->mnemonic == ZYDIS_MNEMONIC_INT3;
}

/* Whether there is a nop or int3, which can be fill. */
static int is_idle(struct walker *walker, uint64_t address)
{
    struct decoded decoded;

    return decode(walker, address, &decoded) && decodes_idle(&decoded.instruction);
}

/* Whether execution may go on behind an instruction. A nop or int3 behind one that does not is fill
 * like it: neither changes it. */
static int may_go_on(const ZydisDecodedInstruction *instruction, int falls)
{
    switch (instruction->mnemonic) {
    case ZYDIS_MNEMONIC_NOP:
    case ZYDIS_MNEMONIC_INT3:
        return falls;
    case ZYDIS_MNEMONIC_UD0:
    case ZYDIS_MNEMONIC_UD1:
    case ZYDIS_MNEMONIC_UD2:
    case ZYDIS_MNEMONIC_IRET:
    case ZYDIS_MNEMONIC_IRETD:
    case ZYDIS_MNEMONIC_IRETQ:
    case ZYDIS_MNEMONIC_SYSRET:
    case ZYDIS_MNEMONIC_SYSEXIT:
        return 0;
    default:
        return instruction->meta.category != ZYDIS_CATEGORY_UNCOND_BR &&
               instruction->meta.category != ZYDIS_CATEGORY_RET;
    }
}

static void runs_into_data(struct walker *walker, uint64_t address, const char *how)
{
    findings_add(&walker->verification->findings, FINDING_RUNS_INTO_DATA, FINDING_OPEN, address,
                 NULL, "%s", how);
}

#define INT3 0xcc

/* Data by a region, or zeros and int3 up to `limit`, where decoding begins afresh, that nothing
 * goes on into: notes it and gives its end. Else gives `address`. Zeros and int3 are no sensitive
 * instruction, wherever decoding begins in them.
 */
static uint64_t pass_data(struct walker *walker, uint64_t address, uint64_t limit,
                          unsigned char *known)
{
    const struct image_section *section = walker->section;
    const struct region *region = records_region_at(&walker->verification->records, address);
    unsigned char *flags = known + (address - section->address);
    uint64_t end = address;

    if (region && region->exemption == AFTERBURN_EXEMPT_DATA) {
        if (walker->falls)
            runs_into_data(walker, address, "from the instruction in front of it");
        end = region->end < limit ? region->end : limit;
        walker->verification->data += end - address;
    } else if (!walker->falls) {
        if (address < walker->looked_until)
            return address;
        while (end < limit && (section->bytes[end - section->address] == 0 ||
                               section->bytes[end - section->address] == INT3))
            end++;
        if (end < limit) {
            walker->looked_until = end;
            return address;
        }
        walker->verification->fill += end - address;
    }
    memset(flags, KNOWN_DATA, end - address);
    walker->falls = 0;
    return end;
}

static void undecodable(struct walker *walker, uint64_t address)
{
    const unsigned char *bytes = walker->section->bytes + (address - walker->section->address);
    size_t left = walker->section->size - (address - walker->section->address);
    char text[3 * INSTRUCTION_MAX + 1];

    format_bytes(bytes, left < 8 ? left : 8, text);
    findings_add(&walker->verification->findings, FINDING_UNDECODABLE, FINDING_OPEN, address, NULL,
                 "bytes %s", text);
}

/* The site that begins at an address and is bound, or NULL: of its span only the patch runs, which
 * check_patches decodes. */
static const struct site *bound_at(const struct verification *verification, uint64_t address)
{
    const struct site *site =
        verification->bound ? records_site_at(&verification->records, address) : NULL;
    const struct bound_site *bound = NULL;

    if (site && site->start == address && verification->bound->neutral)
        bound = bound_site(verification, site);
    return bound && bound->patch.length ? site : NULL;
}

/* Decodes from `address` until `limit` or a byte where decoding already began. `known` has a flag
 * for each byte of the section. Gives where it stopped. */
static uint64_t walk_from(struct walker *walker, uint64_t address, uint64_t limit,
                          unsigned char *known)
{
    while (address < limit) {
        unsigned char *flag = &known[address - walker->section->address];
        const struct site *bound = bound_at(walker->verification, address);
        struct decoded decoded;
        int kind;

        if (*flag)
            return address;
        if (!walker->falls) {
            uint64_t behind = pass_data(walker, address, limit, known);

            if (behind != address) {
                address = behind;
                continue;
            }
        }
        *flag = KNOWN_START;
        if (bound) {
            walker->falls = 1;
            walker->verification->instructions++;
            walker->counts->instructions++;
            address = bound->end;
            continue;
        }
        if (!decode(walker, address, &decoded)) {
            undecodable(walker, address);
            walker->falls = 1;
            return address + 1;
        }
        if (decoded.region)
            decoded.region->instructions++;
        walker->falls = may_go_on(&decoded.instruction, walker->falls);
        walker->verification->instructions++;
        walker->counts->instructions++;
        kind = check_excluded(walker, &decoded) ? SENSITIVE_NONE : second_opinion(walker, &decoded);
        if (kind)
            check_sensitive(walker, &decoded, kind);
        note_branch(walker, &decoded);
        note_addresses(walker, &decoded);
        address += decoded.instruction.length;
    }
    return address;
}

/* Where decoding must begin afresh, in all sections: sorted. */
static void collect_starts(struct walker *walker)
{
    const struct verification *verification = walker->verification;
    const struct image *image = verification->image;
    struct addresses *starts = &walker->starts;

    if (!image->relocatable)
        add_address(starts, image->entry);
    for (size_t i = 0; i < image->symbol_count; i++) {
        const struct image_section *section = &image->sections[image->symbols[i].section];

        /* Behind its section's end it names no code there, whatever comes next. */
        if (section->executable && image->symbols[i].address >= section->address &&
            image->symbols[i].address - section->address < section->size)
            add_address(starts, image->symbols[i].address);
    }
    for (size_t i = 0; i < verification->records.site_count; i++)
        add_address(starts, verification->records.sites[i].start);
    for (size_t i = 0; i < verification->records.region_count; i++) {
        add_address(starts, verification->records.regions[i].start);
        add_address(starts, verification->records.regions[i].end);
    }
    for (size_t i = 0; i < verification->tables.target_count; i++)
        add_address(starts, verification->tables.targets[i].address);
    for (size_t i = 0; i < verification->tables.alternative_count; i++) {
        add_address(starts, verification->tables.alternatives[i].original);
        if (verification->tables.alternatives[i].replacement_length)
            add_address(starts, verification->tables.alternatives[i].replacement);
    }
    sort_unique(starts);
}

/* The first start behind `address`; the number of starts when there is none. */
static size_t start_behind(const struct addresses *starts, uint64_t address)
{
    return search_up_to(starts->list, starts->count, sizeof(*starts->list), address);
}

static const char *symbol_at(const struct verification *verification, uint64_t address)
{
    const struct image *image = verification->image;
    size_t index = image_symbols_from(image, address);

    return index < image->symbol_count && image->symbols[index].address == address
               ? image->symbols[index].name
               : NULL;
}

/* Walks a section: from each start to the next, then from branch targets that fell between
 * instructions. */
static void walk_section(struct walker *walker, unsigned char *known)
{
    const struct image_section *section = walker->section;
    uint64_t end = section->address + section->size, at = section->address;
    size_t next = start_behind(&walker->starts, at);

    while (at < end) {
        uint64_t limit = next < walker->starts.count && walker->starts.list[next] < end
                             ? walker->starts.list[next]
                             : end;
        const char *symbol;

        next++;
        at = pass_data(walker, at, limit, known);
        /* Something leads to what has a name, unless that names the end of what was before. */
        walker->falls |= at < limit && !is_idle(walker, at);
        while (at < limit)
            at = walk_from(walker, at, limit, known);
        if (at != limit && limit != end) {
            symbol = symbol_at(walker->verification, limit);
            findings_add(
                &walker->verification->findings, FINDING_SYMBOL_IN_INSTRUCTION, FINDING_OPEN, limit,
                NULL, "%s is %llu bytes before the end of the instruction around it",
                symbol ? symbol : "a place a table names", (unsigned long long)(at - limit));
        }
        at = limit;
    }
}

static int is_executable(const struct image_section *section)
{
    return section->executable && section->bytes && section->size;
}

/* Whether no-operations from a place that was decoded lead to data. */
static int slides_into_data(struct walker *walker, uint64_t address, const unsigned char *known)
{
    const struct image_section *section = walker->section;

    while (address - section->address < section->size) {
        struct decoded decoded;

        if (known[address - section->address] == KNOWN_DATA)
            return 1;
        if (!decode(walker, address, &decoded) || !decodes_idle(&decoded.instruction))
            return 0;
        address += decoded.instruction.length;
    }
    return 0;
}

/* Something that is called or jumped to in ways that are not followed. */
static void check_is_code(struct walker *walker, uint64_t address, unsigned char **known,
                          const char *name)
{
    const struct image *image = walker->verification->image;
    const struct image_section *section = image_section_at(image, address);
    const unsigned char *flags = section ? known[section - image->sections] : NULL;
    char how[128];

    if (!flags)
        return;
    walker->section = section;
    if (!slides_into_data(walker, address, flags))
        return;
    snprintf(how, sizeof(how), "by %s", name);
    runs_into_data(walker, address, how);
}

/* Decodes from a place in whatever executable section it lies. `known` has one list of flags for
 * each section that is decoded, `counts` the section's counts; both by section. */
static void walk_target(struct walker *walker, uint64_t target, unsigned char **known,
                        const size_t *counts)
{
    const struct image *image = walker->verification->image;
    const struct image_section *section = image_section_at(image, target);
    size_t index = section ? (size_t)(section - image->sections) : 0;

    if (!section || !known[index])
        return;
    walker->section = section;
    walker->counts = &walker->verification->sections[counts[index]];
    if (slides_into_data(walker, target, known[index]))
        runs_into_data(walker, target, "from a branch");
    walker->falls = 1;
    walker->looked_until = 0;
    walk_from(walker, target, section->address + section->size, known[index]);
}

/* Functions, the entry and what a table of the guest names are code, whatever a region says. */
static void check_named_code(struct walker *walker, unsigned char **known)
{
    const struct verification *verification = walker->verification;
    const struct image *image = verification->image;

    for (size_t i = 0; i < image->symbol_count; i++)
        if (image->symbols[i].is_function)
            check_is_code(walker, image->symbols[i].address, known, image->symbols[i].name);
    for (size_t i = 0; i < verification->tables.target_count; i++)
        check_is_code(walker, verification->tables.targets[i].address, known,
                      "a table of the guest");
    if (!image->relocatable)
        check_is_code(walker, image->entry, known, "the image's entry");
}

int walk_image(struct verification *verification)
{
    const struct image *image = verification->image;
    struct walker walker = {.verification = verification};
    unsigned char **known;
    size_t *counts;

    if (plain_open(&walker.decoders) < 0) {
        plain_close(&walker.decoders);
        return -1;
    }
    known = memory_allocate(image->section_count * sizeof(*known));
    counts = memory_allocate(image->section_count * sizeof(*counts));
    verification->sections =
        memory_allocate(image->section_count * sizeof(*verification->sections));
    collect_starts(&walker);
    for (size_t i = 0; i < image->section_count; i++) {
        known[i] = NULL;
        if (!is_executable(&image->sections[i]))
            continue;
        known[i] = memory_allocate(image->sections[i].size);
        memset(known[i], 0, image->sections[i].size);
        counts[i] = verification->section_count;
        walker.section = &image->sections[i];
        walker.counts = &verification->sections[verification->section_count++];
        *walker.counts = (struct section_count){.section = walker.section};
        walker.falls = 0;
        walker.looked_until = 0;
        walk_section(&walker, known[i]);
    }
    /* Branch targets between instructions: decode what a CPU would meet there too, until nothing
     * new turns up. */
    for (size_t i = 0; i < walker.targets.count; i++)
        walk_target(&walker, walker.targets.list[i], known, counts);
    check_named_code(&walker, known);
    for (size_t i = 0; i < image->section_count; i++)
        free(known[i]);
    free(known);
    free(counts);
    free(walker.starts.list);
    free(walker.targets.list);
    plain_close(&walker.decoders);
    return 0;
}
