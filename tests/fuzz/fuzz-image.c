/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fuzzes the image reader: what elf_check lets pass, libbfd is shown, and records and a guest's
 * tables are read from it. libbfd is not instrumented: where it crashes on or loses memory of
 * something elf_check let pass, elf_check has to say no.
 *
 * Properties, beside what the sanitizers see: elf_check says why it refuses; what it refuses,
 * image_open refuses; sections, symbols, sites and regions are in order; each site is found at its
 * start. */
#include "cli/exit-codes.h"
#include "fuzz.h"
#include "image/elf-check.h"
#include "image/image.h"
#include "image/records.h"
#include "verify/guests/guest.h"

static void check_sections(const struct image *image)
{
    for (size_t i = 0; i < image->section_count; i++) {
        const struct image_section *section = &image->sections[i];
        unsigned int sum = 0;

        REQUIRE(section->name && image_section_by_name(image, section->name),
                "a section is found by its name");
        REQUIRE(!section->executable || section->allocated, "code is in memory");
        for (uint64_t at = 0; section->bytes && at < section->size; at++)
            sum += section->bytes[at];
        /* Keeps the reads above; no section sums up to that. */
        REQUIRE(sum != UINT32_MAX, "a section's bytes are there");
        if (section->allocated && section->size)
            REQUIRE(image_section_at(image, section->address), "a section is found by its address");
    }
}

static int has_debugging(const struct image *image)
{
    for (size_t i = 0; i < image->section_count; i++)
        if (strncmp(image->sections[i].name, ".debug", 6) == 0 ||
            strncmp(image->sections[i].name, ".zdebug", 7) == 0 ||
            strncmp(image->sections[i].name, ".gnu", 4) == 0 ||
            strncmp(image->sections[i].name, ".stab", 5) == 0 ||
            strncmp(image->sections[i].name, ".line", 5) == 0)
            return 1;
    return 0;
}

static void check_symbols(const struct image *image)
{
    int lines = !has_debugging(image); /* libbfd's DWARF reader is not what is tested here */

    for (size_t i = 0; i < image->symbol_count; i++) {
        const struct image_symbol *symbol = &image->symbols[i];
        const char *name, *file;
        uint64_t offset;

        REQUIRE(symbol->section < image->section_count, "a symbol's section is there");
        REQUIRE(i == 0 || image->symbols[i - 1].address <= symbol->address, "symbols are sorted");
        name = image_function_at(image, symbol->address, &offset);
        REQUIRE(name && strlen(name) < image->file_size,
                "a function's name is a string of the file");
        if (lines)
            image_line_at(image, symbol->address, &file);
    }
}

static void check_records(const struct image *image)
{
    struct records records;
    char wrong[256] = "";

    if (records_read(image, &records, wrong, sizeof(wrong)) < 0)
        REQUIRE(wrong[0], "records that are refused get a reason");
    for (size_t i = 0; i < records.site_count; i++) {
        const struct site *site = &records.sites[i],
                          *found = records_site_at(&records, site->start);

        /* When reading ended early they are in no order yet. */
        if (wrong[0])
            break;
        REQUIRE(i == 0 || records.sites[i - 1].start <= site->start, "sites are sorted");
        if (site->end > site->start)
            REQUIRE(found && found->start == site->start, "a site is found at its start");
    }
    for (size_t i = 0; i < records.region_count && !wrong[0]; i++) {
        const struct region *region = &records.regions[i],
                            *found = records_region_at(&records, region->start);

        REQUIRE(i == 0 || records.regions[i - 1].start <= region->start, "regions are sorted");
        if (region->end > region->start)
            REQUIRE(found && found->start == region->start, "a region is found at its start");
    }
    records_free(&records);
}

static void check_tables(const struct image *image)
{
    struct guest_tables tables;
    char wrong[256] = "";

    if (guest_tables_read(image, &tables, wrong, sizeof(wrong)) < 0)
        REQUIRE(wrong[0], "tables that are refused get a reason");
    for (size_t i = 0; i < tables.alternative_count; i++)
        REQUIRE(
            memchr(tables.alternatives[i].feature, '\0', sizeof(tables.alternatives[i].feature)),
            "a feature's name ends");
    guest_tables_free(&tables);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned char *bytes = exact_copy(data, size);
    char wrong[256] = "", path[32];
    int refused = elf_check(bytes, size, wrong, sizeof(wrong)) < 0, fd;
    struct image image;

    free(bytes);
    if (refused)
        REQUIRE(wrong[0], "a file that is refused gets a reason");
    if (refused && size > 256) /* image_open asks elf_check first: small ones are enough */
        return 0;
    fd = memory_file(data, size, path);
    if (image_open(path, &image) == EXIT_CODE_OK) {
        REQUIRE(!refused, "image_open refuses what elf_check refuses");
        check_sections(&image);
        check_symbols(&image);
        check_records(&image);
        check_tables(&image);
        image_close(&image);
    }
    close(fd);
    return 0;
}
