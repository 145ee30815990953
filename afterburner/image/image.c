/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/image.h"

#define PACKAGE "afterburner" /* bfd.h insists */
#include <bfd.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/exit-codes.h"
#include "cli/memory.h"
#include "cli/message.h"
#include "image/elf-check.h"
#include "image/search.h"
#include "image/segments.h"
#include "image/wedge.h"

/* Where a relocatable file's first section is laid out: low enough that an undefined symbol at 0 is
 * in 32-bit reach. */
#define LAYOUT_BASE  0x40000000u
#define LAYOUT_ALIGN 0x1000u

static int read_file(const char *path, struct image *image)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;

    if (fd < 0 || fstat(fd, &status) < 0) {
        message_error("%s: cannot be read: %s", path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return EXIT_CODE_INPUT;
    }
    if (!S_ISREG(status.st_mode)) {
        message_error("%s: cannot be read: it is not a regular file; name an ELF file", path);
        close(fd);
        return EXIT_CODE_INPUT;
    }
    image->file_size = (size_t)status.st_size;
    image->file =
        image->file_size ? mmap(NULL, image->file_size, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
    close(fd);
    if (image->file == MAP_FAILED) {
        image->file = NULL;
        message_error("%s: %s; name an ELF file", path,
                      image->file_size ? strerror(errno) : "empty, not an ELF file");
        return EXIT_CODE_INPUT;
    }
    return EXIT_CODE_OK;
}

/* libbfd prints warnings of its own about odd files: elf-check has said what a user can use. */
static void ignore_bfd_message(const char *format, va_list arguments)
{
    (void)format;
    (void)arguments;
}

static int open_bfd(const char *path, struct image *image)
{
    bfd *file;

    bfd_init();
    bfd_set_error_handler(ignore_bfd_message);
    file = bfd_openr(path, NULL);
    image->handle = file;
    if (!file || !bfd_check_format(file, bfd_object)) {
        message_error("%s: libbfd cannot read it: %s", path, bfd_errmsg(bfd_get_error()));
        return EXIT_CODE_INPUT;
    }
    file->flags |= BFD_DECOMPRESS;
    image->entry = bfd_get_start_address(file);
    image->relocatable = !(bfd_get_file_flags(file) & (EXEC_P | DYNAMIC));
    image->bits = bfd_arch_bits_per_address(file) == 64 ? 64 : 32;
    return EXIT_CODE_OK;
}

/* Gives each allocated section of a relocatable file an address of its own. */
static void lay_out(bfd *file)
{
    bfd_vma next = LAYOUT_BASE;

    for (asection *section = file->sections; section; section = section->next) {
        if (!(section->flags & SEC_ALLOC))
            continue;
        bfd_set_section_vma(section, next);
        next += (section->size + 2 * LAYOUT_ALIGN - 1) & ~(bfd_vma)(LAYOUT_ALIGN - 1);
    }
}

static void read_build_id(struct image *image, const bfd *file)
{
    const struct bfd_build_id *id = file->build_id;

    for (size_t i = 0; id && i < id->size && i < 64; i++)
        snprintf(image->build_id + 2 * i, 3, "%02x", id->data[i]);
}

static unsigned char *read_contents(struct image *image, bfd *file, asection *section)
{
    unsigned char *bytes = NULL;

    if (!(section->flags & SEC_HAS_CONTENTS) || !(section->flags & SEC_ALLOC))
        return NULL;
    if (section->size > image->file_size)
        return NULL;
    if (image->relocatable && section->flags & SEC_RELOC) {
        bytes = memory_allocate(section->size);
        if (bfd_simple_get_relocated_section_contents(file, section, bytes, image->private))
            return bytes;
        free(bytes);
        return NULL;
    }
    bytes = memory_allocate(section->size);
    if (bfd_get_section_contents(file, section, bytes, 0, section->size))
        return bytes;
    free(bytes);
    return NULL;
}

static int read_sections(const char *path, struct image *image)
{
    bfd *file = image->handle;
    size_t capacity = 0;

    for (asection *section = file->sections; section; section = section->next) {
        struct image_section *entry;

        memory_grow((void **)&image->sections, &capacity, image->section_count,
                    sizeof(*image->sections));
        entry = &image->sections[image->section_count++];
        *entry = (struct image_section){
            .name = section->name,
            .address = section->vma,
            .size = section->size,
            .allocated = (section->flags & SEC_ALLOC) != 0,
            .executable = (section->flags & SEC_ALLOC) && (section->flags & SEC_CODE),
            .bytes = read_contents(image, file, section),
            .handle = section,
        };
        if (entry->allocated && entry->size && entry->address + entry->size <= entry->address) {
            message_error("%s: section %s reaches beyond the end of the address space", path,
                          section->name);
            return EXIT_CODE_INPUT;
        }
        if (entry->allocated && section->flags & SEC_HAS_CONTENTS && section->size &&
            !entry->bytes) {
            message_error("%s: section %s cannot be read: %s", path, section->name,
                          bfd_errmsg(bfd_get_error()));
            return EXIT_CODE_INPUT;
        }
    }
    return EXIT_CODE_OK;
}

int image_compare_sections(const void *a, const void *b)
{
    const struct image_section *x = *(const struct image_section *const *)a,
                               *y = *(const struct image_section *const *)b;

    if (x->address != y->address)
        return x->address < y->address ? -1 : 1;
    return (x > y) - (x < y);
}

/* Sections that overlap are left to the search through all of them, which finds the first. */
static void sort_sections(struct image *image)
{
    const struct image_section **list = memory_allocate(image->section_count * sizeof(*list));
    size_t count = 0;

    for (size_t i = 0; i < image->section_count; i++)
        if (image->sections[i].allocated && image->sections[i].size)
            list[count++] = &image->sections[i];
    qsort(list, count, sizeof(*list), image_compare_sections);
    for (size_t i = 1; i < count; i++)
        if (list[i]->address - list[i - 1]->address < list[i - 1]->size) {
            free(list);
            return;
        }
    image->by_address = list;
    image->by_address_count = count;
}

static int compare_symbols(const void *a, const void *b)
{
    const struct image_symbol *x = a, *y = b;

    if (x->address != y->address)
        return x->address < y->address ? -1 : 1;
    if (x->section != y->section)
        return x->section < y->section ? -1 : 1;
    if (x->is_function != y->is_function)
        return y->is_function - x->is_function;
    return strcmp(x->name, y->name);
}

static void read_symbol_table(struct image *image)
{
    bfd *file = image->handle;
    long room = bfd_get_symtab_upper_bound(file), count;
    asymbol **table = memory_allocate(room > 0 ? (size_t)room : sizeof(asymbol *));

    table[0] = NULL;
    count = room > 0 ? bfd_canonicalize_symtab(file, table) : 0;
    image->private = table;
    image->symbol_count = count > 0 ? (size_t)count : 0;
}

static void read_symbols(struct image *image)
{
    asymbol **table = image->private;
    size_t count = image->symbol_count, kept = 0;

    image->symbols = memory_allocate(count * sizeof(*image->symbols));
    for (size_t i = 0; i < count; i++) {
        const asymbol *symbol = table[i];

        if (symbol->flags & (BSF_SECTION_SYM | BSF_FILE | BSF_DEBUGGING) || !symbol->name ||
            !symbol->name[0] || !symbol->section || !(symbol->section->flags & SEC_ALLOC))
            continue;
        image->symbols[kept++] = (struct image_symbol){
            .name = symbol->name,
            .address = symbol->section->vma + symbol->value,
            .section = symbol->section->index,
            .is_function = (symbol->flags & BSF_FUNCTION) != 0,
        };
    }
    image->symbol_count = kept;
    qsort(image->symbols, kept, sizeof(*image->symbols), compare_symbols);
}

/* What the loader of a position-independent image relocates. Where that cannot be read the image
 * counts as one that may hold addresses anywhere. */
static void read_relocations(struct image *image)
{
    bfd *file = image->handle;
    uint16_t type;
    long room, symbol_room, count;
    arelent **relocations;
    asymbol **symbols;

    memcpy(&type, image->file + offsetof(Elf64_Ehdr, e_type), sizeof(type));
    if (type != ET_DYN)
        return;
    symbol_room = bfd_get_dynamic_symtab_upper_bound(file);
    room = bfd_get_dynamic_reloc_upper_bound(file);
    if (room <= 0 || symbol_room <= 0)
        return;
    symbols = memory_allocate((size_t)symbol_room);
    relocations = memory_allocate((size_t)room);
    count = bfd_canonicalize_dynamic_symtab(file, symbols) < 0
                ? -1
                : bfd_canonicalize_dynamic_reloc(file, relocations, symbols);
    if (count >= 0) {
        image->position_independent = 1;
        image->relocated = memory_allocate((size_t)(count + 1) * sizeof(uint64_t));
        for (long i = 0; i < count; i++)
            image->relocated[i] = relocations[i]->address;
        image->relocated_count = (size_t)count;
        qsort(image->relocated, image->relocated_count, sizeof(uint64_t), search_compare);
    }
    free(relocations);
    free(symbols);
}

int image_open(const char *path, struct image *image)
{
    char wrong[256];
    int code;

    memset(image, 0, sizeof(*image));
    image->path = path;
    code = read_file(path, image);
    if (code == EXIT_CODE_OK &&
        elf_check(image->file, image->file_size, wrong, sizeof(wrong)) < 0) {
        message_error("%s: %s; name a linked image or a module for x86", path, wrong);
        code = EXIT_CODE_INPUT;
    }
    if (code == EXIT_CODE_OK)
        code = open_bfd(path, image);
    if (code == EXIT_CODE_OK) {
        if (image->relocatable)
            lay_out(image->handle);
        read_build_id(image, image->handle);
        read_symbol_table(image);
        code = read_sections(path, image);
    }
    if (code == EXIT_CODE_OK) {
        wedge_mark_sections(image);
        sort_sections(image);
        segments_read(image);
        read_relocations(image);
        image->entry = segments_virtual_entry(image);
        read_symbols(image);
    } else {
        image_close(image);
    }
    return code;
}

void image_close(struct image *image)
{
    for (size_t i = 0; i < image->section_count; i++)
        free(image->sections[i].bytes);
    free(image->sections);
    free(image->by_address);
    free(image->segments);
    free(image->relocated);
    free(image->symbols);
    free(image->private);
    if (image->handle)
        bfd_close(image->handle);
    if (image->file)
        munmap(image->file, image->file_size);
    memset(image, 0, sizeof(*image));
}

const struct image_section *image_section_by_name(const struct image *image, const char *name)
{
    for (size_t i = 0; i < image->section_count; i++)
        if (strcmp(image->sections[i].name, name) == 0)
            return &image->sections[i];
    return NULL;
}

const struct image_section *image_section_at(const struct image *image, uint64_t address)
{
    size_t low = 0, high = image->by_address_count;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (image->by_address[middle]->address <= address)
            low = middle + 1;
        else
            high = middle;
    }
    if (image->by_address)
        return low && address - image->by_address[low - 1]->address <
                           image->by_address[low - 1]->size
                   ? image->by_address[low - 1]
                   : NULL;
    for (size_t i = 0; i < image->section_count; i++) {
        const struct image_section *section = &image->sections[i];

        if (section->allocated && address >= section->address &&
            address - section->address < section->size)
            return section;
    }
    return NULL;
}

