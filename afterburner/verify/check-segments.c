/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sections are what is decoded, segments what is loaded: whether the one says all of the other. */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "cli/memory.h"
#include "image/segments.h"
#include "verify/walk.h"

/* What linkers fill executable pages with. No sequence of these bytes is a sensitive instruction:
 * add, nop and int3. */
static int is_fill(unsigned char byte)
{
    return byte == 0x00 || byte == 0x90 || byte == 0xcc;
}

/* The ELF header and the program headers are loaded by many linkers' layouts with the first
 * segment, and are in no section. */
static int is_header(const struct image *image, uint64_t offset)
{
    uint64_t header, table, table_size;

    if (image->bits == 64) {
        Elf64_Ehdr raw;

        memcpy(&raw, image->file, sizeof(raw));
        header = sizeof(raw);
        table = raw.e_phoff;
        table_size = (uint64_t)raw.e_phnum * sizeof(Elf64_Phdr);
    } else {
        Elf32_Ehdr raw;

        memcpy(&raw, image->file, sizeof(raw));
        header = sizeof(raw);
        table = raw.e_phoff;
        table_size = (uint64_t)raw.e_phnum * sizeof(Elf32_Phdr);
    }
    return offset < header || (offset >= table && offset - table < table_size);
}

/* Bytes of a segment [from, to) that no section has: a finding with the first and last of them that
 * is more than fill. */
static void check_gap(struct verification *verification, const struct image_segment *segment,
                      uint64_t from, uint64_t to)
{
    const struct image *image = verification->image;
    uint64_t first = 0, last = 0;
    int found = 0;

    for (uint64_t at = from; at < to; at++) {
        uint64_t offset = segment->offset + (at - segment->address);

        if (is_fill(image->file[offset]) || is_header(image, offset))
            continue;
        if (!found)
            first = at;
        found = 1;
        last = at;
    }
    if (found)
        findings_add(&verification->findings, FINDING_NOT_DECODED, FINDING_OPEN, first, NULL,
                     "0x%llx to 0x%llx are loaded as executable and are in no section",
                     (unsigned long long)first, (unsigned long long)last);
}

static void check_gaps(struct verification *verification, const struct image_segment *segment,
                       const struct image_section **sections, size_t count)
{
    uint64_t at = segment->address, end = segment->address + segment->file_size;

    for (size_t i = 0; i < count && at < end; i++) {
        if (sections[i]->address >= end)
            break;
        if (sections[i]->address > at)
            check_gap(verification, segment, at, sections[i]->address);
        if (sections[i]->address + sections[i]->size > at)
            at = sections[i]->address + sections[i]->size;
    }
    if (at < end)
        check_gap(verification, segment, at, end);
}

/* What is decoded must be what a loader puts there. */
static void check_loaded_bytes(struct verification *verification,
                               const struct image_segment *segment,
                               const struct image_section *section)
{
    const struct image *image = verification->image;
    uint64_t from = section->address > segment->address ? section->address : segment->address,
             section_end = section->address + section->size,
             segment_end = segment->address + segment->size,
             to = section_end < segment_end ? section_end : segment_end;

    for (uint64_t at = from; at < to; at++) {
        uint64_t offset = at - segment->address;
        unsigned char loaded =
            offset < segment->file_size ? image->file[segment->offset + offset] : 0;

        if (section->bytes[at - section->address] == loaded)
            continue;
        findings_add(&verification->findings, FINDING_NOT_DECODED, FINDING_OPEN, at, NULL,
                     "%s has 0x%02x here, its segment loads 0x%02x", section->name,
                     section->bytes[at - section->address], loaded);
        return;
    }
}

static int has_executable_segment(const struct image *image)
{
    for (size_t i = 0; i < image->segment_count; i++)
        if (image->segments[i].executable && image->segments[i].file_size)
            return 1;
    return 0;
}

void check_segments(struct verification *verification)
{
    const struct image *image = verification->image;
    const struct image_section **list = memory_allocate(image->section_count * sizeof(*list));
    size_t count = 0;

    for (size_t i = 0; i < image->section_count; i++) {
        const struct image_section *section = &image->sections[i];

        if (section->allocated && section->bytes && section->size)
            list[count++] = section;
    }
    qsort(list, count, sizeof(*list), image_compare_sections);
    for (size_t i = 0; i < image->segment_count; i++) {
        const struct image_segment *segment = &image->segments[i];

        if (segment->executable)
            check_gaps(verification, segment, list, count);
        for (size_t k = 0; k < verification->section_count; k++)
            check_loaded_bytes(verification, segment, verification->sections[k].section);
    }
    if (!verification->section_count && has_executable_segment(image))
        findings_add(&verification->findings, FINDING_NOT_DECODED, FINDING_OPEN, image->entry, NULL,
                     "nothing to decode: a segment is executable, but no section is");
    free(list);
}

int left_undecoded(const struct image *image, const struct image_section *section)
{
    return section->allocated && section->bytes && section->size && !section->executable &&
           !section->of_wedge && segments_executable(image, section->address, section->size);
}
