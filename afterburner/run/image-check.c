/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sources: the Linux/x86 boot protocol (Documentation/x86/boot.rst) for the bzImage header; the
 * System V ABI for ELF; Xen's public/elfnote.h for the notes (QEMU's hw/i386/x86.c looks for the
 * PVH entry in the same way). */
#include "run/image-check.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/memory.h"
#include "cli/message.h"

#define NOTE_NAME "Xen"
/* By which an image says: here is a page for your hypercalls; I was made for this interface.
 * Without the first, Xen builds the domain, which then does nothing at all. */
#define NOTE_XEN_ENTRY      1
#define NOTE_HYPERCALL_PAGE 2
#define NOTE_XEN_VERSION    5
/* By which an image says: enter me here, in 32-bit protected mode without paging. */
#define NOTE_PHYS32_ENTRY 18
#define NOTE_BIT(type)    (UINT32_C(1) << (type))

/* Offsets in a bzImage's first sectors. */
#define SETUP_SECTORS    0x1f1
#define SYSTEM_SIZE      0x1f4
#define BOOT_FLAG        0x1fe
#define HEADER_MAGIC     0x202
#define PROTOCOL_VERSION 0x206
#define LOAD_FLAGS       0x211
#define SETUP_HEADER_END 0x230
#define LOADED_HIGH      0x01
#define PROTOCOL_2_04    0x0204 /* the first in which the system size has 32 bits */

#define NOTES_LARGEST    (1024 * 1024)
#define SEGMENTS_LARGEST 4096

struct file {
    const char *path;
    int fd;
    uint64_t size;
    enum image_entry entry;
};

/* The fields of both ELF classes that matter here. */
struct segment {
    uint32_t type;
    uint64_t offset;
    uint64_t file_size;
    uint64_t alignment;
};

static bool open_file(struct file *file, const char *path, const char *what)
{
    struct stat status;

    file->path = path;
    file->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (file->fd < 0) {
        message_error("%s: %s; give the path of a readable %s", path, strerror(errno), what);
        return false;
    }
    if (fstat(file->fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        message_error("%s: not an ordinary file; give the path of a readable %s", path, what);
        close(file->fd);
        return false;
    }
    file->size = status.st_size;
    if (file->size == 0) {
        message_error("%s: the file is empty; build the %s again", path, what);
        close(file->fd);
        return false;
    }
    return true;
}

static bool inside(const struct file *file, uint64_t offset, uint64_t length)
{
    return offset <= file->size && length <= file->size - offset;
}

/* Reads exactly `length` bytes that lie inside the file. */
static bool read_at(const struct file *file, uint64_t offset, void *buffer, size_t length)
{
    char *next = buffer;

    while (length) {
        ssize_t count = pread(file->fd, next, length, offset);

        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0) {
            message_error("%s: cannot be read at offset %" PRIu64 ": %s; check the disk",
                          file->path, offset,
                          count ? strerror(errno) : "it shrank while we read it");
            return false;
        }
        next += count;
        offset += count;
        length -= count;
    }
    return true;
}

/* What should be there is `length` bytes at `offset`. */
static bool truncated(const struct file *file, uint64_t offset, uint64_t length)
{
    uint64_t expected;

    if (__builtin_add_overflow(offset, length, &expected))
        expected = UINT64_MAX;
    message_error("%s: truncated: %" PRIu64 " bytes of at least %" PRIu64
                  "; copy or build the image again",
                  file->path, file->size, expected);
    return false;
}

static uint32_t little16(const unsigned char *bytes)
{
    return bytes[0] | bytes[1] << 8;
}

static uint32_t little32(const unsigned char *bytes)
{
    return little16(bytes) | little16(bytes + 2) << 16;
}

static bool check_bzimage(const struct file *file, const unsigned char *head)
{
    uint32_t version = little16(head + PROTOCOL_VERSION);
    uint32_t sectors = head[SETUP_SECTORS] ? head[SETUP_SECTORS] : 4;
    uint64_t paragraphs =
        version >= PROTOCOL_2_04 ? little32(head + SYSTEM_SIZE) : little16(head + SYSTEM_SIZE);
    uint64_t expected = (sectors + 1) * 512 + paragraphs * 16;

    if (version < 0x0200 || !(head[LOAD_FLAGS] & LOADED_HIGH)) {
        message_error("%s: a zImage (loaded below 1 MiB), not a bzImage; build the target bzImage",
                      file->path);
        return false;
    }
    /* The size field of old protocols is too short for a large kernel, so it can only understate;
     * a size that is no multiple of 16 is rounded up. */
    return file->size + 15 >= expected || truncated(file, 0, expected);
}

