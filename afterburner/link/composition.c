/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "link/composition.h"

#include <elf.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "afterburn/window.h"
#include "cli/exit-codes.h"
#include "cli/memory.h"
#include "cli/message.h"
#include "image/wedge.h"

/* Loaders put the wedge behind the guest at a multiple of a large page: a place can map it with few
 * of them. */
#define PHYSICAL_ALIGNMENT 0x200000u

static uint64_t round_up(uint64_t value, uint64_t alignment)
{
    return (value + alignment - 1) / alignment * alignment;
}

/* --- The guest
 * --- */

const struct image_segment *guest_segment_at(const struct image *guest, uint64_t address,
                                             uint64_t size)
{
    for (size_t i = 0; i < guest->segment_count; i++) {
        const struct image_segment *segment = &guest->segments[i];

        if (address >= segment->address && address - segment->address <= segment->file_size &&
            size <= segment->file_size - (address - segment->address))
            return segment;
    }
    return NULL;
}

uint64_t guest_physical(const struct image_segment *segment, uint64_t address)
{
    return segment->physical + (address - segment->address);
}

static int overlaps_window(const struct image_segment *segment)
{
    uint64_t end = segment->address + segment->size;

    return segment->size && end > WEDGE_WINDOW &&
           segment->address < WEDGE_WINDOW + (uint64_t)WEDGE_WINDOW_SIZE;
}

/* An image's sections in the order of addresses; the caller frees the list. */
static const struct image_section **sort_sections(const struct image *image, size_t *count)
{
    const struct image_section **list = memory_allocate(image->section_count * sizeof(*list));

    *count = 0;
    for (size_t i = 0; i < image->section_count; i++)
        if (image->sections[i].allocated && image->sections[i].size)
            list[(*count)++] = &image->sections[i];
    qsort(list, *count, sizeof(*list), image_compare_sections);
    return list;
}

/* Notes where the guest's code is. Neighbours become one; what is too much goes to the last, with
 * all between. */
static void take_code(struct composition *composition)
{
    const struct image *guest = composition->guest;
    struct wedge_image *header = &composition->header;
    size_t count;
    const struct image_section **list = sort_sections(guest, &count);

    for (size_t i = 0; i < count; i++) {
        const struct image_segment *segment =
            guest_segment_at(guest, list[i]->address, list[i]->bytes ? list[i]->size : 0);
        struct wedge_code *last = header->code + header->code_count - 1;
        uint64_t start, end;

        if (!segment || !list[i]->executable)
            continue;
        start = guest_physical(segment, list[i]->address);
        end = start + list[i]->size;
        if (!header->code_count ||
            (header->code_count < WEDGE_CODE_MAX &&
             (start < last->physical_address ||
              start / LINK_PAGE > (last->physical_address + last->size) / LINK_PAGE))) {
            header->code[header->code_count++] = (struct wedge_code){start, list[i]->size};
            continue;
        }
        if (end < last->physical_address + last->size)
            end = last->physical_address + last->size;
        if (start < last->physical_address)
            last->physical_address = start;
        last->size = end - last->physical_address;
    }
    free(list);
}

