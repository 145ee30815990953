/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "verify/live.h"

#include <Zydis/Zydis.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/exit-codes.h"
#include "cli/memory.h"
#include "cli/message.h"
#include "decode/classify.h"
#include "decode/sensitive-table.h"
#include "verify/walk.h"

int live_open(const char *path, uint64_t offset, struct live *live)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    void *bytes = MAP_FAILED;

    memset(live, 0, sizeof(*live));
    live->path = path;
    live->offset = offset;
    if (fd < 0 || fstat(fd, &status) < 0) {
        message_error("%s: cannot be read: %s", path, strerror(errno));
    } else if (!S_ISREG(status.st_mode) || !status.st_size) {
        message_error("%s: not a dump of memory: name a raw one, as QEMU's pmemsave makes", path);
    } else {
        bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (bytes == MAP_FAILED)
            message_error("%s: cannot be read: %s", path, strerror(errno));
    }
    if (fd >= 0)
        close(fd);
    if (bytes == MAP_FAILED)
        return EXIT_CODE_INPUT;
    live->bytes = bytes;
    live->size = (size_t)status.st_size;
    return EXIT_CODE_OK;
}

void live_close(struct live *live)
{
    if (live->bytes)
        munmap((void *)live->bytes, live->size);
    live->bytes = NULL;
}

/* One section: what is expected in it, what is there, and which bytes are accounted for. */
struct stretch {
    struct verification *verification;
    struct live *live;
    const struct image_section *section;
    const unsigned char *now;
    unsigned char *explained;
    ZydisDecoder decoder;
};

static int is_in(const struct stretch *stretch, uint64_t address, uint64_t length)
{
    const struct image_section *section = stretch->section;

    return address >= section->address && length <= section->size &&
           address - section->address <= section->size - length;
}

static const unsigned char *expected_at(const struct stretch *stretch, uint64_t address)
{
    return stretch->section->bytes + (address - stretch->section->address);
}

static const unsigned char *now_at(const struct stretch *stretch, uint64_t address)
{
    return stretch->now + (address - stretch->section->address);
}

static int is_same(const struct stretch *stretch, uint64_t address, uint64_t length)
{
    return memcmp(expected_at(stretch, address), now_at(stretch, address), length) == 0;
}

static void explain(struct stretch *stretch, uint64_t address, uint64_t length)
{
    memset(stretch->explained + (address - stretch->section->address), 1, length);
}

/* --- Alternatives --- */

static unsigned int skip_nops(const ZydisDecoder *decoder, const unsigned char *bytes,
                              unsigned int at, unsigned int size)
{
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    ZydisDecodedInstruction instruction;

    while (at < size &&
           ZYAN_SUCCESS(
               ZydisDecoderDecodeFull(decoder, bytes + at, size - at, &instruction, operands)) &&
           is_padding_nop(&instruction, operands))
        at += instruction.length;
    return at;
}

/* Whether two codes of a size are the same but for how their nops are cut. */
static int same_but_nops(const ZydisDecoder *decoder, const unsigned char *one,
                         const unsigned char *other, unsigned int size)
{
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    ZydisDecodedInstruction instruction;
    unsigned int at = 0;

    while (at < size) {
        unsigned int end = skip_nops(decoder, one, at, size);

        if (end != skip_nops(decoder, other, at, size))
            return 0;
        at = end;
        if (at == size)
            return 1;
        if (!ZYAN_SUCCESS(
                ZydisDecoderDecodeFull(decoder, one + at, size - at, &instruction, operands)))
            return memcmp(one + at, other + at, size - at) == 0;
        if (memcmp(one + at, other + at, instruction.length) != 0)
            return 0;
        at += instruction.length;
    }
    return 1;
}

/* What the alternative would write: the replacement's bytes as the image has them. */
static unsigned int make_copy(const struct verification *verification,
                              const struct alternative *alternative, unsigned char *bytes)
{
    const struct image_section *section =
        image_section_at(verification->image, alternative->replacement);

    memset(bytes, 0, REPLACEMENT_MAX);
    if (alternative->replacement_length &&
        (!section || !section->bytes ||
         alternative->replacement + alternative->replacement_length >
             section->address + section->size))
        return 0;
    if (alternative->replacement_length)
        memcpy(bytes, section->bytes + (alternative->replacement - section->address),
               alternative->replacement_length);
    return guest_copy_replacement(alternative, bytes);
}

