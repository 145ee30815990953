/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Data and fill among code: what nothing may run into. */
#include <stdio.h>
#include <string.h>

#include "decode/classify.h"
#include "verify/walker.h"

static int decodes_idle(const struct decoded *decoded)
{
    return is_padding_nop(&decoded->instruction, decoded->operands) ||
           decoded->instruction.mnemonic == ZYDIS_MNEMONIC_INT3;
}

int walk_is_idle(struct walker *walker, uint64_t address)
{
    struct decoded decoded;

    return walk_decode(walker, address, &decoded) && decodes_idle(&decoded);
}

int walk_may_go_on(const struct decoded *decoded, int falls)
{
    if (decodes_idle(decoded))
        return falls;
    switch (decoded->instruction.mnemonic) {
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
        return decoded->instruction.meta.category != ZYDIS_CATEGORY_UNCOND_BR &&
               decoded->instruction.meta.category != ZYDIS_CATEGORY_RET;
    }
}

static void runs_into_data(struct walker *walker, uint64_t address, const char *how)
{
    findings_add(&walker->verification->findings, FINDING_RUNS_INTO_DATA, FINDING_OPEN, address,
                 NULL, "%s", how);
}

#define INT3 0xcc

uint64_t walk_pass_data(struct walker *walker, uint64_t address, uint64_t limit,
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

/* Whether no-operations from a place that was decoded lead to data. */
static int slides_into_data(struct walker *walker, uint64_t address, const unsigned char *known)
{
    const struct image_section *section = walker->section;

    while (address - section->address < section->size) {
        struct decoded decoded;

        if (known[address - section->address] == KNOWN_DATA)
            return 1;
        if (!walk_decode(walker, address, &decoded) || !decodes_idle(&decoded))
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

void walk_check_branch_to_data(struct walker *walker, uint64_t target, const unsigned char *known)
{
    if (slides_into_data(walker, target, known))
        runs_into_data(walker, target, "from a branch");
}

void walk_check_named_code(struct walker *walker, unsigned char **known)
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
