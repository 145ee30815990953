/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Everything in an object but instructions: data, relocations, symbols. */
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/memory.h"
#include "compare.h"

/* Sections that tell how long code is, and so may have other bytes. Nothing else may. */
static const struct {
    const char *name, *reason;
    unsigned int entry, from; /* the bytes from `from` on of each entry; 0: all, and the size too */
} excused[] = {
    {".altinstructions", "lengths of originals and replacements: compare_alternatives", 12, 10},
    {".eh_frame", "distances between instructions, in as few bytes as they take", 0, 0},
};

static unsigned int excused_count[sizeof(excused) / sizeof(excused[0])];

static int excuse_of(const char *name)
{
    for (size_t i = 0; i < sizeof(excused) / sizeof(excused[0]); i++)
        if (strcmp(excused[i].name, name) == 0)
            return (int)i;
    return -1;
}

void print_excused(void)
{
    for (size_t i = 0; i < sizeof(excused) / sizeof(excused[0]); i++)
        if (excused_count[i])
            printf("  not compared in %u sections %s: %s\n", excused_count[i], excused[i].name,
                   excused[i].reason);
}

/* Puts zeros over what the linker fills in and over what is excused. */
static unsigned char *masked_bytes(const struct part *part, int excuse)
{
    unsigned char *bytes = memory_allocate(part->section->size + 1);

    memcpy(bytes, part->bytes, part->section->size);
    for (size_t i = 0; i < part->relocation_count; i++) {
        uint64_t offset = part->relocations[i]->address;
        size_t size = bfd_get_reloc_size(part->relocations[i]->howto);

        if (offset <= part->section->size && size <= part->section->size - offset)
            memset(bytes + offset, 0, size);
    }
    for (uint64_t i = 0; excuse >= 0 && excused[excuse].entry && i < part->section->size; i++)
        if (i % excused[excuse].entry >= excused[excuse].from)
            bytes[i] = 0;
    return bytes;
}

/* Compared by compare_unwinding instead. */
static int is_unwinding(const struct part *part)
{
    return strcmp(part->section->name, UNWIND_TABLE) == 0 ||
           strcmp(part->section->name, UNWIND_ADDRESSES) == 0;
}

int compare_contents(const struct pair *pair, const struct part *plain,
                     const struct part *annotated)
{
    int excuse = excuse_of(plain->section->name);
    unsigned char *a, *b;
    uint64_t size = plain->section->size, at = 0;

    if (is_unwinding(plain))
        return 0;
    if (excuse >= 0) {
        excused_count[excuse]++;
        if (!excused[excuse].entry)
            return 0;
    }
    if (size != annotated->section->size)
        return differ(pair, "%s has %llu bytes and %llu", plain->section->name,
                      (unsigned long long)size, (unsigned long long)annotated->section->size);
    figures.data_sections++;
    if (!plain->bytes != !annotated->bytes)
        return differ(pair, "%s has contents in one of them only", plain->section->name);
    if (!plain->bytes)
        return 0;
    a = masked_bytes(plain, excuse);
    b = masked_bytes(annotated, excuse);
    while (at < size && a[at] == b[at])
        at++;
    free(a);
    free(b);
    figures.data_bytes += size;
    return at == size ? 0
                      : differ(pair, "%s+0x%llx: other bytes", plain->section->name,
                               (unsigned long long)at);
}

/* Whether two relocations fill in the same field. */
static int same_field(const struct part *x, const arelent *a, const struct part *y,
                      const arelent *b)
{
    const struct kept *s, *t;

    if (!x->code)
        return a->address == b->address || excuse_of(x->section->name) >= 0;
    s = kept_at(x, x->section->address + a->address);
    t = kept_at(y, y->section->address + b->address);
    return s && t && s - x->kept == t - y->kept &&
           x->section->address + a->address - s->address ==
               y->section->address + b->address - t->address;
}

/* Kernels are linked in the last 2 GB (64 bits) or the last GB (32 bits), and loaded at the same
 * distance from 0: minus 0xffffffff80000000 or 0xc0000000. */
static uint64_t linked_above(const struct side *side)
{
    return side->image.bits == 64 ? 0x80000000u : 0x40000000u;
}

static int in_a_section(const struct side *side, uint64_t address)
{
    return image_section_at(&side->image, address) != NULL;
}

static int same_relocation(const struct pair *pair, const struct part *x, const arelent *a,
                           const struct part *y, const arelent *b)
{
    const asymbol *s = *a->sym_ptr_ptr, *t = *b->sym_ptr_ptr;
    uint64_t u, v;

    if (a->howto != b->howto || strcmp(s->name, t->name) != 0 ||
        (s->flags & BSF_SECTION_SYM) != (t->flags & BSF_SECTION_SYM) || !same_field(x, a, y, b))
        return 0;
    u = relocation_target(x, a);
    v = relocation_target(y, b);
    if (bfd_is_und_section(s->section) || bfd_is_com_section(s->section) ||
        bfd_is_abs_section(s->section))
        return u == v;
    if (excuse_of(x->section->name) >= 0)
        return same_place_or_pad(pair, u, v);
    /* Far beyond what it names (a symbol less what it is linked above its physical address): as far
     * beyond. Of a section's symbol the place is part of the distance. */
    if (!in_a_section(&pair->plain, u) && !in_a_section(&pair->annotated, v)) {
        if (u - bfd_asymbol_value(s) == v - bfd_asymbol_value(t))
            return same_place(pair, bfd_asymbol_value(s), bfd_asymbol_value(t));
        return s->flags & BSF_SECTION_SYM &&
               same_place(pair, u - linked_above(&pair->plain), v - linked_above(&pair->annotated));
    }
    return same_place(pair, u, v);
}

