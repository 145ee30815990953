/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Through libbfd, as objcopy does: the guest's sections, segments and symbols are copied, the
 * wedge's are put behind them. The file is made in memory; the user's appears at the end. */
#include "link/write.h"

#define PACKAGE "afterburner" /* bfd.h insists */
#include <bfd.h>
#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "as/output.h"
#include "cli/exit-codes.h"
#include "cli/memory.h"
#include "cli/message.h"
#include "link/multiboot.h"

struct writer {
    struct composition *composition;
    bfd *input, *output;
    asection **added;   /* the output's sections for the composition's */
    asymbol **symbols;  /* the guest's, then the wedge's */
    asymbol **of_guest; /* libbfd's table of the guest's */
};

/* --- The guest's part
 * --- */

/* Relocations that a linker left (--emit-relocs) are of no use to a loader, and are not copied. */
static bool copy_section(struct writer *writer, asection *section)
{
    flagword flags = bfd_section_flags(section) & ~(flagword)SEC_RELOC;
    asection *copy =
        bfd_make_section_anyway_with_flags(writer->output, bfd_section_name(section), flags);

    if (!copy || !bfd_set_section_size(copy, bfd_section_size(section)) ||
        !bfd_set_section_vma(copy, bfd_section_vma(section)) ||
        !bfd_set_section_alignment(copy, bfd_section_alignment(section)))
        return false;
    copy->lma = section->lma;
    copy->entsize = section->entsize;
    section->output_section = copy;
    section->output_offset = 0;
    if (bfd_section_flags(section) & SEC_RELOC)
        composition_explain(writer->composition, "  - relocations of %s",
                            bfd_section_name(section));
    return bfd_copy_private_section_data(writer->input, section, writer->output, copy);
}

static bool copy_contents(struct writer *writer, asection *section)
{
    bfd_byte *bytes = NULL;
    bool good;

    if (!(bfd_section_flags(section) & SEC_HAS_CONTENTS) || !bfd_section_size(section))
        return true;
    good = bfd_get_full_section_contents(writer->input, section, &bytes) &&
           bfd_set_section_contents(writer->output, section->output_section, bytes, 0,
                                    bfd_section_size(section));
    free(bytes);
    return good;
}

static bool copy_guest(struct writer *writer)
{
    flagword flags = bfd_get_file_flags(writer->input) & ~(flagword)HAS_RELOC;

    if (!bfd_set_format(writer->output, bfd_object) ||
        !bfd_set_start_address(writer->output, bfd_get_start_address(writer->input)) ||
        !bfd_set_file_flags(writer->output, flags & bfd_applicable_file_flags(writer->output)) ||
        !bfd_set_arch_mach(writer->output, bfd_get_arch(writer->input),
                           bfd_get_mach(writer->input)))
        return false;
    for (asection *section = writer->input->sections; section; section = section->next)
        if (!copy_section(writer, section))
            return false;
    /* This copies the program headers, and wants to know all sections first. */
    return bfd_copy_private_header_data(writer->input, writer->output);
}

/* --- The wedge's part
 * --- */

static bool add_section(struct writer *writer, size_t index)
{
    const struct composition *composition = writer->composition;
    const struct link_section *section = &composition->sections[index];
    flagword flags = SEC_ALLOC | SEC_LOAD | SEC_HAS_CONTENTS;
    asection *added;

    flags |= section->flags & PF_X ? SEC_CODE : SEC_DATA;
    if (!(section->flags & PF_W))
        flags |= SEC_READONLY;
    added = bfd_make_section_anyway_with_flags(writer->output, section->name, flags);
    if (!added || !bfd_set_section_size(added, section->size) ||
        !bfd_set_section_vma(added, section->address) ||
        !bfd_set_section_alignment(added, (unsigned int)__builtin_ctz(section->alignment)))
        return false;
    added->lma = composition_physical(composition, section->address);
    writer->added[index] = added;
    return true;
}

static void explain_segment(struct composition *composition, size_t first, size_t end)
{
    const struct link_section *from = &composition->sections[first],
                              *to = &composition->sections[end - 1];

    composition_explain(
        composition, "  + segment %c%c%c 0x%" PRIx64 " physical 0x%" PRIx64 ", 0x%" PRIx64 " bytes",
        from->flags & PF_R ? 'r' : '-', from->flags & PF_W ? 'w' : '-',
        from->flags & PF_X ? 'x' : '-', from->address,
        composition_physical(composition, from->address), to->address + to->size - from->address);
    for (size_t i = first; i < end; i++)
        composition_explain(composition, "      section %s 0x%" PRIx64 ", 0x%zx bytes%s",
                            composition->sections[i].name, composition->sections[i].address,
                            composition->sections[i].size,
                            composition->sections[i].is_note ? ", a PT_NOTE segment, too" : "");
}