/* Notes the guest's segments and finds where its physical memory ends. */
static int take_guest(struct composition *composition)
{
    const struct image *guest = composition->guest;
    struct wedge_image *header = &composition->header;
    uint64_t end = 0;

    for (size_t i = 0; i < guest->segment_count; i++) {
        const struct image_segment *segment = &guest->segments[i];

        if (!segment->size)
            continue;
        if (header->segment_count == WEDGE_SEGMENT_MAX) {
            message_error("%s: more than %d loadable segments, which is all a wedge knows; link it "
                          "with fewer",
                          guest->path, WEDGE_SEGMENT_MAX);
            return EXIT_CODE_INPUT;
        }
        if (segment->offset < sizeof(Elf64_Ehdr) && segment->file_size) {
            message_error("%s: the segment at 0x%" PRIx64 " loads the file's own headers, which a "
                          "composed image has others of; link the guest without headers in its "
                          "segments",
                          guest->path, segment->address);
            return EXIT_CODE_INPUT;
        }
        if (overlaps_window(segment)) {
            message_error("%s: the segment at 0x%" PRIx64 " reaches into the wedge's window, "
                          "0x%" PRIx64 " to 0x%" PRIx64 "; link the guest elsewhere",
                          guest->path, segment->address, (uint64_t)WEDGE_WINDOW,
                          WEDGE_WINDOW + (uint64_t)WEDGE_WINDOW_SIZE);
            return EXIT_CODE_INPUT;
        }
        if (segment->physical > UINT32_MAX || segment->size > UINT32_MAX - segment->physical) {
            message_error("%s: the segment at 0x%" PRIx64 " is loaded above 4 GB, at physical "
                          "address 0x%" PRIx64 "; link the guest for a lower one",
                          guest->path, segment->address, segment->physical);
            return EXIT_CODE_INPUT;
        }
        if (segment->physical + segment->size > end)
            end = segment->physical + segment->size;
        header->segments[header->segment_count++] = (struct wedge_segment){
            segment->address,
            segment->physical,
            segment->size,
        };
    }
    if (!header->segment_count) {
        message_error("%s: nothing to load; link the guest with PT_LOAD segments", guest->path);
        return EXIT_CODE_INPUT;
    }
    take_code(composition);
    header->wedge_physical = round_up(end, PHYSICAL_ALIGNMENT);
    return EXIT_CODE_OK;
}

/* --- The wedge
 * --- */

static int has_name_of_wedge(const struct image_section *section)
{
    return strncmp(section->name, WEDGE_SECTION_PREFIX, strlen(WEDGE_SECTION_PREFIX)) == 0;
}

static int take_section(struct composition *composition, const struct image_section *section)
{
    const struct image *wedge = composition->wedge;
    const struct image_segment *segment =
        guest_segment_at(wedge, section->address, section->bytes ? section->size : 0);
    unsigned char *bytes;
    uint64_t address;

    if (!has_name_of_wedge(section) || !section->bytes || !segment) {
        message_error(
            "%s: section %s is %s; link the wedge with wedge/wedge.lds", wedge->path, section->name,
            has_name_of_wedge(section) ? "not loaded from the file"
                                       : "none of those a wedge has (" WEDGE_SECTION_PREFIX "*)");
        return EXIT_CODE_INPUT;
    }
    bytes = memory_allocate(section->size);
    memcpy(bytes, section->bytes, section->size);
    address = composition_add(composition, section->name, segment->flags & (PF_R | PF_W | PF_X),
                              LINK_PAGE, bytes, section->size);
    if (!address)
        return EXIT_CODE_INPUT;
    if (address != section->address) {
        message_error("%s: section %s is at 0x%" PRIx64 ", not at 0x%" PRIx64
                      ": the wedge was linked for another window, or with gaps; link it with "
                      "wedge/wedge.lds",
                      wedge->path, section->name, section->address, address);
        return EXIT_CODE_INPUT;
    }
    return EXIT_CODE_OK;
}

static int take_wedge(struct composition *composition)
{
    const struct image_section **list, *first;
    const struct image *wedge = composition->wedge;
    struct wedge_image blank;
    int code = EXIT_CODE_OK;
    uint64_t address;
    char wrong[256];
    size_t count;

    if (wedge_header_read(wedge, &blank, wrong, sizeof(wrong)) < 0) {
        message_error("%s: %s; use the wedge that was built with this program", wedge->path, wrong);
        return EXIT_CODE_INPUT;
    }
    if (wedge->wedge_end) {
        message_error("%s: an image that is composed already; name the wedge alone", wedge->path);
        return EXIT_CODE_INPUT;
    }
    first = image_section_by_name(wedge, WEDGE_HEADER_SECTION);
    code = composition_symbol(composition, "wedge_image", &address);
    if (code == EXIT_CODE_OK && address != first->address) {
        message_error("%s: the symbol wedge_image is not at the start of " WEDGE_HEADER_SECTION
                      "; link the wedge with wedge/wedge.lds",
                      wedge->path);
        code = EXIT_CODE_INPUT;
    }
    list = sort_sections(wedge, &count);
    for (size_t i = 0; i < count && code == EXIT_CODE_OK; i++)
        code = take_section(composition, list[i]);
    free(list);
    return code;
}

