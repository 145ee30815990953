/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "link/notes.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "cli/memory.h"

static uint64_t round_up(uint64_t value, uint64_t alignment)
{
    return (value + alignment - 1) / alignment * alignment;
}

/* A list that makes no sense just ends. */
static int find_in(const unsigned char *notes, uint64_t size, uint64_t alignment, const char *owner,
                   uint32_t type, uint64_t *value)
{
    uint64_t at = 0;

    while (size >= sizeof(Elf64_Nhdr) && at <= size - sizeof(Elf64_Nhdr)) {
        uint64_t name = at + sizeof(Elf64_Nhdr), description;
        Elf64_Nhdr note;

        memcpy(&note, notes + at, sizeof(note));
        description = round_up(name + note.n_namesz, alignment);
        if (description > size || note.n_descsz > size - description)
            return 0;
        if (note.n_type == type && note.n_namesz == strlen(owner) + 1 &&
            memcmp(notes + name, owner, note.n_namesz) == 0) {
            *value = 0;
            if (note.n_descsz == 4 || note.n_descsz == 8)
                memcpy(value, notes + description, note.n_descsz);
            return 1;
        }
        at = round_up(description + note.n_descsz, alignment);
    }
    return 0;
}

int notes_find(const struct image *image, const char *owner, uint32_t type, uint64_t *value)
{
    Elf64_Ehdr header;

    memcpy(&header, image->file, sizeof(header));
    for (unsigned int i = 0; i < header.e_phnum; i++) {
        uint64_t at = header.e_phoff + (uint64_t)i * sizeof(Elf64_Phdr);
        Elf64_Phdr segment;

        if (at > image->file_size || sizeof(segment) > image->file_size - at)
            return 0;
        memcpy(&segment, image->file + at, sizeof(segment));
        if (segment.p_type != PT_NOTE || segment.p_offset > image->file_size ||
            segment.p_filesz > image->file_size - segment.p_offset)
            continue;
        if (find_in(image->file + segment.p_offset, segment.p_filesz, segment.p_align == 8 ? 8 : 4,
                    owner, type, value))
            return 1;
    }
    return 0;
}

void notes_add(struct notes *notes, const char *owner, uint32_t type, const void *value,
               uint32_t size)
{
    Elf64_Nhdr note = {(uint32_t)strlen(owner) + 1, size, type};
    size_t name = notes->size + sizeof(note), description = round_up(name + note.n_namesz, 4),
           end = round_up(description + size, 4);

    notes->bytes = memory_resize(notes->bytes, end);
    memset(notes->bytes + notes->size, 0, end - notes->size);
    memcpy(notes->bytes + notes->size, &note, sizeof(note));
    memcpy(notes->bytes + name, owner, note.n_namesz);
    memcpy(notes->bytes + description, value, size);
    notes->size = end;
}
