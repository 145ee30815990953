/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "verify/walk.h"

#include <stdlib.h>
#include <string.h>

#include "cli/memory.h"
#include "decode/sensitive-table.h"
#include "image/search.h"
#include "verify/walker.h"

void addresses_add(struct addresses *addresses, uint64_t address)
{
    memory_grow((void **)&addresses->list, &addresses->capacity, addresses->count,
                sizeof(uint64_t));
    addresses->list[addresses->count++] = address;
}

static void sort_unique(struct addresses *addresses)
{
    size_t kept = 0;

    if (addresses->count)
        qsort(addresses->list, addresses->count, sizeof(uint64_t), search_compare);
    for (size_t i = 0; i < addresses->count; i++)
        if (i == 0 || addresses->list[i] != addresses->list[kept - 1])
            addresses->list[kept++] = addresses->list[i];
    addresses->count = kept;
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

/* Whether a site begins inside an instruction: run so, the code does not meet the site whole, and
 * meets something else once it is bound. */
static int cuts_site(const struct records *records, const struct decoded *decoded)
{
    size_t next = search_up_to(records->sites, records->site_count, sizeof(*records->sites),
                               decoded->address);

    return next < records->site_count &&
           records->sites[next].start < decoded->address + decoded->instruction.length;
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
            uint64_t behind = walk_pass_data(walker, address, limit, known);

            if (behind != address) {
                address = behind;
                continue;
            }
        }
        *flag = KNOWN_START;
        walker->last = address;
        if (bound) {
            walker->falls = 1;
            walker->verification->instructions++;
            walker->counts->instructions++;
            address = bound->end;
            continue;
        }
        if (!walk_decode(walker, address, &decoded)) {
            walk_undecodable(walker, address);
            walker->falls = 1;
            return address + 1;
        }
        if (cuts_site(&walker->verification->records, &decoded))
            findings_add(&walker->verification->findings, FINDING_SYMBOL_IN_INSTRUCTION,
                         FINDING_OPEN, address, NULL, "a site begins inside this instruction");
        if (decoded.region)
            decoded.region->instructions++;
        walker->falls = walk_may_go_on(&decoded, walker->falls);
        walker->verification->instructions++;
        walker->counts->instructions++;
        kind = walk_check_excluded(walker, &decoded) ? SENSITIVE_NONE
                                                     : walk_second_opinion(walker, &decoded);
        if (kind)
            walk_check_sensitive(walker, &decoded, kind);
        walk_check_targets(walker, &decoded);
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
        addresses_add(starts, image->entry);
    for (size_t i = 0; i < image->symbol_count; i++) {
        const struct image_section *section = &image->sections[image->symbols[i].section];

        /* Behind its section's end it names no code there, whatever comes next. */
        if (section->executable && image->symbols[i].address >= section->address &&
            image->symbols[i].address - section->address < section->size)
            addresses_add(starts, image->symbols[i].address);
    }
    for (size_t i = 0; i < verification->records.site_count; i++)
        addresses_add(starts, verification->records.sites[i].start);
    for (size_t i = 0; i < verification->records.region_count; i++) {
        addresses_add(starts, verification->records.regions[i].start);
        addresses_add(starts, verification->records.regions[i].end);
    }
    for (size_t i = 0; i < verification->tables.target_count; i++)
        addresses_add(starts, verification->tables.targets[i].address);
    for (size_t i = 0; i < verification->tables.alternative_count; i++) {
        addresses_add(starts, verification->tables.alternatives[i].original);
        if (verification->tables.alternatives[i].replacement_length)
            addresses_add(starts, verification->tables.alternatives[i].replacement);
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

/* Whether a table of the guest's names a place, which the guest may write over. */
static int in_a_table(const struct guest_tables *tables, uint64_t address)
{
    for (size_t i = 0; i < tables->target_count; i++)
        if (tables->targets[i].address == address)
            return 1;
    for (size_t i = 0; i < tables->alternative_count; i++)
        if (tables->alternatives[i].original == address ||
            tables->alternatives[i].replacement == address)
            return 1;
    return 0;
}

/* Why an instruction at `start`, inside the one that was decoded last and goes on to `end`, is no
 * sign that bytes in front led the decoding astray; or NULL. Both begin at a symbol, and nothing
 * else tells what is there: the code is to be run both ways, and is decoded both ways. */
static const char *overlap_explained(const struct walker *walker, uint64_t end, uint64_t start)
{
    const struct verification *verification = walker->verification;
    const struct image *image = verification->image;
    const struct records *records = &verification->records;
    int bits = records_bits_at(records, image, start);

    return symbol_at(verification, start) && symbol_at(verification, walker->last) &&
                   bits == records_bits_at(records, image, walker->last) &&
                   bits == records_bits_at(records, image, end) &&
                   !in_a_table(&verification->tables, start)
               ? "both begin at a symbol; both ways are decoded"
               : NULL;
}

static void check_overlap(struct walker *walker, uint64_t end, uint64_t start)
{
    struct verification *verification = walker->verification;
    const char *symbol = symbol_at(verification, start);
    const char *why = overlap_explained(walker, end, start);

    findings_add(&verification->findings, FINDING_SYMBOL_IN_INSTRUCTION,
                 why ? FINDING_EXPLAINED : FINDING_OPEN, start, why,
                 "%s is %llu bytes before the end of the instruction around it",
                 symbol ? symbol : "a place a table names", (unsigned long long)(end - start));
    if (why)
        addresses_add(&walker->targets, end);
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

        next++;
        at = walk_pass_data(walker, at, limit, known);
        /* Something leads to what has a name, unless that names the end of what was before. */
        walker->falls |= at < limit && !walk_is_idle(walker, at);
        while (at < limit)
            at = walk_from(walker, at, limit, known);
        if (at != limit && limit != end)
            check_overlap(walker, at, limit);
        at = limit;
    }
}

static int is_executable(const struct image_section *section)
{
    return section->executable && section->bytes && section->size;
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
    walk_check_branch_to_data(walker, target, known[index]);
    walker->falls = 1;
    walker->looked_until = 0;
    walk_from(walker, target, section->address + section->size, known[index]);
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
    walk_check_named_code(&walker, known);
    for (size_t i = 0; i < image->section_count; i++)
        free(known[i]);
    free(known);
    free(counts);
    free(walker.starts.list);
    free(walker.targets.list);
    plain_close(&walker.decoders);
    return 0;
}
