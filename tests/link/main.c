/* SPDX-License-Identifier: GPL-3.0-or-later */
/* link-image IMAGE: prints what `afterburner link` handed to the wedge, a line for each thing.
 * link-image IMAGE PLACE OUTPUT: writes the image as it is in memory once bound for that place. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "as/output.h"
#include "cli/exit-codes.h"
#include "cli/memory.h"
#include "image/image.h"
#include "image/wedge.h"

/* Where the file has what is loaded at an address: as loaders find it, through the segments. */
static unsigned char *find(const struct image *image, unsigned char *file, uint64_t address,
                           int physical)
{
    for (size_t i = 0; i < image->segment_count; i++) {
        const struct image_segment *segment = &image->segments[i];
        uint64_t start = physical ? segment->physical : segment->address;

        if (address >= start && address - start < segment->file_size)
            return file + segment->offset + (address - start);
    }
    fprintf(stderr, "0x%" PRIx64 " is not loaded\n", address);
    exit(EXIT_FAILURE);
}

static void print_header(const struct wedge_image *header)
{
    printf("wedge 0x%" PRIx64 " 0x%" PRIx64 " physical 0x%" PRIx64 "\n", header->wedge_start,
           header->wedge_end, header->wedge_physical);
    printf("entry 0x%" PRIx64 " protocol %u\n", header->guest_entry, header->protocol);
    for (uint32_t i = 0; i < header->segment_count; i++)
        printf("segment 0x%" PRIx64 " 0x%" PRIx64 " 0x%" PRIx64 "\n",
               header->segments[i].virtual_address, header->segments[i].physical_address,
               header->segments[i].size);
    for (uint32_t i = 0; i < header->place_count; i++)
        printf("place %s\n", header->places[i].name);
}

static void print_site(const struct wedge_site *site)
{
    printf("site 0x%" PRIx32 " span %u offset %u length %u bits %u kind %u flags 0x%x width %u "
           "base %u displacement %" PRId32 " immediate 0x%x\n",
           site->physical_address, site->span, site->offset, site->length, site->bits, site->kind,
           site->flags, site->width, site->base, site->displacement, site->immediate);
}

static int bind_for(const struct image *image, const struct wedge_image *header,
                    const struct wedge_site *sites, const char *place, const char *output)
{
    unsigned char *file = memory_allocate(image->file_size);
    int code = EXIT_FAILURE;

    memcpy(file, image->file, image->file_size);
    for (uint32_t k = 0; k < header->place_count; k++) {
        const unsigned char *patches = find(image, image->file, header->places[k].patches, 0);

        if (strcmp(header->places[k].name, place) != 0)
            continue;
        for (uint32_t i = 0; i < header->site_count; i++) {
            struct wedge_patch patch;

            memcpy(&patch, patches + i * sizeof(patch), sizeof(patch));
            memcpy(find(image, file, sites[i].physical_address, 1) + patch.offset, patch.bytes,
                   patch.length);
        }
        code = output_write(output, file, image->file_size);
    }
    free(file);
    return code;
}

int main(int argc, char **argv)
{
    struct wedge_image header;
    struct wedge_site *sites;
    struct image image;
    char wrong[256];
    int code = EXIT_SUCCESS;

    if ((argc != 2 && argc != 4) || image_open(argv[1], &image) != EXIT_CODE_OK)
        return EXIT_FAILURE;
    if (wedge_header_read(&image, &header, wrong, sizeof(wrong)) < 0) {
        fprintf(stderr, "%s\n", wrong);
        return EXIT_FAILURE;
    }
    sites = memory_allocate(header.site_count * sizeof(*sites));
    memcpy(sites, find(&image, image.file, header.sites, 0), header.site_count * sizeof(*sites));
    if (argc == 4) {
        code = bind_for(&image, &header, sites, argv[2], argv[3]);
    } else {
        print_header(&header);
        for (uint32_t i = 0; i < header.site_count; i++)
            print_site(&sites[i]);
    }
    free(sites);
    image_close(&image);
    return code;
}