int compare_relocations(const struct pair *pair, const struct part *plain,
                        const struct part *annotated)
{
    if (is_unwinding(plain))
        return 0;
    if (plain->relocation_count != annotated->relocation_count)
        return differ(pair, "%s has %zu relocations and %zu", plain->section->name,
                      plain->relocation_count, annotated->relocation_count);
    for (size_t i = 0; i < plain->relocation_count; i++) {
        const arelent *a = plain->relocations[i], *b = annotated->relocations[i];

        figures.relocations++;
        if (same_relocation(pair, plain, a, annotated, b))
            continue;
        return differ(pair, "relocation %zu of %s: +0x%llx %s %s+0x%llx, +0x%llx %s %s+0x%llx", i,
                      plain->section->name, (unsigned long long)a->address, a->howto->name,
                      (*a->sym_ptr_ptr)->name, (unsigned long long)a->addend,
                      (unsigned long long)b->address, b->howto->name, (*b->sym_ptr_ptr)->name,
                      (unsigned long long)b->addend);
    }
    return 0;
}

/* The sizes of symbols, which libbfd does not give: by their order in the file. */
static uint64_t size_of_symbol(const struct image *image, size_t index)
{
    const unsigned char *file = image->file;

    if (image->bits == 64 || file[EI_CLASS] == ELFCLASS64) {
        const Elf64_Ehdr *header = (const Elf64_Ehdr *)file;
        const Elf64_Shdr *sections = (const Elf64_Shdr *)(file + header->e_shoff);

        for (int i = 0; i < header->e_shnum; i++)
            if (sections[i].sh_type == SHT_SYMTAB)
                return ((const Elf64_Sym *)(file + sections[i].sh_offset))[index + 1].st_size;
    } else {
        const Elf32_Ehdr *header = (const Elf32_Ehdr *)file;
        const Elf32_Shdr *sections = (const Elf32_Shdr *)(file + header->e_shoff);

        for (int i = 0; i < header->e_shnum; i++)
            if (sections[i].sh_type == SHT_SYMTAB)
                return ((const Elf32_Sym *)(file + sections[i].sh_offset))[index + 1].st_size;
    }
    return 0;
}

struct named {
    const asymbol *symbol;
    uint64_t size;
    size_t index;
};

static int by_name(const void *a, const void *b)
{
    const struct named *x = a, *y = b;
    int order = strcmp(x->symbol->name, y->symbol->name);

    return order ? order : (x->index > y->index) - (x->index < y->index);
}

/* The symbols but the sections' own, by name: their order in the file means nothing. */
static struct named *list_symbols(const struct side *side, size_t *count)
{
    const asymbol *const *symbols = side->image.private;
    struct named *list = NULL;
    size_t capacity = 0;

    *count = 0;
    for (size_t i = 0; symbols[i]; i++) {
        if (symbols[i]->flags & BSF_SECTION_SYM)
            continue;
        memory_grow((void **)&list, &capacity, *count, sizeof(*list));
        list[(*count)++] = (struct named){symbols[i], size_of_symbol(&side->image, i), i};
    }
    if (*count)
        qsort(list, *count, sizeof(*list), by_name);
    return list;
}

static int same_symbol(const struct pair *pair, const struct named *x, const struct named *y)
{
    const asymbol *a = x->symbol, *b = y->symbol;
    uint64_t u = bfd_asymbol_value(a), v = bfd_asymbol_value(b);

    if (strcmp(a->name, b->name) != 0 || a->flags != b->flags ||
        strcmp(a->section->name, b->section->name) != 0)
        return 0;
    if (!(a->section->flags & SEC_ALLOC))
        return u == v && x->size == y->size;
    return same_place(pair, u, v) && same_place(pair, u + x->size, v + y->size);
}

int compare_symbols(const struct pair *pair)
{
    size_t x_count, y_count;
    struct named *x = list_symbols(&pair->plain, &x_count);
    struct named *y = list_symbols(&pair->annotated, &y_count);
    int wrong = 0;

    for (size_t i = 0; (i < x_count || i < y_count) && !wrong; i++) {
        figures.symbols++;
        if (i >= x_count || i >= y_count)
            wrong = differ(pair, "%zu symbols and %zu; the first without its like is %s", x_count,
                           y_count, i < x_count ? x[i].symbol->name : y[i].symbol->name);
        else if (!same_symbol(pair, &x[i], &y[i]))
            wrong = differ(pair, "symbol %s (%s+0x%llx, %llu bytes) and %s (%s+0x%llx, %llu bytes)",
                           x[i].symbol->name, x[i].symbol->section->name,
                           (unsigned long long)x[i].symbol->value, (unsigned long long)x[i].size,
                           y[i].symbol->name, y[i].symbol->section->name,
                           (unsigned long long)y[i].symbol->value, (unsigned long long)y[i].size);
    }
    free(x);
    free(y);
    return wrong;
}

int compare_alternatives(const struct pair *pair)
{
    const struct guest_tables *s = &pair->plain.tables, *t = &pair->annotated.tables;

    if (s->alternative_count != t->alternative_count)
        return differ(pair, "%zu alternatives and %zu", s->alternative_count, t->alternative_count);
    for (size_t i = 0; i < s->alternative_count; i++) {
        const struct alternative *a = &s->alternatives[i], *b = &t->alternatives[i];

        if (!same_place(pair, a->original, b->original) ||
            !same_place(pair, a->original + a->original_length, b->original + b->original_length) ||
            !same_place(pair, a->replacement, b->replacement) ||
            !same_place(pair, a->replacement + a->replacement_length,
                        b->replacement + b->replacement_length))
            return differ(pair, "alternative %zu begins or ends elsewhere", i);
    }
    return 0;
}