static void decode_segment(struct segment *segment, bool wide, const unsigned char *bytes)
{
    if (wide) {
        Elf64_Phdr header;

        memcpy(&header, bytes, sizeof(header));
        *segment =
            (struct segment){header.p_type, header.p_offset, header.p_filesz, header.p_align};
    } else {
        Elf32_Phdr header;

        memcpy(&header, bytes, sizeof(header));
        *segment =
            (struct segment){header.p_type, header.p_offset, header.p_filesz, header.p_align};
    }
}

static uint64_t align_up(uint64_t value, uint64_t alignment)
{
    return (value + alignment - 1) / alignment * alignment;
}

/* Which of Xen's notes one segment has, a NOTE_BIT for each. A malformed list just ends: the note
 * is not found. */
static uint32_t find_notes(const unsigned char *notes, uint64_t size, uint64_t alignment)
{
    uint64_t at = 0;
    uint32_t found = 0;

    while (at + sizeof(Elf64_Nhdr) <= size) {
        Elf64_Nhdr note; /* Elf32_Nhdr has the same layout */
        uint64_t name = at + sizeof(note);
        uint64_t description;

        memcpy(&note, notes + at, sizeof(note));
        description = align_up(name + note.n_namesz, alignment);
        if (description > size || note.n_descsz > size - description)
            break;
        if (note.n_type < 32 && note.n_namesz == sizeof(NOTE_NAME) &&
            memcmp(notes + name, NOTE_NAME, sizeof(NOTE_NAME)) == 0 && note.n_descsz >= 4)
            found |= NOTE_BIT(note.n_type);
        at = align_up(description + note.n_descsz, alignment);
    }
    return found;
}

static bool check_entry(const struct file *file, bool wide, uint32_t notes)
{
    /* Kernels that make hypercalls without the page that Xen fills in say where they are entered.
     */
    bool xen = notes & NOTE_BIT(NOTE_XEN_VERSION) &&
               notes & (NOTE_BIT(NOTE_HYPERCALL_PAGE) | NOTE_BIT(NOTE_XEN_ENTRY));

    if (file->entry == IMAGE_ENTRY_PVH && !(notes & NOTE_BIT(NOTE_PHYS32_ENTRY)))
        message_error("%s: an ELF image without a PVH entry note (Xen, type 18); build Linux with "
                      "CONFIG_PVH=y or give its bzImage",
                      file->path);
    else if (file->entry == IMAGE_ENTRY_XEN && !wide)
        message_error("%s: a 32-bit ELF image, and Xen 4.17 as Debian builds it boots 64-bit PV "
                      "domains only; build it for x86_64",
                      file->path);
    else if (file->entry == IMAGE_ENTRY_XEN && !xen)
        message_error(
            "%s: an ELF image without the notes of a PV domain (Xen, types 5 and 1 or 2); "
            "link it with the wedge, or build Linux with CONFIG_XEN_PV=y",
            file->path);
    else
        return true;
    return false;
}

static bool check_segments(const struct file *file, const unsigned char *table, size_t entry_size,
                           size_t count, bool wide)
{
    bool loadable = false;
    uint32_t found = 0;

    for (size_t i = 0; i < count; i++) {
        struct segment segment;

        decode_segment(&segment, wide, table + i * entry_size);
        if (segment.type != PT_LOAD && segment.type != PT_NOTE)
            continue;
        if (!inside(file, segment.offset, segment.file_size))
            return truncated(file, segment.offset, segment.file_size);
        if (segment.type == PT_LOAD) {
            loadable = true;
        } else if (segment.file_size <= NOTES_LARGEST) {
            unsigned char *notes = memory_allocate(segment.file_size);

            if (!read_at(file, segment.offset, notes, segment.file_size)) {
                free(notes);
                return false;
            }
            found |= find_notes(notes, segment.file_size, segment.alignment == 8 ? 8 : 4);
            free(notes);
        }
    }
    if (!loadable) {
        message_error("%s: an ELF file with nothing to load; link the image with PT_LOAD segments",
                      file->path);
        return false;
    }
    return check_entry(file, wide, found);
}

