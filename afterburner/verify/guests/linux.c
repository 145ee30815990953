/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Linux 6.1's tables about its own text (arch/x86/include/asm/{extable,alternative,jump_label}.h,
 * linux/static_call_types.h). All entries point with 32-bit offsets relative to the field itself.
 */
#include <stdio.h>
#include <string.h>

#include "verify/guests/guest.h"

static int32_t read_s32(const struct image_section *section, uint64_t at)
{
    int32_t value;

    memcpy(&value, section->bytes + at, sizeof(value));
    return value;
}

static uint64_t relative(const struct image *image, const struct image_section *section,
                         uint64_t at)
{
    uint64_t address = section->address + at + (uint64_t)(int64_t)read_s32(section, at);

    return image->bits == 32 ? address & UINT32_MAX : address;
}

static const struct image_symbol *symbol_by_name(const struct image *image, const char *name)
{
    for (size_t i = 0; i < image->symbol_count; i++)
        if (strcmp(image->symbols[i].name, name) == 0)
            return &image->symbols[i];
    return NULL;
}

/* Where a table lies: a section of its own, or, where the linker script put it into another one,
 * between the symbols
 * __start_TABLE and __stop_TABLE. */
static const struct image_section *find_table(const struct image *image, const char *name,
                                              uint64_t *start, uint64_t *end)
{
    const struct image_section *section = image_section_by_name(image, name);
    const struct image_symbol *first, *last;
    char symbol[64];

    if (section) {
        *start = 0;
        *end = section->size;
        return section->bytes ? section : NULL;
    }
    snprintf(symbol, sizeof(symbol), "__start_%s", name);
    first = symbol_by_name(image, symbol);
    snprintf(symbol, sizeof(symbol), "__stop_%s", name);
    last = symbol_by_name(image, symbol);
    if (!first || !last || first->address >= last->address)
        return NULL;
    section = &image->sections[first->section];
    *start = first->address - section->address;
    *end = last->address - section->address;
    return section->bytes && *end <= section->size ? section : NULL;
}

/* What the guest will write at the places that some of these tables name. */
static void add_patch(struct guest_tables *tables, const char *name, uint64_t address,
                      uint64_t second)
{
    static const struct {
        const char *name;
        enum guest_patch_kind kind;
    } kinds[] = {
        {"__jump_table", PATCH_JUMP_LABEL},       {".static_call_sites", PATCH_STATIC_CALL},
        {"static_call_sites", PATCH_STATIC_CALL}, {".smp_locks", PATCH_LOCK},
        {".retpoline_sites", PATCH_RETPOLINE},    {".return_sites", PATCH_RETURN},
    };

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(kinds[i].name, name) == 0)
            guest_tables_add_patch(tables, kinds[i].kind, address, second);
}

/* A table of fixed-size entries whose first `pointers` fields of 4 bytes point at code. */
static int read_pointers(const struct image *image, const char *name, size_t entry_size,
                         int pointers, struct guest_tables *tables, char *wrong, size_t capacity)
{
    uint64_t start, end;
    const struct image_section *section = find_table(image, name, &start, &end);

    if (!section)
        return 0;
    if ((end - start) % entry_size) {
        snprintf(wrong, capacity, "table %s is %llu bytes, not a multiple of its entries' %zu",
                 name, (unsigned long long)(end - start), entry_size);
        return -1;
    }
    for (uint64_t at = start; at < end; at += entry_size) {
        for (int i = 0; i < pointers; i++)
            guest_tables_add_target(tables, name, relative(image, section, at + 4 * (uint64_t)i));
        add_patch(tables, name, relative(image, section, at),
                  pointers > 1 ? relative(image, section, at + 4) : 0);
    }
    return 0;
}

static const char *string_at(const struct image *image, uint64_t address)
{
    const struct image_section *section = image_section_at(image, address);
    uint64_t offset = section ? address - section->address : 0;

    if (!section || !section->bytes ||
        !memchr(section->bytes + offset, '\0', section->size - offset))
        return NULL;
    return (const char *)section->bytes + offset;
}

#define FEATURE_WORD_BITS 32

/* The string an array of string pointers holds at `index`; *count gets how many whole words of
 * flags the array can have before the next symbol. */
static const char *name_in_array(const struct image *image, const char *array, unsigned int index,
                                 unsigned int *count)
{
    const struct image_symbol *table = symbol_by_name(image, array);
    const struct image_section *section = table ? &image->sections[table->section] : NULL;
    const struct image_symbol *next = table;
    uint64_t width = (uint64_t)image->bits / 8, pointer = 0, limit;

    *count = 0;
    if (!section || !section->bytes || table->address < section->address ||
        table->address - section->address > section->size)
        return NULL;
    while (next < image->symbols + image->symbol_count && next->address == table->address)
        next++;
    limit = section->address + section->size;
    if (next < image->symbols + image->symbol_count && next->address < limit)
        limit = next->address;
    *count = (unsigned int)((limit - table->address) / width) & ~(FEATURE_WORD_BITS - 1u);
    if (index >= *count)
        return NULL;
    memcpy(&pointer, section->bytes + (table->address - section->address) + index * width, width);
    return pointer ? string_at(image, pointer) : NULL;
}

