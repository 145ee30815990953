/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "verify/bound.h"

#include <stdlib.h>
#include <string.h>

#include "cli/exit-codes.h"
#include "cli/memory.h"
#include "cli/message.h"
#include "image/wedge.h"
#include "verify/walk.h"

/* Xen's event mask in the virtual CPU's page, which begins with its struct vcpu_info
 * (public/xen.h). */
#define EVENT_MASK 1

/* The places that sites are bound for. */
static const char *const places[] = {"xen"};

int bound_place_known(const char *place)
{
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
        if (strcmp(places[i], place) == 0)
            return 1;
    return 0;
}

/* --- What the image has for the place --- */

const unsigned char *bound_loaded(const struct image *image, uint64_t address, uint64_t size,
                                  unsigned int *flags)
{
    for (size_t i = 0; i < image->segment_count; i++) {
        const struct image_segment *segment = &image->segments[i];
        uint64_t offset = address - segment->address;

        if (address < segment->address || offset > segment->file_size ||
            size > segment->file_size - offset)
            continue;
        if (flags)
            *flags = segment->flags;
        return image->file + segment->offset + offset;
    }
    return NULL;
}

static int find_symbol(const struct image *image, const char *name, uint64_t *address)
{
    for (size_t i = 0; i < image->symbol_count; i++)
        if (strcmp(image->symbols[i].name, name) == 0 &&
            image->sections[image->symbols[i].section].of_wedge) {
            *address = image->symbols[i].address;
            return EXIT_CODE_OK;
        }
    message_error("%s: its wedge has no symbol %s, by which stubs are judged; name the image as "
                  "`afterburner link` made it, not stripped",
                  image->path, name);
    return EXIT_CODE_INPUT;
}

static int read_stubs(const struct image *image, struct bound *bound)
{
    const struct image_section *section = image_section_by_name(image, ".wedge.stubs");
    int code;

    if (!section || !section->of_wedge) {
        message_error("%s: no section .wedge.stubs; compose it again with `afterburner link`",
                      image->path);
        return EXIT_CODE_INPUT;
    }
    bound->stubs = section->address;
    bound->stubs_size = section->size;
    code = find_symbol(image, "wedge_stub_rsp", &bound->stub_rsp);
    if (code == EXIT_CODE_OK)
        code = find_symbol(image, "wedge_stub_stack", &bound->stub_stack);
    if (code == EXIT_CODE_OK)
        code = find_symbol(image, "wedge_stub_entry", &bound->stub_entry);
    if (code == EXIT_CODE_OK)
        code = find_symbol(image, "vcpu_page", &bound->event_mask);
    bound->event_mask += EVENT_MASK;
    return code;
}

static const struct wedge_place *find_place(const struct bound *bound)
{
    const struct wedge_image *header = &bound->header;

    for (uint32_t i = 0; i < header->place_count && i < WEDGE_ENTRY_MAX; i++)
        if (strncmp(header->places[i].name, bound->place, sizeof(header->places[i].name)) == 0)
            return &header->places[i];
    return NULL;
}

static int read_tables(const struct image *image, struct bound *bound)
{
    const struct wedge_place *place = find_place(bound);
    const unsigned char *sites, *patches;
    size_t count = bound->header.site_count;

    if (!place) {
        message_error("%s: it was not linked for %s; link it with --wedge %s", image->path,
                      bound->place, bound->place);
        return EXIT_CODE_INPUT;
    }
    sites = bound_loaded(image, bound->header.sites, count * sizeof(struct wedge_site), NULL);
    patches = bound_loaded(image, place->patches, count * sizeof(struct wedge_patch), NULL);
    if (!sites || !patches || !count) {
        message_error("%s: its wedge's table of %s is not loaded; compose it again with "
                      "`afterburner link`",
                      image->path, sites && count ? "patches" : "sites");
        return EXIT_CODE_INPUT;
    }
    bound->sites = memory_allocate(count * sizeof(*bound->sites));
    for (size_t i = 0; i < count; i++) {
        struct bound_site *site = &bound->sites[i];

        memset(site, 0, sizeof(*site));
        memcpy(&site->entry, sites + i * sizeof(site->entry), sizeof(site->entry));
        memcpy(&site->patch, patches + i * sizeof(site->patch), sizeof(site->patch));
    }
    return read_stubs(image, bound);
}

int bound_read(const struct image *image, const char *place, struct bound **result)
{
    struct bound *bound;
    char wrong[256];
    int code;

    if (!image->wedge_end) {
        message_error("%s: no wedge: it is not bound anywhere; compose it with `afterburner link`",
                      image->path);
        return EXIT_CODE_INPUT;
    }
    bound = memory_allocate(sizeof(*bound));
    memset(bound, 0, sizeof(*bound));
    bound->place = place;
    if (wedge_header_read(image, &bound->header, wrong, sizeof(wrong)) < 0) {
        message_error("%s: %s", image->path, wrong);
        code = EXIT_CODE_INPUT;
    } else {
        code = read_tables(image, bound);
    }
    if (code == EXIT_CODE_OK)
        *result = bound;
    else
        bound_free(bound);
    return code;
}

void bound_free(struct bound *bound)
{
    if (!bound)
        return;
    free(bound->sites);
    free(bound->by_record);
    free(bound->neutral);
    free(bound);
}

const struct bound_site *bound_site(const struct verification *verification,
                                    const struct site *site)
{
    return verification->bound->by_record[site - verification->records.sites];
}

/* --- Binding --- */

/* As wedge/bind/bind.c does it, but that a patch stays inside of its section. */
static void apply(const struct image *image, const struct bound_site *bound)
{
    const struct image_section *section;
    uint64_t at, offset;

    if (!bound->site)
        return;
    at = bound->site->start + bound->patch.offset;
    section = image_section_at(image, bound->site->start);
    if (!section || !section->executable || !section->bytes)
        return;
    offset = at - section->address;
    if (offset <= section->size && bound->patch.length <= section->size - offset &&
        bound->patch.length <= WEDGE_PATCH_MAX)
        memcpy(section->bytes + offset, bound->patch.bytes, bound->patch.length);
}

void bound_bind(struct verification *verification, struct image *image)
{
    struct bound *bound = verification->bound;

    bound->neutral = memory_allocate(image->section_count * sizeof(*bound->neutral));
    for (size_t i = 0; i < image->section_count; i++) {
        struct image_section *section = &image->sections[i];

        bound->neutral[i] = NULL;
        if (!section->executable || !section->bytes || !section->size)
            continue;
        bound->neutral[i] = section->bytes;
        section->bytes = memory_allocate(section->size);
        memcpy(section->bytes, bound->neutral[i], section->size);
    }
    for (uint32_t i = 0; i < bound->header.site_count; i++)
        apply(image, &bound->sites[i]);
}

void bound_unbind(struct verification *verification, struct image *image)
{
    struct bound *bound = verification->bound;

    for (size_t i = 0; i < image->section_count; i++)
        if (bound->neutral[i]) {
            free(image->sections[i].bytes);
            image->sections[i].bytes = bound->neutral[i];
        }
    free(bound->neutral);
    bound->neutral = NULL;
}
