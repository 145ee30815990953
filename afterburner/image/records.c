/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/records.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/memory.h"
#include "image/search.h"

struct reader {
    const struct image *image;
    struct records *records;
    size_t site_capacity, region_capacity, trap_capacity;
};

/* Equal starts: by end, so that overlaps are reported the same way each time. */
static int compare_sites(const void *a, const void *b)
{
    const struct site *x = a, *y = b;

    if (x->start != y->start)
        return x->start < y->start ? -1 : 1;
    return (x->end > y->end) - (x->end < y->end);
}

/* One without bytes changes nothing: it stands at a trap, where it has a length, or nothing was
 * between two directives. */
static void add_region(struct reader *reader, uint64_t start, const struct afterburn_record *record)
{
    struct records *records = reader->records;
    uint32_t length = (uint32_t)record->displacement;
    int known = record->bits == 16 || record->bits == 32 || record->bits == 64;

    if (!length && !record->length)
        return;
    if (!length) {
        memory_grow((void **)&records->traps, &reader->trap_capacity, records->trap_count,
                    sizeof(*records->traps));
        records->traps[records->trap_count++] = start;
        return;
    }
    memory_grow((void **)&records->regions, &reader->region_capacity, records->region_count,
                sizeof(*records->regions));
    records->regions[records->region_count++] = (struct region){
        .start = start,
        .end = start + length,
        .bits = known ? record->bits : reader->image->bits,
        .exemption = record->flags,
        .odd = !known || record->span || record->length || record->flags > AFTERBURN_EXEMPT_DATA,
    };
}

static void add_record(struct reader *reader, uint64_t position,
                       const struct afterburn_record *record, uint64_t source)
{
    struct records *records = reader->records;
    uint64_t start = position + (uint64_t)(int64_t)record->site;

    if (reader->image->bits == 32)
        start &= UINT32_MAX;
    if (record->kind == AFTERBURN_REGION) {
        add_region(reader, start, record);
        return;
    }
    memory_grow((void **)&records->sites, &reader->site_capacity, records->site_count,
                sizeof(*records->sites));
    records->sites[records->site_count++] = (struct site){
        .start = start,
        .end = start + record->span,
        .instruction = start + record->offset,
        .source = source,
        .record = *record,
    };
}

static int compare_regions(const void *a, const void *b)
{
    const struct region *x = a, *y = b;

    if (x->start != y->start)
        return x->start < y->start ? -1 : 1;
    return (x->end > y->end) - (x->end < y->end);
}

/* The chunks of one section, end to end. */
static int read_section(struct reader *reader, const struct image_section *section, char *wrong,
                        size_t capacity)
{
    uint64_t at = 0;

    if (!section->bytes) {
        snprintf(wrong, capacity, "section " AFTERBURN_SECTION " has no contents in memory");
        return -1;
    }
    while (at < section->size) {
        struct afterburn_header header;
        uint64_t left = section->size - at;

        if (left < sizeof(header)) {
            snprintf(wrong, capacity, "section " AFTERBURN_SECTION " is cut off at offset 0x%llx",
                     (unsigned long long)at);
            return -1;
        }
        memcpy(&header, section->bytes + at, sizeof(header));
        if (header.magic != AFTERBURN_MAGIC) {
            snprintf(wrong, capacity,
                     "section " AFTERBURN_SECTION " has no record header at offset 0x%llx",
                     (unsigned long long)at);
            return -1;
        }
        if (header.version != AFTERBURN_VERSION) {
            snprintf(wrong, capacity,
                     "unknown record version %u at offset 0x%llx of " AFTERBURN_SECTION
                     " (this program knows version %d); rebuild the image, or use the afterburner "
                     "that built it",
                     header.version, (unsigned long long)at, AFTERBURN_VERSION);
            return -1;
        }
        if (header.record_size != sizeof(struct afterburn_record)) {
            snprintf(wrong, capacity,
                     "records of %u bytes at offset 0x%llx of " AFTERBURN_SECTION
                     " (this program knows %zu); rebuild the image, or use the afterburner that "
                     "built it",
                     header.record_size, (unsigned long long)at, sizeof(struct afterburn_record));
            return -1;
        }
        if (header.size % header.record_size || header.size > left - sizeof(header)) {
            snprintf(wrong, capacity,
                     "the records at offset 0x%llx of " AFTERBURN_SECTION " are cut off",
                     (unsigned long long)at);
            return -1;
        }
        at += sizeof(header);
        for (uint64_t end = at + header.size; at < end; at += sizeof(struct afterburn_record)) {
            struct afterburn_record record;

            memcpy(&record, section->bytes + at, sizeof(record));
            add_record(reader, section->address + at, &record, header.source);
        }
    }
    return 0;
}

int records_read(const struct image *image, struct records *records, char *wrong, size_t capacity)
{
    struct reader reader = {.image = image, .records = records};

    memset(records, 0, sizeof(*records));
    for (size_t i = 0; i < image->section_count; i++) {
        if (strcmp(image->sections[i].name, AFTERBURN_SECTION) != 0)
            continue;
        records->present = 1;
        if (read_section(&reader, &image->sections[i], wrong, capacity) < 0)
            return -1;
    }
    if (records->site_count)
        qsort(records->sites, records->site_count, sizeof(*records->sites), compare_sites);
    records->first = records->site_count ? records->sites[0].start : 0;
    for (size_t i = 0; i < records->site_count; i++)
        if (records->sites[i].end > records->end)
            records->end = records->sites[i].end;
    if (records->region_count)
        qsort(records->regions, records->region_count, sizeof(*records->regions), compare_regions);
    if (records->trap_count)
        qsort(records->traps, records->trap_count, sizeof(*records->traps), search_compare);
    return 0;
}

void records_free(struct records *records)
{
    free(records->sites);
    free(records->regions);
    free(records->traps);
    memset(records, 0, sizeof(*records));
}

const struct site *records_site_at(const struct records *records, uint64_t address)
{
    size_t count =
        search_up_to(records->sites, records->site_count, sizeof(*records->sites), address);

    return count && address < records->sites[count - 1].end ? &records->sites[count - 1] : NULL;
}

const struct site *records_site_around(const struct records *records, uint64_t address)
{
    const struct site *site;

    if (address <= records->first || address >= records->end)
        return NULL;
    site = records_site_at(records, address);
    return site && site->start != address ? site : NULL;
}

struct region *records_region_at(const struct records *records, uint64_t address)
{
    size_t count =
        search_up_to(records->regions, records->region_count, sizeof(*records->regions), address);

    return count && address < records->regions[count - 1].end ? &records->regions[count - 1] : NULL;
}

int records_bits_at(const struct records *records, const struct image *image, uint64_t address)
{
    const struct region *region = records_region_at(records, address);

    return region ? region->bits : image->bits;
}

int records_trap_at(const struct records *records, uint64_t address)
{
    return records->trap_count &&
           bsearch(&address, records->traps, records->trap_count, sizeof(address), search_compare);
}