/* Linux's name for a CPU feature or bug, from the tables it prints /proc/cpuinfo with. Bugs are
 * numbered behind the features; how many those are, the table's size says. */
static void name_feature(const struct image *image, struct alternative *alternative)
{
    unsigned int number = alternative->number, features, bugs;
    const char *name = name_in_array(image, "x86_cap_flags", number, &features), *bug = NULL;

    alternative->bug = -1;
    alternative->is_feature = features && number < features;
    if (features && number >= features) {
        alternative->bug = (int)(number - features);
        bug = name_in_array(image, "x86_bug_flags", number - features, &bugs);
    }
    snprintf(alternative->feature, sizeof(alternative->feature), "%s%s%s%sword %u bit %u",
             alternative->inverted ? "not " : "", bug ? "bug " : "",
             name  ? name
             : bug ? bug
                   : "",
             name || bug ? ", " : "", number / FEATURE_WORD_BITS, number % FEATURE_WORD_BITS);
}

#define ALT_INSTR_SIZE 12
#define ALT_FLAG_NOT   (1u << 15) /* ALTINSTR_FLAG_INV: applied when the feature is absent */

static int read_alternatives(const struct image *image, struct guest_tables *tables, char *wrong,
                             size_t capacity)
{
    const struct image_section *section = image_section_by_name(image, ".altinstructions");

    if (!section || !section->bytes)
        return 0;
    if (section->size % ALT_INSTR_SIZE) {
        snprintf(wrong, capacity, "section .altinstructions is %llu bytes, not a multiple of %d",
                 (unsigned long long)section->size, ALT_INSTR_SIZE);
        return -1;
    }
    for (uint64_t at = 0; at < section->size; at += ALT_INSTR_SIZE) {
        struct alternative alternative = {
            .original = relative(image, section, at),
            .replacement = relative(image, section, at + 4),
            .original_length = section->bytes[at + 10],
            .replacement_length = section->bytes[at + 11],
        };
        unsigned int feature = section->bytes[at + 8] | (unsigned int)section->bytes[at + 9] << 8;

        alternative.number = feature & ~ALT_FLAG_NOT;
        alternative.inverted = (feature & ALT_FLAG_NOT) != 0;
        name_feature(image, &alternative);
        guest_tables_add_alternative(tables, &alternative);
    }
    return 0;
}

/* The entry code of function tracing, of which each tracer with a set of functions of its own gets
 * a copy (arch/x86/kernel/ftrace.c, create_trampoline). */
static void read_copied(const struct image *image, struct guest_tables *tables)
{
    static const char *const names[][2] = {{"ftrace_caller", "ftrace_caller_end"},
                                           {"ftrace_regs_caller", "ftrace_regs_caller_end"}};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const struct image_symbol *start = symbol_by_name(image, names[i][0]),
                                  *end = symbol_by_name(image, names[i][1]);

        if (start && end && start->address < end->address)
            guest_tables_add_copied(tables, start->address, end->address);
    }
}

#define TRAMPOLINE "__SCT__" /* STATIC_CALL_TRAMP_PREFIX */

/* Calls for tracing, by absolute addresses; the trampolines of static calls; initial code, which
 * the linker script puts last before .bss (__init_end may be in a section that is not loaded). */
static void read_symbols(const struct image *image, struct guest_tables *tables)
{
    const struct image_symbol *first = symbol_by_name(image, "__init_begin"),
                              *last = symbol_by_name(image, "__bss_start");
    uint64_t start = 0, end = 0, width = (uint64_t)image->bits / 8;
    const struct image_section *section = find_table(image, "mcount_loc", &start, &end);

    for (uint64_t at = start; section && at < end && end - at >= width; at += width) {
        uint64_t address = 0;

        memcpy(&address, section->bytes + at, width);
        guest_tables_add_patch(tables, PATCH_TRACE_CALL, address, 0);
    }
    for (size_t i = 0; i < image->symbol_count; i++)
        if (strncmp(image->symbols[i].name, TRAMPOLINE, strlen(TRAMPOLINE)) == 0)
            guest_tables_add_patch(tables, PATCH_STATIC_CALL, image->symbols[i].address, 0);
    if (first && last && first->address < last->address) {
        tables->initial = first->address;
        tables->initial_end = last->address;
    }
}

int linux_tables_read(const struct image *image, struct guest_tables *tables, char *wrong,
                      size_t capacity)
{
    size_t jump_entry = image->bits == 64 ? 16 : 12;

    if (read_pointers(image, "__ex_table", 12, 2, tables, wrong, capacity) < 0 ||
        read_pointers(image, "__jump_table", jump_entry, 2, tables, wrong, capacity) < 0 ||
        read_pointers(image, ".static_call_sites", 8, 1, tables, wrong, capacity) < 0 ||
        read_pointers(image, "static_call_sites", 8, 1, tables, wrong, capacity) < 0 ||
        read_pointers(image, ".smp_locks", 4, 1, tables, wrong, capacity) < 0 ||
        read_pointers(image, ".retpoline_sites", 4, 1, tables, wrong, capacity) < 0 ||
        read_pointers(image, ".return_sites", 4, 1, tables, wrong, capacity) < 0)
        return -1;
    read_symbols(image, tables);
    read_copied(image, tables);
    return read_alternatives(image, tables, wrong, capacity);
}
