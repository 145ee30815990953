/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/elf-check.h"

#include <elf.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Sections in a form both classes share. */
struct header {
    uint32_t name, type, link, info;
    uint64_t flags, offset, size, entry_size;
};

struct file {
    const unsigned char *bytes;
    size_t size;
    int is_64;
    uint64_t section_offset;
    unsigned int section_count, string_section;
    char *wrong;
    size_t capacity;
};

#define WRONG(file, ...) (snprintf((file)->wrong, (file)->capacity, __VA_ARGS__), -1)

static int inside(const struct file *file, uint64_t offset, uint64_t size)
{
    return offset <= file->size && size <= file->size - offset;
}

static void read_header(const struct file *file, unsigned int index, struct header *header)
{
    if (file->is_64) {
        Elf64_Shdr raw;

        memcpy(&raw, file->bytes + file->section_offset + index * sizeof(raw), sizeof(raw));
        *header = (struct header){raw.sh_name,  raw.sh_type,   raw.sh_link, raw.sh_info,
                                  raw.sh_flags, raw.sh_offset, raw.sh_size, raw.sh_entsize};
    } else {
        Elf32_Shdr raw;

        memcpy(&raw, file->bytes + file->section_offset + index * sizeof(raw), sizeof(raw));
        *header = (struct header){raw.sh_name,  raw.sh_type,   raw.sh_link, raw.sh_info,
                                  raw.sh_flags, raw.sh_offset, raw.sh_size, raw.sh_entsize};
    }
}

static int check_identification(const struct file *file)
{
    static const char *const machines[] = {
        [EM_ARM] = "ARM",    [EM_AARCH64] = "AArch64", [EM_PPC64] = "PowerPC",
        [EM_S390] = "S/390", [EM_RISCV] = "RISC-V",    [EM_MIPS] = "MIPS"};
    unsigned int machine, type;

    if (file->size < EI_NIDENT || memcmp(file->bytes, ELFMAG, SELFMAG) != 0)
        return WRONG(file, "not an ELF file");
    if (file->bytes[EI_CLASS] != ELFCLASS32 && file->bytes[EI_CLASS] != ELFCLASS64)
        return WRONG(file, "ELF class %d is neither 32 nor 64 bits", file->bytes[EI_CLASS]);
    if (file->bytes[EI_DATA] != ELFDATA2LSB)
        return WRONG(file, "not little-endian: foreign architecture, only x86 is known");
    if (file->size < (file->is_64 ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr)))
        return WRONG(file, "truncated: the ELF header ends beyond the file");
    type = file->bytes[16] | (unsigned int)file->bytes[17] << 8;
    machine = file->bytes[18] | (unsigned int)file->bytes[19] << 8;
    if (machine != (file->is_64 ? EM_X86_64 : EM_386)) {
        const char *name =
            machine < sizeof(machines) / sizeof(machines[0]) ? machines[machine] : NULL;

        return WRONG(file, "foreign architecture (%s%sELF machine %u): only x86 is known",
                     name ? name : "", name ? ", " : "", machine);
    }
    if (type != ET_REL && type != ET_EXEC && type != ET_DYN)
        return WRONG(file, "ELF type %u is neither an executable nor a relocatable file", type);
    return 0;
}

static int check_section_table(struct file *file)
{
    uint64_t entry_size, expected = file->is_64 ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);

    if (file->is_64) {
        Elf64_Ehdr raw;

        memcpy(&raw, file->bytes, sizeof(raw));
        file->section_offset = raw.e_shoff;
        file->section_count = raw.e_shnum;
        file->string_section = raw.e_shstrndx;
        entry_size = raw.e_shentsize;
        if (raw.e_phnum && (raw.e_phentsize != sizeof(Elf64_Phdr) ||
                            !inside(file, raw.e_phoff, (uint64_t)raw.e_phnum * sizeof(Elf64_Phdr))))
            return WRONG(file, "truncated: the program headers end beyond the file");
    } else {
        Elf32_Ehdr raw;

        memcpy(&raw, file->bytes, sizeof(raw));
        file->section_offset = raw.e_shoff;
        file->section_count = raw.e_shnum;
        file->string_section = raw.e_shstrndx;
        entry_size = raw.e_shentsize;
        if (raw.e_phnum && (raw.e_phentsize != sizeof(Elf32_Phdr) ||
                            !inside(file, raw.e_phoff, (uint64_t)raw.e_phnum * sizeof(Elf32_Phdr))))
            return WRONG(file, "truncated: the program headers end beyond the file");
    }
    if (file->section_offset == 0)
        return WRONG(file, "it has no section headers (stripped of them?): sites cannot be found");
    if (file->section_count == 0 && inside(file, file->section_offset, expected)) {
        struct header first; /* more than 65279 sections: the count is in the first header (gABI) */

        read_header(file, 0, &first);
        if (first.size > UINT32_MAX / expected)
            return WRONG(file, "the number of sections makes no sense");
        file->section_count = (unsigned int)first.size;
        if (file->string_section == SHN_XINDEX)
            file->string_section = first.link;
    }
    if (entry_size != expected ||
        !inside(file, file->section_offset, (uint64_t)file->section_count * expected))
        return WRONG(file, "truncated: the section headers end beyond the file");
    if (file->string_section >= file->section_count)
        return WRONG(file, "the section name table is missing");
    return 0;
}

static int is_table(const struct header *header)
{
    return header->type == SHT_SYMTAB || header->type == SHT_DYNSYM || header->type == SHT_REL ||
           header->type == SHT_RELA;
}