static void check_alternative_live(struct stretch *stretch, const struct alternative *alternative)
{
    unsigned char copy[REPLACEMENT_MAX];
    unsigned int size = alternative->original_length;
    struct gate gate;

    if (!size || !is_in(stretch, alternative->original, size) ||
        is_same(stretch, alternative->original, size))
        return;
    if (same_but_nops(&stretch->decoder, expected_at(stretch, alternative->original),
                      now_at(stretch, alternative->original), size)) {
        explain(stretch, alternative->original, size);
        stretch->live->nops++;
        return;
    }
    if (make_copy(stretch->verification, alternative, copy) != size ||
        !same_but_nops(&stretch->decoder, copy, now_at(stretch, alternative->original), size))
        return;
    explain(stretch, alternative->original, size);
    stretch->live->alternatives++;
    guest_gate(alternative, &gate);
    if (gate.verdict == GATE_NEVER && stretch->verification->bound)
        findings_add(&stretch->verification->findings, FINDING_LIVE_ALTERNATIVE, FINDING_OPEN,
                     alternative->original, NULL, "for %s: %s", alternative->feature, gate.why);
}

/* --- Sites --- */

static void check_site_live(struct stretch *stretch, const struct site *site)
{
    const struct bound_site *bound =
        stretch->verification->bound ? bound_site(stretch->verification, site) : NULL;
    const unsigned char *neutral;
    uint64_t length = site->record.span;

    if (!is_in(stretch, site->start, length))
        return;
    if (is_same(stretch, site->start, length)) {
        stretch->live->sites++;
        return;
    }
    neutral = bound_loaded(stretch->verification->image, site->start, length, NULL);
    if (!bound || !bound->patch.length || !neutral ||
        memcmp(neutral, now_at(stretch, site->start), length) != 0 ||
        stretch->explained[site->start - stretch->section->address])
        return;
    explain(stretch, site->start, length);
    findings_add(&stretch->verification->findings, FINDING_LIVE_NOT_BOUND, FINDING_OPEN,
                 site->start, NULL, "%s", sensitive_name(site->record.kind));
}

/* --- What else the guest writes --- */

static int leads_to_code(const struct verification *verification, uint64_t address)
{
    const struct image_section *section = image_section_at(verification->image, address);

    return section && section->executable && !records_site_around(&verification->records, address);
}

static void check_patch_live(struct stretch *stretch, const struct guest_patch *patch)
{
    const struct image_section *section = stretch->section;
    uint64_t leads, left = section->address + section->size - patch->address;
    unsigned int length;

    if (!is_in(stretch, patch->address, 1))
        return;
    length = guest_patch_explains(patch, expected_at(stretch, patch->address),
                                  now_at(stretch, patch->address), left, &leads);
    if (!length || is_same(stretch, patch->address, length) ||
        (leads && !leads_to_code(stretch->verification, leads)))
        return;
    explain(stretch, patch->address, length);
    stretch->live->patches[patch->kind]++;
}

/* --- A section --- */

#define SHOWN 8 /* bytes of each side */

static void report_difference(struct stretch *stretch, uint64_t from, uint64_t to)
{
    uint64_t address = stretch->section->address + from;
    const struct site *site = records_site_at(&stretch->verification->records, address);
    char expected[3 * SHOWN + 1] = "", now[3 * SHOWN + 1] = "";

    for (uint64_t i = 0; i < SHOWN && from + i < to; i++) {
        sprintf(expected + 3 * i, " %02x", stretch->section->bytes[from + i]);
        sprintf(now + 3 * i, " %02x", stretch->now[from + i]);
    }
    findings_add(&stretch->verification->findings, FINDING_LIVE_UNEXPLAINED, FINDING_OPEN, address,
                 NULL, "%llu bytes%s%s:%s expected,%s found", (unsigned long long)(to - from),
                 site ? ", in the site of " : "", site ? sensitive_name(site->record.kind) : "",
                 expected, now);
    stretch->live->unexplained++;
}