static const char *machine_name(unsigned int machine)
{
    switch (machine) {
    case EM_AARCH64:
        return "64-bit Arm";
    case EM_ARM:
        return "32-bit Arm";
    case EM_RISCV:
        return "RISC-V";
    case EM_PPC64:
        return "64-bit PowerPC";
    case EM_S390:
        return "s390";
    case EM_MIPS:
        return "MIPS";
    default:
        return "another machine";
    }
}

static bool check_elf(const struct file *file, const unsigned char *head)
{
    bool wide = head[EI_CLASS] == ELFCLASS64;
    size_t entry_size = wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
    unsigned int machine = little16(head + offsetof(Elf64_Ehdr, e_machine));
    unsigned int type = little16(head + offsetof(Elf64_Ehdr, e_type));
    Elf64_Ehdr header64;
    Elf32_Ehdr header32;
    uint64_t table_offset;
    size_t stated_size, count;
    unsigned char *table;
    bool good;

    /* A big-endian file's fields read as nonsense: it is another architecture's whatever they say.
     */
    if (head[EI_DATA] != ELFDATA2LSB || (!wide && head[EI_CLASS] != ELFCLASS32) ||
        (machine != EM_X86_64 && machine != EM_386)) {
        message_error(
            "%s: an ELF image for %s (ELF machine %u), not x86; build it for x86_64 or i386",
            file->path,
            head[EI_DATA] == ELFDATA2LSB ? machine_name(machine) : "a big-endian machine", machine);
        return false;
    }
    if (type != ET_EXEC && type != ET_DYN) {
        message_error("%s: an ELF %s, not a linked image; give the file that the linker made",
                      file->path, type == ET_REL ? "object file" : "file of another kind");
        return false;
    }
    if (file->size < (wide ? sizeof(header64) : sizeof(header32)))
        return truncated(file, 0, wide ? sizeof(header64) : sizeof(header32));
    memcpy(&header64, head, sizeof(header64));
    memcpy(&header32, head, sizeof(header32));
    table_offset = wide ? header64.e_phoff : header32.e_phoff;
    stated_size = wide ? header64.e_phentsize : header32.e_phentsize;
    count = wide ? header64.e_phnum : header32.e_phnum;
    if (count == 0 || count > SEGMENTS_LARGEST || stated_size != entry_size) {
        message_error(
            "%s: an ELF file whose program headers make no sense (%zu of %zu bytes); link "
            "the image again",
            file->path, count, stated_size);
        return false;
    }
    if (!inside(file, table_offset, count * entry_size))
        return truncated(file, table_offset, count * entry_size);
    table = memory_allocate(count * entry_size);
    good = read_at(file, table_offset, table, count * entry_size) &&
           check_segments(file, table, entry_size, count, wide);
    free(table);
    return good;
}

static bool check_content(const struct file *file)
{
    unsigned char head[SETUP_HEADER_END] = {0};
    size_t length = file->size < sizeof(head) ? file->size : sizeof(head);

    if (!read_at(file, 0, head, length))
        return false;
    if (memcmp(head, ELFMAG, length < SELFMAG ? length : SELFMAG) == 0)
        return length < sizeof(Elf32_Ehdr) ? truncated(file, 0, sizeof(Elf32_Ehdr))
                                           : check_elf(file, head);
    if (memcmp(head + HEADER_MAGIC, "HdrS", 4) == 0 && little16(head + BOOT_FLAG) == 0xaa55)
        return length < sizeof(head) ? truncated(file, 0, sizeof(head)) : check_bzimage(file, head);
    if (memcmp(head + 0x38, "ARM\x64", 4) == 0)
        message_error("%s: a 64-bit Arm kernel image, not x86; build it for x86_64 or i386",
                      file->path);
    else if (head[0] == 0x1f && head[1] == 0x8b)
        message_error(
            "%s: gzip-compressed, neither a bzImage nor an ELF image; unpack it with gunzip "
            "first",
            file->path);
    else
        message_error(
            "%s: neither a bzImage nor an ELF image; give a kernel's bzImage or an ELF image "
            "with %s",
            file->path,
            file->entry == IMAGE_ENTRY_PVH ? "a PVH entry note" : "the notes of a Xen PV domain");
    return false;
}

bool image_check(const char *path, enum image_entry entry)
{
    struct file file = {.entry = entry};
    bool good;

    if (!open_file(&file, path, "image"))
        return false;
    good = check_content(&file);
    close(file.fd);
    return good;
}

bool image_check_readable(const char *path, const char *what)
{
    struct file file;

    if (!open_file(&file, path, what))
        return false;
    close(file.fd);
    return true;
}