/* One segment for neighbours with the same flags, then one for each section of notes. */
static bool add_segments(struct writer *writer)
{
    struct composition *composition = writer->composition;
    size_t count = composition->section_count, end;

    for (size_t first = 0; first < count; first = end) {
        const struct link_section *section = &composition->sections[first];

        for (end = first + 1; end < count && composition->sections[end].flags == section->flags;)
            end++;
        if (!bfd_record_phdr(writer->output, PT_LOAD, true, section->flags, true,
                             writer->added[first]->lma, false, false, (unsigned int)(end - first),
                             &writer->added[first]))
            return false;
        explain_segment(composition, first, end);
    }
    for (size_t i = 0; i < count; i++)
        if (composition->sections[i].is_note &&
            !bfd_record_phdr(writer->output, PT_NOTE, true, PF_R, true, writer->added[i]->lma,
                             false, false, 1, &writer->added[i]))
            return false;
    return !composition->multiboot_entry || !multiboot_wants_program_header(composition->guest) ||
           bfd_record_phdr(writer->output, PT_NULL, false, 0, false, 0, false, false, 0, NULL);
}

static bool add_wedge(struct writer *writer)
{
    writer->added = memory_allocate(writer->composition->section_count * sizeof(*writer->added));
    for (size_t i = 0; i < writer->composition->section_count; i++)
        if (!add_section(writer, i))
            return false;
    return add_segments(writer);
}

/* --- Symbols: the wedge's become local, so that no name means two things
 * --- */

static asection *added_section(const struct writer *writer, const char *name)
{
    for (size_t i = 0; i < writer->composition->section_count; i++)
        if (strcmp(writer->composition->sections[i].name, name) == 0)
            return writer->added[i];
    return NULL;
}

static long add_wedge_symbols(struct writer *writer, long count)
{
    asymbol **table = writer->composition->wedge->private;
    long before = count;

    for (; *table; table++) {
        asymbol *symbol = *table;
        asection *section = bfd_asymbol_section(symbol), *added = NULL;

        if (symbol->flags & BSF_SECTION_SYM)
            continue;
        if (!(symbol->flags & BSF_FILE)) {
            if (!(bfd_section_flags(section) & SEC_ALLOC) ||
                !(added = added_section(writer, bfd_section_name(section))))
                continue;
            section->output_section = added;
            section->output_offset = 0;
        }
        symbol->flags &= ~(flagword)(BSF_GLOBAL | BSF_WEAK | BSF_GNU_UNIQUE);
        symbol->flags |= BSF_LOCAL;
        writer->symbols[count++] = symbol;
    }
    composition_explain(writer->composition, "  + %ld symbols of the wedge, as local ones",
                        count - before);
    return count;
}

/* A symbol for what link added, so that an address there has a name in a debugger: wedge_stubs of
 * .wedge.stubs. */
static asymbol *name_section(struct writer *writer, size_t index)
{
    const char *name = writer->composition->sections[index].name;
    char *copy = bfd_alloc(writer->output, strlen(name));
    asymbol *symbol = bfd_make_empty_symbol(writer->output);

    if (!copy || !symbol)
        return NULL;
    for (size_t i = 0; i < strlen(name); i++) /* with the NUL at its end */
        copy[i] = name[i + 1] == '.' ? '_' : name[i + 1];
    symbol->name = copy;
    symbol->section = writer->added[index];
    symbol->flags = BSF_LOCAL;
    return symbol;
}

static bool set_symbols(struct writer *writer)
{
    const struct composition *composition = writer->composition;
    long room = bfd_get_symtab_upper_bound(writer->input), count = 0, more = 0;
    asymbol **of_wedge = composition->wedge->private;

    if (room < 0)
        return false;
    writer->of_guest = memory_allocate((size_t)room + sizeof(asymbol *));
    count = bfd_canonicalize_symtab(writer->input, writer->of_guest);
    if (count < 0)
        return false;
    while (of_wedge[more])
        more++;
    writer->symbols = memory_allocate(((size_t)(count + more) + composition->section_count + 1) *
                                      sizeof(asymbol *));
    if (count)
        memcpy(writer->symbols, writer->of_guest, (size_t)count * sizeof(asymbol *));
    count = add_wedge_symbols(writer, count);
    for (size_t i = 0; i < composition->section_count; i++)
        if (!image_section_by_name(composition->wedge, composition->sections[i].name) &&
            !(writer->symbols[count++] = name_section(writer, i)))
            return false;
    writer->symbols[count] = NULL;
    return bfd_set_symtab(writer->output, writer->symbols, (unsigned int)count);
}