int image_is_relocated(const struct image *image, const struct image_section *section,
                       uint64_t address, uint64_t size)
{
    const asection *handle = section->handle;
    uint64_t offset = address - section->address, at;

    if (image->position_independent) {
        size_t behind = search_up_to(image->relocated, image->relocated_count, sizeof(uint64_t),
                                     address + size - 1);

        return behind > 0 && image->relocated[behind - 1] >= address;
    }
    if (!image->relocatable)
        return 1;
    if (!section->bytes || !(handle->flags & SEC_RELOC) || offset > section->size ||
        size > section->size - offset)
        return 0;
    at = (uint64_t)handle->filepos + offset;
    return at > image->file_size || size > image->file_size - at ||
           memcmp(image->file + at, section->bytes + offset, size) != 0;
}

size_t image_symbols_from(const struct image *image, uint64_t address)
{
    return search_below(image->symbols, image->symbol_count, sizeof(*image->symbols), address);
}

const char *image_function_at(const struct image *image, uint64_t address, uint64_t *offset)
{
    const struct image_section *section = image_section_at(image, address);
    const struct image_symbol *label = NULL;
    size_t low;

    *offset = section ? address - section->address : 0;
    if (!section)
        return "";
    low = image_symbols_from(image, address + 1); /* no section reaches the last address */
    while (low-- > 0 && image->symbols[low].address >= section->address) {
        const struct image_symbol *symbol = &image->symbols[low];

        if (&image->sections[symbol->section] != section)
            continue;
        if (symbol->is_function) {
            label = symbol;
            break;
        }
        if (!label || symbol->address == label->address)
            label = symbol; /* of several names for a place the sort puts the first one last in this
                               walk */
    }
    if (!label)
        return "";
    *offset = address - label->address;
    return label->name;
}

unsigned int image_line_at(const struct image *image, uint64_t address, const char **file)
{
    const struct image_section *section = image_section_at(image, address);
    bfd *handle = image->handle;
    const char *function;
    unsigned int line = 0;

    *file = NULL;
    if (!section ||
        !bfd_find_nearest_line(handle, (asection *)section->handle, (asymbol **)image->private,
                               address - section->address, file, &function, &line))
        return 0;
    return *file ? line : 0;
}
