/* SPDX-License-Identifier: GPL-3.0-or-later */
/* elf_check: a small valid file of either class is built in memory, then broken one field at a
 * time. */
#include "helpers.h"

#include <elf.h>

#include "image/elf-check.h"

enum section {
    SECTION_NULL,
    SECTION_TEXT,
    SECTION_BSS,
    SECTION_SYMBOLS,
    SECTION_STRINGS,
    SECTION_RELOCATIONS,
    SECTION_NAMES,
    SECTION_COUNT,
};

enum layout {
    TEXT_OFFSET = 0x80,
    TEXT_SIZE = 0x10,
    SYMBOLS_OFFSET = 0xa0,
    SYMBOL_COUNT = 3,
    STRINGS_OFFSET = 0x100,
    STRINGS_SIZE = 7,
    RELOCATIONS_OFFSET = 0x110,
    RELOCATION_COUNT = 2,
    NAMES_OFFSET = 0x148,
    PROGRAM_HEADERS_OFFSET = 0x180,
    SECTIONS_OFFSET = 0x200,
    FILE_CAPACITY = SECTIONS_OFFSET + SECTION_COUNT * sizeof(Elf64_Shdr),
};

static const char names[] = "\0.text\0.bss\0.symtab\0.strtab\0.rel.text\0.shstrtab";

/* One file: both classes' structures lie at the same offsets. */
struct file {
    _Alignas(8) unsigned char bytes[FILE_CAPACITY];
    size_t size;
    int is_64;
};