static bool copy_all_contents(struct writer *writer)
{
    const struct composition *composition = writer->composition;

    for (asection *section = writer->input->sections; section; section = section->next)
        if (!copy_contents(writer, section))
            return false;
    for (size_t i = 0; i < composition->section_count; i++)
        if (!bfd_set_section_contents(writer->output, writer->added[i],
                                      composition->sections[i].bytes, 0,
                                      composition->sections[i].size))
            return false;
    return bfd_copy_private_bfd_data(writer->input, writer->output);
}

static void writer_free(struct writer *writer)
{
    free(writer->added);
    free(writer->symbols);
    free(writer->of_guest);
    if (writer->input)
        bfd_close(writer->input);
}

/* Makes the file behind a descriptor, which libbfd closes. */
static int make_file(struct composition *composition, int fd)
{
    struct writer writer = {.composition = composition};
    const char *guest = composition->guest->path;
    bool good = false;

    /* A handle of its own: image_open's has sections unpacked, and these are copied as they are. */
    writer.input = bfd_openr(guest, NULL);
    if (writer.input && bfd_check_format(writer.input, bfd_object)) {
        writer.output = bfd_fdopenw("afterburner-link", bfd_get_target(writer.input), fd);
        good = writer.output && copy_guest(&writer) && add_wedge(&writer) && set_symbols(&writer) &&
               copy_all_contents(&writer);
    }
    if (good) {
        good = bfd_close(writer.output);
        writer.output = NULL;
    }
    if (!good)
        message_error("%s: libbfd cannot compose it with the wedge: %s", guest,
                      bfd_errmsg(bfd_get_error()));
    if (writer.output)
        bfd_close_all_done(writer.output);
    writer_free(&writer);
    return good ? EXIT_CODE_OK : EXIT_CODE_INTERNAL;
}

/* --- The second look
 * --- */

static int same_header(const struct image_segment *old, const struct image_segment *new)
{
    return old->address == new->address && old->physical == new->physical &&
           old->size == new->size && old->file_size == new->file_size && old->flags == new->flags;
}

/* libbfd copies sections and lays segments out around them. A guest whose segments have more than
 * its sections is no mistake of ours. */
static int check_segment(const struct image *guest, const struct image *written, size_t index)
{
    const struct image_segment *old = &guest->segments[index], *new = &written->segments[index];
    const unsigned char *before = guest->file + old->offset, *after = written->file + new->offset;
    uint64_t at = 0;

    if (!same_header(old, new)) {
        message_error("%s: the segment at 0x%" PRIx64
                      " does not fit the sections in it, and cannot "
                      "be kept as it is; link the guest again",
                      guest->path, old->address);
        return EXIT_CODE_INPUT;
    }
    if (!old->file_size || memcmp(before, after, old->file_size) == 0)
        return EXIT_CODE_OK;
    while (before[at] == after[at])
        at++;
    if (!image_section_at(guest, old->address + at)) {
        message_error("%s: what is loaded to 0x%" PRIx64 " is in no section, and cannot be copied; "
                      "link the guest again",
                      guest->path, old->address + at);
        return EXIT_CODE_INPUT;
    }
    message_error("%s: internal error: composed, its byte at 0x%" PRIx64
                  " is not as it was; nothing is written; please report it with this file",
                  guest->path, old->address + at);
    return EXIT_CODE_INTERNAL;
}

static int check_written(const struct composition *composition, const struct image *written)
{
    const struct image *guest = composition->guest;
    int code = EXIT_CODE_OK;

    if (written->segment_count < guest->segment_count || written->entry != guest->entry ||
        written->wedge_end != composition->header.wedge_end) {
        message_error("%s: internal error: composed, its entry or its wedge is not where it should "
                      "be; nothing is written; please report it with this file",
                      guest->path);
        return EXIT_CODE_INTERNAL;
    }
    for (size_t i = 0; i < guest->segment_count && code == EXIT_CODE_OK; i++)
        code = check_segment(guest, written, i);
    return code;
}

int composition_write(struct composition *composition, const char *path)
{
    int fd = memfd_create("afterburner-link", MFD_CLOEXEC), second, code;
    char *name = memory_format("/proc/self/fd/%d", fd);
    struct image written;

    second = fd < 0 ? -1 : dup(fd);
    if (second < 0) {
        message_error("no file in memory can be made: %s", strerror(errno));
        code = EXIT_CODE_INTERNAL;
    } else {
        code = make_file(composition, second);
    }
    if (code == EXIT_CODE_OK && composition->multiboot_entry)
        code = multiboot_write(composition, fd);
    if (code == EXIT_CODE_OK)
        code = image_open(name, &written) == EXIT_CODE_OK ? EXIT_CODE_OK : EXIT_CODE_INTERNAL;
    if (code == EXIT_CODE_OK) {
        code = check_written(composition, &written);
        if (code == EXIT_CODE_OK)
            code = output_write(path, written.file, written.file_size);
        image_close(&written);
    }
    if (fd >= 0)
        close(fd);
    free(name);
    return code;
}
