/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "link/multiboot.h"

#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "cli/exit-codes.h"
#include "cli/message.h"
#include "link/notes.h"

#define MAGIC        0xe85250d6u
#define ARCHITECTURE 0 /* i386, 32-bit protected mode */
#define ALIGNMENT    8
#define SEARCHED     32768 /* a loader looks at so many bytes of the file */

enum {
    TAG_END = 0,
    TAG_REQUEST = 1,
    TAG_ENTRY = 3,
    TAG_MODULE_ALIGNMENT = 6,
    INFORMATION_MEMORY_MAP = 6,
};

struct tag {
    uint16_t type, flags;
    uint32_t size;
};

struct header {
    uint32_t magic, architecture, length, checksum;
    struct {
        struct tag tag;
        uint32_t information, padding;
    } request;
    struct {
        struct tag tag;
        uint32_t address, padding;
    } entry;
    struct tag module_alignment, end;
};

static uint64_t file_entry(const struct image *guest)
{
    Elf64_Ehdr header;

    memcpy(&header, guest->file, sizeof(header)); /* link takes 64-bit images alone */
    return header.e_entry;
}

int multiboot_wants_program_header(const struct image *guest)
{
    uint64_t entry = file_entry(guest);

    for (size_t i = 0; i < guest->segment_count; i++)
        if (entry >= guest->segments[i].address &&
            entry - guest->segments[i].address < guest->segments[i].size)
            return 0;
    return 1;
}

/* A guest's own header, which its file keeps where it was or not. */
static int has_header(const struct image *guest)
{
    static const uint32_t magic = MAGIC;

    for (size_t at = 0; at < SEARCHED && at + 12 <= guest->file_size; at += ALIGNMENT)
        if (memcmp(guest->file + at, &magic, sizeof(magic)) == 0)
            return 1;
    return 0;
}

int multiboot_prepare(struct composition *composition)
{
    const struct image *guest = composition->guest;
    uint64_t pvh, start;
    int code;

    if (!notes_find(guest, NOTE_OWNER_XEN, NOTE_PHYS32_ENTRY, &pvh) || !pvh || pvh > UINT32_MAX) {
        composition_explain(composition, "  native: the guest has no PVH entry note, so loaders of "
                                         "ELF images and of Multiboot2 cannot boot it on bare "
                                         "hardware (Linux: CONFIG_PVH=y)");
        return EXIT_CODE_OK;
    }
    if (has_header(guest)) {
        composition_explain(composition, "  native: the guest's own Multiboot2 header stays");
        return EXIT_CODE_OK;
    }
    code = composition_symbol(composition, "wedge_multiboot_start", &start);
    if (code != EXIT_CODE_OK)
        return code;
    composition->header.pvh_entry = (uint32_t)pvh;
    /* Below 4 GB, as the guest and a window are. */
    composition->multiboot_entry = (uint32_t)composition_physical(composition, start);
    return EXIT_CODE_OK;
}

static struct header make_header(uint32_t entry)
{
    struct header header = {
        .magic = MAGIC,
        .architecture = ARCHITECTURE,
        .length = sizeof(header),
        .request = {{TAG_REQUEST, 0, 12}, INFORMATION_MEMORY_MAP, 0},
        .entry = {{TAG_ENTRY, 0, 12}, entry, 0},
        .module_alignment = {TAG_MODULE_ALIGNMENT, 0, 8},
        .end = {TAG_END, 0, 8},
    };

    header.checksum = 0u - header.magic - header.architecture - header.length;
    return header;
}

/* Where the first contents of the file begin behind its headers. */
static uint64_t first_contents(const unsigned char *file, const Elf64_Ehdr *elf)
{
    uint64_t first = elf->e_shoff;

    for (unsigned int i = 0; i < elf->e_phnum; i++) {
        Elf64_Phdr segment;

        memcpy(&segment, file + elf->e_phoff + i * sizeof(segment), sizeof(segment));
        if (segment.p_filesz && segment.p_offset < first)
            first = segment.p_offset;
    }
    return first;
}

static int is_blank(const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i])
            return 0;
    return 1;
}

/* Gives PT_NULL, whose fields mean nothing, the ELF entry. */
static void cover_entry(unsigned char *file, const Elf64_Ehdr *elf)
{
    for (unsigned int i = 0; i < elf->e_phnum; i++) {
        unsigned char *at = file + elf->e_phoff + i * sizeof(Elf64_Phdr);
        Elf64_Phdr segment;

        memcpy(&segment, at, sizeof(segment));
        if (segment.p_type != PT_NULL)
            continue;
        segment.p_vaddr = segment.p_paddr = elf->e_entry;
        segment.p_memsz = 1;
        memcpy(at, &segment, sizeof(segment));
    }
}

static int write_back(const struct composition *composition, int fd, const unsigned char *file,
                      size_t size)
{
    if (pwrite(fd, file, size, 0) == (ssize_t)size)
        return EXIT_CODE_OK;
    message_error("%s: the Multiboot2 header cannot be written: %s", composition->guest->path,
                  strerror(errno));
    return EXIT_CODE_INTERNAL;
}

int multiboot_write(struct composition *composition, int fd)
{
    struct header header = make_header(composition->multiboot_entry);
    unsigned char file[SEARCHED] = {0};
    ssize_t size = pread(fd, file, sizeof(file), 0);
    uint64_t place, end;
    Elf64_Ehdr elf;

    memcpy(&elf, file, sizeof(elf));
    place = elf.e_phoff + (uint64_t)elf.e_phnum * sizeof(Elf64_Phdr);
    place = (place + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    end = place + sizeof(header);
    if (size < (ssize_t)sizeof(elf) || elf.e_phoff > SEARCHED || end > SEARCHED ||
        end > first_contents(file, &elf) || !is_blank(file + place, sizeof(header))) {
        composition_explain(composition,
                            "  native: no Multiboot2 header: the file has no room for it before "
                            "its first contents; link the guest with -z max-page-size=4096");
        return EXIT_CODE_OK;
    }
    memcpy(file + place, &header, sizeof(header));
    cover_entry(file, &elf);
    composition_explain(composition,
                        "  + Multiboot2 header at 0x%" PRIx64 " of the file, which leads to "
                        "physical 0x%" PRIx32 " and by the guest's PVH note to 0x%" PRIx32,
                        place, composition->multiboot_entry, composition->header.pvh_entry);
    return write_back(composition, fd, file, (size_t)size);
}
