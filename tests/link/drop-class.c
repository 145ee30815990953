/* SPDX-License-Identifier: GPL-3.0-or-later */
/* drop-class CLASS IMAGE OUTPUT: the image as it would be had the annotator left out one class of
 * sensitive instructions: each of their records becomes a region of 0 bytes, which says nothing.
 * Prints how many. The pads stay, as nops. */
#include <bfd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "afterburn/record.h"
#include "cli/memory.h"
#include "decode/sensitive-table.h"
#include "image/image.h"

static size_t drop(unsigned char *bytes, size_t size, const char *class_name)
{
    struct afterburn_header header;
    struct afterburn_record record;
    size_t dropped = 0;

    for (size_t chunk = 0; chunk + sizeof(header) <= size; chunk += sizeof(header) + header.size) {
        memcpy(&header, bytes + chunk, sizeof(header));
        for (size_t at = 0; at < header.size; at += sizeof(record)) {
            unsigned char *place = bytes + chunk + sizeof(header) + at;
            const struct sensitive_entry *entry;

            memcpy(&record, place, sizeof(record));
            entry = sensitive_entry_by_number(record.kind);
            if (!entry || strcmp(entry->class_name, class_name) != 0)
                continue;
            record = (struct afterburn_record){
                .site = record.site, .kind = AFTERBURN_REGION, .bits = record.bits};
            memcpy(place, &record, sizeof(record));
            dropped++;
        }
    }
    return dropped;
}

int main(int argc, char **argv)
{
    const struct image_section *section;
    unsigned char *copy;
    struct image image;
    size_t dropped;
    FILE *out;

    if (argc != 4) {
        fputs("usage: drop-class CLASS IMAGE OUTPUT\n", stderr);
        return 2;
    }
    if (image_open(argv[2], &image) != 0)
        return 3;
    section = image_section_by_name(&image, AFTERBURN_SECTION);
    if (!section) {
        fprintf(stderr, "drop-class: %s: no records\n", argv[2]);
        return 3;
    }
    copy = memory_allocate(image.file_size);
    memcpy(copy, image.file, image.file_size);
    dropped = drop(copy + ((const asection *)section->handle)->filepos, section->size, argv[1]);
    out = fopen(argv[3], "we");
    if (!out || fwrite(copy, 1, image.file_size, out) != image.file_size || fclose(out) != 0) {
        perror(argv[3]);
        free(copy);
        return 4;
    }
    printf("%zu\n", dropped);
    free(copy);
    image_close(&image);
    return dropped ? 0 : 1;
}