/* Sets a field in the structure of the file's class. */
#define SET(file, offset, type, field, value)                                                      \
    ((file)->is_64 ? (void)(((Elf64_##type *)((file)->bytes + (offset)))->field = (value))         \
                   : (void)(((Elf32_##type *)((file)->bytes + (offset)))->field = (value)))
#define SIZE_OF(file, type) ((file)->is_64 ? sizeof(Elf64_##type) : sizeof(Elf32_##type))

#define SET_HEADER(file, field, value) SET(file, 0, Ehdr, field, value)
#define SET_SECTION(file, index, field, value)                                                     \
    SET(file, SECTIONS_OFFSET + (index)*SIZE_OF(file, Shdr), Shdr, field, value)
#define SET_SYMBOL(file, index, field, value)                                                      \
    SET(file, SYMBOLS_OFFSET + (index)*SIZE_OF(file, Sym), Sym, field, value)

/* The first two fields of a relocation with addend are those of one without. */
static void set_relocation(struct file *file, size_t index, uint64_t offset, uint32_t symbol)
{
    size_t at = RELOCATIONS_OFFSET + index * (file->is_64 ? sizeof(Elf64_Rela) : sizeof(Elf32_Rel));

    SET(file, at, Rel, r_offset, offset);
    if (file->is_64)
        ((Elf64_Rel *)(file->bytes + at))->r_info = ELF64_R_INFO((uint64_t)symbol, R_X86_64_PC32);
    else
        ((Elf32_Rel *)(file->bytes + at))->r_info = ELF32_R_INFO(symbol, R_386_PC32);
}

static void set_section(struct file *file, unsigned int index, uint32_t name, uint32_t type,
                        uint64_t offset, uint64_t size)
{
    SET_SECTION(file, index, sh_name, name);
    SET_SECTION(file, index, sh_type, type);
    SET_SECTION(file, index, sh_offset, offset);
    SET_SECTION(file, index, sh_size, size);
}

static void build(struct file *file, int is_64)
{
    memset(file, 0, sizeof(*file));
    file->is_64 = is_64;
    file->size = SECTIONS_OFFSET + SECTION_COUNT * SIZE_OF(file, Shdr);
    memcpy(file->bytes, ELFMAG, SELFMAG);
    file->bytes[EI_CLASS] = is_64 ? ELFCLASS64 : ELFCLASS32;
    file->bytes[EI_DATA] = ELFDATA2LSB;
    file->bytes[EI_VERSION] = EV_CURRENT;
    SET_HEADER(file, e_type, ET_REL);
    SET_HEADER(file, e_machine, is_64 ? EM_X86_64 : EM_386);
    SET_HEADER(file, e_version, EV_CURRENT);
    SET_HEADER(file, e_ehsize, SIZE_OF(file, Ehdr));
    SET_HEADER(file, e_shoff, SECTIONS_OFFSET);
    SET_HEADER(file, e_shentsize, SIZE_OF(file, Shdr));
    SET_HEADER(file, e_shnum, SECTION_COUNT);
    SET_HEADER(file, e_shstrndx, SECTION_NAMES);

    set_section(file, SECTION_TEXT, 1, SHT_PROGBITS, TEXT_OFFSET, TEXT_SIZE);
    SET_SECTION(file, SECTION_TEXT, sh_flags, SHF_ALLOC | SHF_EXECINSTR);
    set_section(file, SECTION_BSS, 7, SHT_NOBITS, FILE_CAPACITY * 2,
                0x100000); /* not in the file: it may be anywhere */
    SET_SECTION(file, SECTION_BSS, sh_flags, SHF_ALLOC | SHF_WRITE);

    set_section(file, SECTION_SYMBOLS, 12, SHT_SYMTAB, SYMBOLS_OFFSET,
                SYMBOL_COUNT * SIZE_OF(file, Sym));
    SET_SECTION(file, SECTION_SYMBOLS, sh_entsize, SIZE_OF(file, Sym));
    SET_SECTION(file, SECTION_SYMBOLS, sh_link, SECTION_STRINGS);
    SET_SYMBOL(file, 1, st_name, 1);
    SET_SYMBOL(file, 1, st_shndx, SECTION_TEXT);
    SET_SYMBOL(file, 2, st_name, 3);
    SET_SYMBOL(file, 2, st_shndx, SHN_ABS);
    set_section(file, SECTION_STRINGS, 20, SHT_STRTAB, STRINGS_OFFSET, STRINGS_SIZE);
    memcpy(file->bytes + STRINGS_OFFSET, "\0f\0abs", STRINGS_SIZE);

    set_section(file, SECTION_RELOCATIONS, 28, is_64 ? SHT_RELA : SHT_REL, RELOCATIONS_OFFSET,
                RELOCATION_COUNT * (is_64 ? sizeof(Elf64_Rela) : sizeof(Elf32_Rel)));
    SET_SECTION(file, SECTION_RELOCATIONS, sh_entsize,
                is_64 ? sizeof(Elf64_Rela) : sizeof(Elf32_Rel));
    SET_SECTION(file, SECTION_RELOCATIONS, sh_link, SECTION_SYMBOLS);
    SET_SECTION(file, SECTION_RELOCATIONS, sh_info, SECTION_TEXT);
    set_relocation(file, 0, 1, 1);
    set_relocation(file, 1, 8, 2);

    set_section(file, SECTION_NAMES, 38, SHT_STRTAB, NAMES_OFFSET, sizeof(names));
    memcpy(file->bytes + NAMES_OFFSET, names, sizeof(names));
}

/* From a block that ends where the file ends, so that a sanitizer sees each read past it. */
static int check(const struct file *file, char *wrong, size_t capacity)
{
    unsigned char *exact = exact_copy(file->bytes, file->size);
    int status;

    status = elf_check(exact, file->size, wrong, capacity);
    free(exact);
    return status;
}

static void expect_valid(const struct file *file)
{
    char wrong[256];

    if (check(file, wrong, sizeof(wrong)) != 0)
        fail_msg("%d bits: %s", file->is_64 ? 64 : 32, wrong);
}

static void expect_wrong(const struct file *file, const char *message)
{
    char wrong[256] = "";

    if (check(file, wrong, sizeof(wrong)) == 0)
        fail_msg("%d bits: taken for valid, expected '%s'", file->is_64 ? 64 : 32, message);
    assert_string_equal(wrong, message);
}

/* A broken file: build(), one change, the message. */
#define BROKEN(change, message)                                                                    \
    do {                                                                                           \
        build(&file, is_64);                                                                       \
        change;                                                                                    \
        expect_wrong(&file, message);                                                              \
    } while (0)
#define VALID(change)                                                                              \
    do {                                                                                           \
        build(&file, is_64);                                                                       \
        change;                                                                                    \
        expect_valid(&file);                                                                       \
    } while (0)

/* An offset that wraps around when a size is added to it. */
static uint64_t near_the_end(int is_64)
{
    return (is_64 ? UINT64_MAX : UINT32_MAX) - 7;
}

static void valid_files(void **state)
{
    struct file file;

    (void)state;
    for (int is_64 = 0; is_64 < 2; is_64++) {
        VALID((void)0);
        VALID(SET_HEADER(&file, e_type, ET_EXEC));
        VALID(SET_HEADER(&file, e_type, ET_DYN));
        /* Nothing of a section that is not in the file is looked at. */
        VALID(SET_SECTION(&file, SECTION_BSS, sh_offset, UINT32_MAX));
        VALID(SET_SECTION(&file, SECTION_TEXT, sh_size, 0x10));
        /* A symbol table may be empty, a string table too. */
        VALID(SET_SECTION(&file, SECTION_RELOCATIONS, sh_size, 0));
        /* Common, absolute and undefined symbols have no section. */
        VALID(SET_SYMBOL(&file, 1, st_shndx, SHN_COMMON));
        VALID(SET_SYMBOL(&file, 1, st_shndx, SHN_UNDEF));
    }
}

static void identification(void **state)
{
    struct file file;

    (void)state;
    for (int is_64 = 0; is_64 < 2; is_64++) {
        size_t header = is_64 ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr);

        BROKEN(file.size = 0, "not an ELF file");
        BROKEN(file.size = EI_NIDENT - 1, "not an ELF file");
        BROKEN(file.bytes[0] = 'M', "not an ELF file");
        BROKEN(file.bytes[EI_CLASS] = 3, "ELF class 3 is neither 32 nor 64 bits");
        BROKEN(file.bytes[EI_CLASS] = 0, "ELF class 0 is neither 32 nor 64 bits");
        BROKEN(file.bytes[EI_DATA] = ELFDATA2MSB,
               "not little-endian: foreign architecture, only x86 is known");
        BROKEN(file.size = header - 1, "truncated: the ELF header ends beyond the file");
        BROKEN(SET_HEADER(&file, e_machine, EM_AARCH64),
               "foreign architecture (AArch64, ELF machine 183): only x86 is known");
        BROKEN(SET_HEADER(&file, e_machine, 9999),
               "foreign architecture (ELF machine 9999): only x86 is known");
        BROKEN(SET_HEADER(&file, e_machine, is_64 ? EM_386 : EM_X86_64),
               is_64 ? "foreign architecture (ELF machine 3): only x86 is known"
                     : "foreign architecture (ELF machine 62): only x86 is known");
        BROKEN(SET_HEADER(&file, e_type, ET_CORE),
               "ELF type 4 is neither an executable nor a relocatable file");
        BROKEN(SET_HEADER(&file, e_type, ET_NONE),
               "ELF type 0 is neither an executable nor a relocatable file");
    }
}

static void section_table(void **state)
{
    struct file file;

    (void)state;
    for (int is_64 = 0; is_64 < 2; is_64++) {
        BROKEN(SET_HEADER(&file, e_shoff, 0),
               "it has no section headers (stripped of them?): sites cannot be found");
        BROKEN(SET_HEADER(&file, e_shoff, SECTIONS_OFFSET + 1),
               "truncated: the section headers end beyond the file");
        BROKEN(SET_HEADER(&file, e_shoff, UINT32_MAX),
               "truncated: the section headers end beyond the file");
        BROKEN(SET_HEADER(&file, e_shoff, near_the_end(is_64)),
               "truncated: the section headers end beyond the file");
        BROKEN(SET_HEADER(&file, e_shnum, SECTION_COUNT + 1),
               "truncated: the section headers end beyond the file");
        BROKEN(file.size--, "truncated: the section headers end beyond the file");
        BROKEN(SET_HEADER(&file, e_shentsize, 16),
               "truncated: the section headers end beyond the file");
        BROKEN(SET_HEADER(&file, e_shstrndx, SECTION_COUNT), "the section name table is missing");
        BROKEN(SET_HEADER(&file, e_shstrndx, SECTION_TEXT), "the section name table is missing");
        BROKEN(SET_HEADER(&file, e_shstrndx, SHN_XINDEX), "the section name table is missing");
        BROKEN((SET_HEADER(&file, e_shnum, 0), SET_HEADER(&file, e_shoff, file.size)),
               "the section name table is missing");
    }
}

/* With more than 65279 sections the numbers are in the first section header. */
static void extended_numbers(void **state)
{
    struct file file;

    (void)state;
    for (int is_64 = 0; is_64 < 2; is_64++) {
        VALID((SET_HEADER(&file, e_shnum, 0), SET_SECTION(&file, 0, sh_size, SECTION_COUNT)));
        VALID((SET_HEADER(&file, e_shnum, 0), SET_SECTION(&file, 0, sh_size, SECTION_COUNT),
               SET_HEADER(&file, e_shstrndx, SHN_XINDEX),
               SET_SECTION(&file, 0, sh_link, SECTION_NAMES)));
        BROKEN((SET_HEADER(&file, e_shnum, 0), SET_SECTION(&file, 0, sh_size, SECTION_COUNT + 1)),
               "truncated: the section headers end beyond the file");
        BROKEN((SET_HEADER(&file, e_shnum, 0), SET_SECTION(&file, 0, sh_size, UINT32_MAX)),
               "the number of sections makes no sense");
        BROKEN((SET_HEADER(&file, e_shnum, 0), SET_SECTION(&file, 0, sh_size, SECTION_COUNT),
                SET_HEADER(&file, e_shstrndx, SHN_XINDEX),
                SET_SECTION(&file, 0, sh_link, SECTION_COUNT)),
               "the section name table is missing");
        BROKEN(SET_HEADER(&file, e_shnum, 0), "the section name table is missing");
    }
}

static void program_headers(void **state)
{
    static const char beyond[] = "truncated: the program headers end beyond the file";
    struct file file;

    (void)state;
    for (int is_64 = 0; is_64 < 2; is_64++) {
        size_t one = is_64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);

        VALID((SET_HEADER(&file, e_phnum, 1), SET_HEADER(&file, e_phentsize, one),
               SET_HEADER(&file, e_phoff, PROGRAM_HEADERS_OFFSET)));
        VALID(SET_HEADER(&file, e_phoff, UINT32_MAX)); /* there are none */
        BROKEN((SET_HEADER(&file, e_phnum, 1), SET_HEADER(&file, e_phentsize, one),
                SET_HEADER(&file, e_phoff, file.size - one + 1)),
               beyond);
        BROKEN((SET_HEADER(&file, e_phnum, 0xffff), SET_HEADER(&file, e_phentsize, one),
                SET_HEADER(&file, e_phoff, PROGRAM_HEADERS_OFFSET)),
               beyond);
        BROKEN((SET_HEADER(&file, e_phnum, 1), SET_HEADER(&file, e_phentsize, one + 1),
                SET_HEADER(&file, e_phoff, PROGRAM_HEADERS_OFFSET)),
               beyond);
    }
}

static void sections(void **state)
{
    struct file file;

    (void)state;
    for (int is_64 = 0; is_64 < 2; is_64++) {
        BROKEN(SET_SECTION(&file, SECTION_TEXT, sh_name, sizeof(names)),
               "section 1: its name is outside the name table");
        BROKEN(SET_SECTION(&file, SECTION_BSS, sh_name, UINT32_MAX),
               "section 2: its name is outside the name table");
        BROKEN(SET_SECTION(&file, SECTION_TEXT, sh_size, FILE_CAPACITY),
               "truncated: section 1 ends beyond the file");
        BROKEN(SET_SECTION(&file, SECTION_TEXT, sh_offset, file.size - TEXT_SIZE + 1),
               "truncated: section 1 ends beyond the file");
        BROKEN(SET_SECTION(&file, SECTION_TEXT, sh_offset, UINT32_MAX),
               "truncated: section 1 ends beyond the file");
        BROKEN(file.bytes[STRINGS_OFFSET + STRINGS_SIZE - 1] = 'x',
               "section 4: the string table does not end");
        BROKEN(file.bytes[NAMES_OFFSET + sizeof(names) - 1] = 'x',
               "section 6: the string table does not end");
        BROKEN(SET_SECTION(&file, SECTION_SYMBOLS, sh_entsize, 1),
               "section 3: its entries have a wrong size");
        BROKEN(SET_SECTION(&file, SECTION_SYMBOLS, sh_entsize, 0),
               "section 3: its entries have a wrong size");
        BROKEN(SET_SECTION(&file, SECTION_SYMBOLS, sh_size, 17),
               "section 3: its entries have a wrong size");
        BROKEN(SET_SECTION(&file, SECTION_RELOCATIONS, sh_entsize, 9),
               "section 5: its entries have a wrong size");
        BROKEN((SET_SECTION(&file, SECTION_TEXT, sh_flags, SHF_COMPRESSED),
                SET_SECTION(&file, SECTION_TEXT, sh_size, 8)),
               "section 1: its compression header is cut off");
        BROKEN(SET_SECTION(&file, SECTION_TEXT, sh_offset, near_the_end(is_64)),
               "truncated: section 1 ends beyond the file");
    }
}

static void symbols(void **state)
{
    struct file file;

    (void)state;
    for (int is_64 = 0; is_64 < 2; is_64++) {
        BROKEN(SET_SECTION(&file, SECTION_SYMBOLS, sh_link, SECTION_COUNT),
               "section 3: its string table does not exist");
        BROKEN(SET_SECTION(&file, SECTION_SYMBOLS, sh_link, SECTION_TEXT),
               "section 3: its string table is not one");
        BROKEN(SET_SYMBOL(&file, 1, st_name, STRINGS_SIZE),
               "section 3: symbol 1: its name is outside the string table");
        BROKEN(SET_SYMBOL(&file, 2, st_name, UINT32_MAX),
               "section 3: symbol 2: its name is outside the string table");
        BROKEN(SET_SYMBOL(&file, 2, st_shndx, SECTION_COUNT),
               "section 3: symbol 2: its section does not exist");
        BROKEN(SET_SYMBOL(&file, 1, st_shndx, SHN_LORESERVE - 1),
               "section 3: symbol 1: its section does not exist");
        BROKEN((SET_SECTION(&file, SECTION_SYMBOLS, sh_type, SHT_DYNSYM),
                SET_SYMBOL(&file, 1, st_name, 99)),
               "section 3: symbol 1: its name is outside the string table");
    }
}

static void relocations(void **state)
{
    struct file file;

    (void)state;
    for (int is_64 = 0; is_64 < 2; is_64++) {
        BROKEN(SET_SECTION(&file, SECTION_RELOCATIONS, sh_link, SECTION_COUNT),
               "section 5: its symbol table or target does not exist");
        BROKEN(SET_SECTION(&file, SECTION_RELOCATIONS, sh_info, SECTION_COUNT),
               "section 5: its symbol table or target does not exist");
        BROKEN(SET_SECTION(&file, SECTION_RELOCATIONS, sh_link, SECTION_TEXT),
               "section 5: its symbol table is not one");
        BROKEN(SET_SECTION(&file, SECTION_RELOCATIONS, sh_link, 0),
               "section 5: its symbol table is not one");
        BROKEN(SET_SECTION(&file, SECTION_RELOCATIONS, sh_link, SECTION_RELOCATIONS),
               "section 5: its symbol table is not one");
        BROKEN(set_relocation(&file, 1, 0, SYMBOL_COUNT),
               "section 5: relocation 1: its symbol does not exist");
        BROKEN(set_relocation(&file, 0, TEXT_SIZE, 1),
               "section 5: relocation 0: it is outside its section");
        /* In a linked file offsets are addresses. */
        VALID((set_relocation(&file, 0, TEXT_SIZE, 1), SET_HEADER(&file, e_type, ET_EXEC)));
        /* The dynamic linker's relocations may do without symbols. */
        VALID((SET_SECTION(&file, SECTION_RELOCATIONS, sh_link, 0),
               SET_SECTION(&file, SECTION_RELOCATIONS, sh_flags, SHF_ALLOC)));
    }
}

/* Every length a file can be cut to, and every byte it can have wrong in its headers: never a read
 * past the end. */
static void cut_and_changed(void **state)
{
    struct file file;
    char wrong[256];

    (void)state;
    for (int is_64 = 0; is_64 < 2; is_64++) {
        size_t whole;

        build(&file, is_64);
        whole = file.size;
        for (file.size = 0; file.size < whole; file.size++)
            assert_int_equal(check(&file, wrong, sizeof(wrong)), -1);
        for (size_t at = 0; at < whole; at++) {
            build(&file, is_64);
            file.bytes[at] ^= 0xff;
            if (check(&file, wrong, sizeof(wrong)) != 0)
                assert_true(strlen(wrong) > 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(valid_files),     cmocka_unit_test(identification),
        cmocka_unit_test(section_table),   cmocka_unit_test(extended_numbers),
        cmocka_unit_test(program_headers), cmocka_unit_test(sections),
        cmocka_unit_test(symbols),         cmocka_unit_test(relocations),
        cmocka_unit_test(cut_and_changed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