static uint64_t entry_size_of(const struct file *file, const struct header *header)
{
    if (header->type == SHT_SYMTAB || header->type == SHT_DYNSYM)
        return file->is_64 ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
    if (header->type == SHT_REL)
        return file->is_64 ? sizeof(Elf64_Rel) : sizeof(Elf32_Rel);
    return file->is_64 ? sizeof(Elf64_Rela) : sizeof(Elf32_Rela);
}

static int check_symbols(const struct file *file, unsigned int index, const struct header *table)
{
    struct header strings;

    if (table->link >= file->section_count)
        return WRONG(file, "section %u: its string table does not exist", index);
    read_header(file, table->link, &strings);
    if (strings.type != SHT_STRTAB)
        return WRONG(file, "section %u: its string table is not one", index);
    for (uint64_t at = 0; at < table->size; at += table->entry_size) {
        uint32_t name;
        uint16_t section;

        memcpy(&name, file->bytes + table->offset + at, sizeof(name));
        memcpy(&section, file->bytes + table->offset + at + (file->is_64 ? 6 : 14),
               sizeof(section));
        if (name && name >= strings.size)
            return WRONG(file, "section %u: symbol %llu: its name is outside the string table",
                         index, (unsigned long long)(at / table->entry_size));
        if (section >= file->section_count && section < SHN_LORESERVE)
            return WRONG(file, "section %u: symbol %llu: its section does not exist", index,
                         (unsigned long long)(at / table->entry_size));
    }
    return 0;
}

static int check_relocations(const struct file *file, unsigned int index,
                             const struct header *table)
{
    struct header symbols, target;
    uint64_t symbol_count;

    if (table->link >= file->section_count || table->info >= file->section_count)
        return WRONG(file, "section %u: its symbol table or target does not exist", index);
    read_header(file, table->link, &symbols);
    read_header(file, table->info, &target);
    if (table->link == 0 || !is_table(&symbols) || symbols.type == SHT_REL ||
        symbols.type == SHT_RELA)
        return (table->flags & SHF_ALLOC)
                   ? 0
                   : WRONG(file, "section %u: its symbol table is not one", index);
    symbol_count = symbols.size / entry_size_of(file, &symbols);
    for (uint64_t at = 0; at < table->size; at += table->entry_size) {
        uint64_t offset, symbol;

        if (file->is_64) {
            Elf64_Rel raw;

            memcpy(&raw, file->bytes + table->offset + at, sizeof(raw));
            offset = raw.r_offset;
            symbol = ELF64_R_SYM(raw.r_info);
        } else {
            Elf32_Rel raw;

            memcpy(&raw, file->bytes + table->offset + at, sizeof(raw));
            offset = raw.r_offset;
            symbol = ELF32_R_SYM(raw.r_info);
        }
        if (symbol >= symbol_count)
            return WRONG(file, "section %u: relocation %llu: its symbol does not exist", index,
                         (unsigned long long)(at / table->entry_size));
        if (!(table->flags & SHF_ALLOC) && table->info && target.type != SHT_NOBITS &&
            !(offset < target.size) && file->bytes[16] == ET_REL)
            return WRONG(file, "section %u: relocation %llu: it is outside its section", index,
                         (unsigned long long)(at / table->entry_size));
    }
    return 0;
}

static int check_section(const struct file *file, unsigned int index)
{
    struct header header, names;

    read_header(file, index, &header);
    read_header(file, file->string_section, &names);
    if (index && header.type != SHT_NULL && header.name >= names.size)
        return WRONG(file, "section %u: its name is outside the name table", index);
    if (header.type == SHT_NOBITS || header.type == SHT_NULL)
        return 0;
    if (!inside(file, header.offset, header.size))
        return WRONG(file, "truncated: section %u ends beyond the file", index);
    if (header.type == SHT_STRTAB && header.size &&
        file->bytes[header.offset + header.size - 1] != '\0')
        return WRONG(file, "section %u: the string table does not end", index);
    if (is_table(&header) &&
        (header.entry_size != entry_size_of(file, &header) || header.size % header.entry_size))
        return WRONG(file, "section %u: its entries have a wrong size", index);
    if (header.flags & SHF_COMPRESSED &&
        header.size < (file->is_64 ? sizeof(Elf64_Chdr) : sizeof(Elf32_Chdr)))
        return WRONG(file, "section %u: its compression header is cut off", index);
    return 0;
}

int elf_check(const unsigned char *bytes, size_t size, char *wrong, size_t capacity)
{
    struct file file = {.bytes = bytes, .size = size, .wrong = wrong, .capacity = capacity};
    struct header header;

    file.is_64 = size > EI_CLASS && bytes[EI_CLASS] == ELFCLASS64;
    if (check_identification(&file) < 0 || check_section_table(&file) < 0)
        return -1;
    read_header(&file, file.string_section, &header);
    if (header.type != SHT_STRTAB)
        return WRONG(&file, "the section name table is missing");
    for (unsigned int i = 0; i < file.section_count; i++)
        if (check_section(&file, i) < 0)
            return -1;
    for (unsigned int i = 1; i < file.section_count; i++) {
        read_header(&file, i, &header);
        if ((header.type == SHT_SYMTAB || header.type == SHT_DYNSYM) &&
            check_symbols(&file, i, &header) < 0)
            return -1;
        if ((header.type == SHT_REL || header.type == SHT_RELA) &&
            check_relocations(&file, i, &header) < 0)
            return -1;
    }
    return 0;
}