int composition_symbol(const struct composition *composition, const char *name, uint64_t *address)
{
    const struct image *wedge = composition->wedge;

    for (size_t i = 0; i < wedge->symbol_count; i++)
        if (strcmp(wedge->symbols[i].name, name) == 0) {
            *address = wedge->symbols[i].address;
            return EXIT_CODE_OK;
        }
    message_error("%s: the wedge has no symbol %s; use one that was built for these places and is "
                  "not stripped",
                  wedge->path, name);
    return EXIT_CODE_INPUT;
}

uint64_t composition_physical(const struct composition *composition, uint64_t address)
{
    return composition->header.wedge_physical + (address - composition->header.wedge_start);
}

/* --- What is put beside them
 * --- */

int composition_begin(struct composition *composition, const struct image *guest,
                      const struct image *wedge)
{
    int code;

    memset(composition, 0, sizeof(*composition));
    composition->guest = guest;
    composition->wedge = wedge;
    composition->header = (struct wedge_image){
        .magic = WEDGE_IMAGE_MAGIC,
        .version = WEDGE_IMAGE_VERSION,
        .size = sizeof(struct wedge_image),
        .wedge_start = WEDGE_WINDOW,
        .wedge_end = WEDGE_WINDOW,
    };
    code = take_guest(composition);
    if (code == EXIT_CODE_OK)
        code = take_wedge(composition);
    return code;
}

void composition_free(struct composition *composition)
{
    for (size_t i = 0; i < composition->section_count; i++)
        free(composition->sections[i].bytes);
    for (size_t i = 0; i < composition->line_count; i++)
        free(composition->lines[i]);
    free(composition->sections);
    free(composition->lines);
    free(composition->sites);
    memset(composition, 0, sizeof(*composition));
}

uint64_t composition_add(struct composition *composition, const char *name, unsigned int flags,
                         unsigned int alignment, unsigned char *bytes, size_t size)
{
    const struct link_section *last =
        composition->section_count ? &composition->sections[composition->section_count - 1] : NULL;
    uint64_t start = composition->header.wedge_start,
             address = last ? last->address + last->size : start;

    if (last && last->flags != flags && alignment < LINK_PAGE)
        alignment = LINK_PAGE;
    address = round_up(address, alignment);
    if (size > WEDGE_WINDOW_SIZE || address - start > WEDGE_WINDOW_SIZE - size) {
        message_error("%s: section %s with 0x%zx bytes leaves no room: wedge and tables take more "
                      "than the window's 0x%x bytes",
                      composition->guest->path, name, size, WEDGE_WINDOW_SIZE);
        free(bytes);
        return 0;
    }
    memory_grow((void **)&composition->sections, &composition->section_capacity,
                composition->section_count, sizeof(*composition->sections));
    composition->sections[composition->section_count++] = (struct link_section){
        .name = name,
        .address = address,
        .bytes = bytes,
        .size = size,
        .flags = flags,
        .alignment = alignment,
    };
    composition->header.wedge_end = round_up(address + size, LINK_PAGE);
    return address;
}

void composition_add_place(struct composition *composition, const char *name, uint64_t patches)
{
    struct wedge_place *place = &composition->header.places[composition->header.place_count++];

    snprintf(place->name, sizeof(place->name), "%s", name);
    place->patches = patches;
}

void composition_end(struct composition *composition)
{
    for (size_t i = 0; i < composition->section_count; i++)
        if (strcmp(composition->sections[i].name, WEDGE_HEADER_SECTION) == 0)
            memcpy(composition->sections[i].bytes, &composition->header,
                   sizeof(composition->header));
}

void composition_explain(struct composition *composition, const char *format, ...)
{
    va_list arguments;
    char *line;

    va_start(arguments, format);
    if (vasprintf(&line, format, arguments) < 0)
        message_out_of_memory();
    va_end(arguments);
    memory_grow((void **)&composition->lines, &composition->line_capacity, composition->line_count,
                sizeof(*composition->lines));
    composition->lines[composition->line_count++] = line;
}
