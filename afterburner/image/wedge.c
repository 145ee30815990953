/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/wedge.h"

#include <stdio.h>
#include <string.h>

#include "afterburn/window.h"

int wedge_header_read(const struct image *image, struct wedge_image *header, char *wrong,
                      size_t capacity)
{
    const struct image_section *section = image_section_by_name(image, WEDGE_HEADER_SECTION);

    if (!section || !section->bytes || section->size < sizeof(*header)) {
        snprintf(wrong, capacity, "no section " WEDGE_HEADER_SECTION " with a struct wedge_image");
        return -1;
    }
    memcpy(header, section->bytes, sizeof(*header));
    if (header->magic != WEDGE_IMAGE_MAGIC) {
        snprintf(wrong, capacity,
                 "section " WEDGE_HEADER_SECTION " begins with 0x%llx, not with the magic number "
                 "of struct wedge_image",
                 (unsigned long long)header->magic);
        return -1;
    }
    if (header->version != WEDGE_IMAGE_VERSION || header->size != sizeof(*header)) {
        snprintf(wrong, capacity,
                 "its struct wedge_image is of version %u with %u bytes (this program knows "
                 "version %d with %zu)",
                 header->version, header->size, WEDGE_IMAGE_VERSION, sizeof(*header));
        return -1;
    }
    return 0;
}

/* Name and place must both fit: neither is enough to leave a guest's code unread. */
static int is_of_wedge(const struct image_section *section, const struct wedge_image *header)
{
    return section->allocated && section->size && section->address >= header->wedge_start &&
           section->address < header->wedge_end &&
           section->size <= header->wedge_end - section->address &&
           (strncmp(section->name, WEDGE_SECTION_PREFIX, strlen(WEDGE_SECTION_PREFIX)) == 0 ||
            strcmp(section->name, WEDGE_NOTE_SECTION) == 0);
}

void wedge_mark_sections(struct image *image)
{
    struct wedge_image header;
    char wrong[256];

    if (image->bits != 64 || image->relocatable ||
        wedge_header_read(image, &header, wrong, sizeof(wrong)) < 0)
        return;
    if (header.wedge_start != WEDGE_WINDOW || header.wedge_end <= header.wedge_start ||
        header.wedge_end - header.wedge_start > WEDGE_WINDOW_SIZE)
        return;
    image->wedge_start = header.wedge_start;
    image->wedge_end = header.wedge_end;
    for (size_t i = 0; i < image->section_count; i++) {
        struct image_section *section = &image->sections[i];

        if (!is_of_wedge(section, &header))
            continue;
        section->of_wedge = 1;
        section->executable = 0; /* no code of the guest's: a branch there leaves its code */
    }
}