/* Stretches of bytes that differ for no known reason; neighbours are one. */
static void report_differences(struct stretch *stretch)
{
    uint64_t size = stretch->section->size, from = size, last = 0;

    for (uint64_t i = 0; i < size; i++) {
        if (stretch->section->bytes[i] == stretch->now[i] || stretch->explained[i])
            continue;
        if (from < size && i - last > SHOWN) {
            report_difference(stretch, from, last + 1);
            from = size;
        }
        if (from == size)
            from = i;
        last = i;
    }
    if (from < size)
        report_difference(stretch, from, last + 1);
}

/* Code that the guest has given up: its memory may be anything now. */
static int is_given_up(const struct stretch *stretch)
{
    const struct guest_tables *tables = &stretch->verification->tables;
    const struct image_section *section = stretch->section;

    return section->address >= tables->initial && section->address < tables->initial_end &&
           memcmp(section->bytes, stretch->now, section->size) != 0;
}

static void compare_section(struct stretch *stretch)
{
    const struct verification *verification = stretch->verification;
    const struct image_section *section = stretch->section;

    if (is_given_up(stretch)) {
        stretch->live->initial += section->size;
        return;
    }
    stretch->live->compared += section->size;
    stretch->explained = memory_allocate(section->size);
    memset(stretch->explained, 0, section->size);
    for (size_t i = 0; i < verification->tables.alternative_count; i++)
        check_alternative_live(stretch, &verification->tables.alternatives[i]);
    for (size_t i = 0; i < verification->records.site_count; i++)
        check_site_live(stretch, &verification->records.sites[i]);
    for (size_t i = 0; i < verification->tables.patch_count; i++)
        check_patch_live(stretch, &verification->tables.patches[i]);
    report_differences(stretch);
    free(stretch->explained);
}

/* The wedge's own tables and stubs are never written to. */
static int is_constant_of_wedge(const struct image_section *section)
{
    return section->of_wedge && section->bytes &&
           (strncmp(section->name, ".wedge.patches.", 15) == 0 ||
            strcmp(section->name, ".wedge.sites") == 0 ||
            strcmp(section->name, ".wedge.stubs") == 0);
}

/* Where a section is in the dump; NULL after a message. */
static const unsigned char *find_section(const struct image *image, const struct live *live,
                                         const struct image_section *section)
{
    for (size_t i = 0; i < image->segment_count; i++) {
        const struct image_segment *segment = &image->segments[i];
        uint64_t at = live->offset + segment->physical + (section->address - segment->address);

        if (section->address < segment->address ||
            section->address - segment->address >= segment->size)
            continue;
        if (at <= live->size && section->size <= live->size - at)
            return live->bytes + at;
        message_error("%s: it ends before %s of %s, which is at 0x%llx of it; dump all of the "
                      "guest's memory, or give another --offset",
                      live->path, section->name, image->path, (unsigned long long)at);
        return NULL;
    }
    message_error("%s: no segment loads %s; link it again", image->path, section->name);
    return NULL;
}

#define SAMPLE 4096

/* A wedge may move, and give the memory that it was loaded to to the guest. Where it goes nobody
 * can tell from a dump, which has other copies of the image, too. */
static int find_wedge(const struct image *image, struct live *live)
{
    const struct image_section *sites = image_section_by_name(image, ".wedge.sites");
    const unsigned char *now = sites && sites->bytes ? find_section(image, live, sites) : NULL;

    live->wedge_moved =
        !now || memcmp(now, sites->bytes, sites->size < SAMPLE ? sites->size : SAMPLE) != 0;
    return now || !sites || !sites->bytes ? EXIT_CODE_OK : EXIT_CODE_INPUT;
}

int check_live(struct verification *verification, struct live *live)
{
    const struct image *image = verification->image;
    struct stretch stretch = {.verification = verification, .live = live};

    zydis_open(&stretch.decoder, image->bits);
    if (verification->bound && find_wedge(image, live) != EXIT_CODE_OK)
        return EXIT_CODE_INPUT;
    for (size_t i = 0; i < image->section_count; i++) {
        const struct image_section *section = &image->sections[i];
        int of_wedge = verification->bound && !live->wedge_moved && is_constant_of_wedge(section);

        if ((!section->executable && !of_wedge) || !section->bytes || !section->size)
            continue;
        stretch.section = section;
        stretch.now = find_section(image, live, section);
        if (!stretch.now)
            return EXIT_CODE_INPUT;
        compare_section(&stretch);
    }
    findings_sort(&verification->findings);
    return EXIT_CODE_OK;
}
