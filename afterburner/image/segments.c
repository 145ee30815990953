/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/segments.h"

#include <elf.h>
#include <string.h>

#include "cli/memory.h"

struct table {
    uint64_t offset, count;
    size_t entry_size;
};

/* Copies `size` bytes of the file, as far as it has them: e_shoff means nothing in a file without
 * section headers. */
static void copy_of_file(const struct image *image, uint64_t offset, void *copy, size_t size)
{
    memset(copy, 0, size);
    if (size <= image->file_size && offset <= image->file_size - size)
        memcpy(copy, image->file + offset, size);
}

/* Where the program headers are. More than 65534 of them are counted in the first section header
 * (ELF gABI, e_phnum). */
static struct table find_table(const struct image *image)
{
    struct table table;

    if (image->bits == 64) {
        Elf64_Shdr first;
        Elf64_Ehdr raw;

        copy_of_file(image, 0, &raw, sizeof(raw));
        copy_of_file(image, raw.e_shoff, &first, sizeof(first));
        table = (struct table){raw.e_phoff, raw.e_phnum == PN_XNUM ? first.sh_info : raw.e_phnum,
                               sizeof(Elf64_Phdr)};
    } else {
        Elf32_Shdr first;
        Elf32_Ehdr raw;

        copy_of_file(image, 0, &raw, sizeof(raw));
        copy_of_file(image, raw.e_shoff, &first, sizeof(first));
        table = (struct table){raw.e_phoff, raw.e_phnum == PN_XNUM ? first.sh_info : raw.e_phnum,
                               sizeof(Elf32_Phdr)};
    }
    if (table.offset > image->file_size ||
        table.count > (image->file_size - table.offset) / table.entry_size)
        table.count = 0;
    return table;
}

static int read_segment(const struct image *image, uint64_t offset, struct image_segment *segment)
{
    if (image->bits == 64) {
        Elf64_Phdr raw;

        memcpy(&raw, image->file + offset, sizeof(raw));
        *segment = (struct image_segment){raw.p_vaddr, raw.p_paddr,  raw.p_offset,
                                          raw.p_memsz, raw.p_filesz, (raw.p_flags & PF_X) != 0,
                                          raw.p_flags};
        return raw.p_type == PT_LOAD;
    }
    Elf32_Phdr raw;

    memcpy(&raw, image->file + offset, sizeof(raw));
    *segment = (struct image_segment){raw.p_vaddr, raw.p_paddr,  raw.p_offset,
                                      raw.p_memsz, raw.p_filesz, (raw.p_flags & PF_X) != 0,
                                      raw.p_flags};
    return raw.p_type == PT_LOAD;
}

void segments_read(struct image *image)
{
    struct table table = find_table(image);

    if (image->relocatable || !table.count)
        return;
    image->segments = memory_allocate(table.count * sizeof(*image->segments));
    for (uint64_t i = 0; i < table.count; i++) {
        struct image_segment *segment = &image->segments[image->segment_count];

        if (!read_segment(image, table.offset + i * table.entry_size, segment))
            continue;
        /* What is not in the file cannot be loaded. */
        if (segment->offset > image->file_size)
            segment->file_size = 0;
        else if (segment->file_size > image->file_size - segment->offset)
            segment->file_size = image->file_size - segment->offset;
        if (segment->size < segment->file_size)
            segment->size = segment->file_size;
        if (segment->size > UINT64_MAX - segment->address)
            segment->size = UINT64_MAX - segment->address;
        if (segment->file_size > segment->size)
            segment->file_size = segment->size;
        image->segment_count++;
    }
}

int segments_executable(const struct image *image, uint64_t address, uint64_t size)
{
    for (size_t i = 0; i < image->segment_count; i++) {
        const struct image_segment *segment = &image->segments[i];

        if (segment->executable && segment->size && address < segment->address + segment->size &&
            segment->address < address + size)
            return 1;
    }
    return 0;
}

uint64_t segments_virtual_entry(const struct image *image)
{
    if (image_section_at(image, image->entry))
        return image->entry;
    for (size_t i = 0; i < image->segment_count; i++) {
        const struct image_segment *segment = &image->segments[i];

        if (image->entry >= segment->physical &&
            image->entry - segment->physical < segment->file_size)
            return segment->address + (image->entry - segment->physical);
    }
    return image->entry;
}
