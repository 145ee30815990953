/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Breaks an annotated image in every way an entry of the table can be broken, and asks the verifier
 * to notice.
 *
 *     mutation AFTERBURNER_AS
 *
 * For each sample of the table, in 64 and in 32 bits: its record is removed; in each byte of its
 * pad each bit is flipped, then all, and hlt, int3 and 0 are put there; an instance that never saw
 * the annotator is linked in, once assembled by plain `as` and once smuggled through ours as
 * .ascii. Each must give an open finding in the very function; the unbroken image must give none. A
 * changed pad byte may only go unnoticed where Capstone, on its own, says that the pad still is
 * nothing but nops: of those changes some remain, and they are counted. At the end every entry must
 * have been through all of it. The verifier runs in this process, on images in memory. */
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PACKAGE "afterburner"
#include <bfd.h>
#include <capstone/capstone.h>

#include "cli/memory.h"
#include "decode/sensitive-table.h"
#include "verify/walk.h"

enum mutation {
    MUTATION_RECORD_REMOVED,
    MUTATION_PAD_CHANGED,
    MUTATION_INJECTED,
    MUTATION_INJECTED_AS_DATA,
    MUTATION_COUNT,
};

static const char *const mutation_names[] = {"record removed", "pad byte changed",
                                             "instance injected", "instance injected as data"};
static unsigned int done[256][MUTATION_COUNT]; /* by entry number */
static unsigned int checks, failures, still_nops, still_nops_reported;
static const char *assembler;

static void die(const char *what)
{
    perror(what);
    exit(2);
}

static void run(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void run(const char *format, ...)
{
    va_list arguments;
    char *command;

    va_start(arguments, format);
    if (vasprintf(&command, format, arguments) < 0)
        die("vasprintf");
    va_end(arguments);
    if (system(command) != 0) { /* NOLINT(cert-env33-c): test code, fixed commands */
        fprintf(stderr, "failed: %s\n", command);
        exit(2);
    }
    free(command);
}

static unsigned char *read_whole(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    unsigned char *bytes;

    if (!file)
        die(path);
    fseek(file, 0, SEEK_END);
    *size = (size_t)ftell(file);
    rewind(file);
    bytes = memory_allocate(*size);
    if (fread(bytes, 1, *size, file) != *size)
        die(path);
    fclose(file);
    return bytes;
}

/* --- The verifier, on bytes in memory
 * --------------------------------------------------------------------------------- */

/* Verifies an image. Gives the number of open findings; *named counts those in `function` or at one
 * of its symbols. */
static size_t verify_bytes(const unsigned char *bytes, size_t size, const char *function,
                           size_t *named)
{
    struct verification verification = {0};
    int fd = memfd_create("image", 0);
    struct image image;
    char path[64], wrong[256];
    size_t open;

    if (fd < 0 || write(fd, bytes, size) != (ssize_t)size)
        die("memfd");
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    if (image_open(path, &image) != 0)
        exit(2);
    verification.image = &image;
    if (records_read(&image, &verification.records, wrong, sizeof(wrong)) < 0 ||
        guest_tables_read(&image, &verification.tables, wrong, sizeof(wrong)) < 0) {
        fprintf(stderr, "%s\n", wrong);
        exit(2);
    }
    walk_image(&verification);
    check_records(&verification);
    *named = 0;
    open = verification.findings.open;
    for (size_t i = 0; i < verification.findings.count; i++) {
        const struct finding *finding = &verification.findings.list[i];
        uint64_t offset;

        if (finding->state == FINDING_OPEN &&
            strcmp(image_function_at(&image, finding->address, &offset), function) == 0)
            (*named)++;
    }
    findings_free(&verification.findings);
    records_free(&verification.records);
    guest_tables_free(&verification.tables);
    free(verification.sections);
    image_close(&image);
    close(fd);
    return open;
}

static void expect_caught(const unsigned char *bytes, size_t size, const char *function,
                          const struct sensitive_sample *sample, int bits, enum mutation mutation)
{
    size_t named, open = verify_bytes(bytes, size, function, &named);

    checks++;
    done[sample->number][mutation]++;
    if (open && named)
        return;
    failures++;
    printf("not caught: %d bits, %s (%s): %s: %zu open findings, %zu in %s\n", bits,
           sensitive_name(sample->number), sample->text, mutation_names[mutation], open, named,
           function);
}

/* --- Images
 * -----------------------------------------------------------------------------------------------------------
 */

static int fits(const struct sensitive_sample *sample, int bits)
{
    return (sample->modes & (bits == 64 ? SENSITIVE_BITS_64 : SENSITIVE_BITS_32)) != 0;
}

static void write_function(FILE *out, const char *prefix, size_t number, const char *body)
{
    fprintf(
        out,
        "\t.globl %1$s%2$zu\n\t.type "
        "%1$s%2$zu,@function\n%1$s%2$zu:\n\tnop\n\t%3$s\n\tret\n\t.size %1$s%2$zu, . - %1$s%2$zu\n",
        prefix, number, body);
}

static void make_base(int bits)
{
    FILE *out = fopen("base.s", "w");

    if (!out)
        die("base.s");
    fputs("\t.text\n", out);
    for (size_t i = 0; i < sensitive_sample_count; i++)
        if (fits(&sensitive_samples[i], bits))
            write_function(out, "sample", i, sensitive_samples[i].text);
    fputs("\t.data\n\t.globl table, selector\ntable:\nselector:\n\t.quad 0\n", out);
    fclose(out);
    run("%s --%d base.s -o base%d.o", assembler, bits, bits);
    run("ld -m %s -e 0 -Ttext=0x100000 base%d.o -o base%d", bits == 64 ? "elf_x86_64" : "elf_i386",
        bits, bits);
}

/* The bytes plain `as` makes of a sample, as an .ascii directive. */
static void make_data_directive(const char *sample, int bits, char *text, size_t capacity)
{
    FILE *out = fopen("one.s", "w");
    unsigned char *bytes;
    size_t size, used;

    if (!out)
        die("one.s");
    fprintf(out, "\t.text\n\t%s\n", sample);
    fclose(out);
    run("as --%d one.s -o one.o && objcopy -O binary -j .text one.o one.bin", bits);
    bytes = read_whole("one.bin", &size);
    used = (size_t)snprintf(text, capacity, ".ascii \"");
    for (size_t i = 0; i < size && used + 8 < capacity; i++)
        used += (size_t)snprintf(text + used, capacity - used, "\\%03o", bytes[i]);
    snprintf(text + used, capacity - used, "\"");
    free(bytes);
}

static void check_injections(size_t index, int bits)
{
    const struct sensitive_sample *sample = &sensitive_samples[index];
    const char *machine = bits == 64 ? "elf_x86_64" : "elf_i386";
    char function[32], directive[256];

    snprintf(function, sizeof(function), "injected%zu", index);
    make_data_directive(sample->text, bits, directive, sizeof(directive));
    for (int as_data = 0; as_data < 2; as_data++) {
        FILE *out = fopen("injected.s", "w");
        unsigned char *bytes;
        size_t size;

        if (!out)
            die("injected.s");
        fputs("\t.text\n", out);
        write_function(out, "injected", index, as_data ? directive : sample->text);
        fclose(out);
        run("%s --%d injected.s -o injected.o", as_data ? assembler : "as", bits);
        run("ld -m %s -e 0 -Ttext=0x100000 base%d.o injected.o -o injected", machine, bits);
        bytes = read_whole("injected", &size);
        expect_caught(bytes, size, function, sample, bits,
                      as_data ? MUTATION_INJECTED_AS_DATA : MUTATION_INJECTED);
        free(bytes);
    }
}

/* --- Broken records and pads
 * ------------------------------------------------------------------------------------------ */

static size_t file_offset(const struct image *image, uint64_t address)
{
    const struct image_section *section = image_section_at(image, address);

    return (size_t)((const asection *)section->handle)->filepos +
           (size_t)(address - section->address);
}

/* Takes `bytes` off the size of the section whose contents are at `offset` in the file. */
static void shrink_section(unsigned char *file, size_t offset, unsigned int bytes)
{
    if (file[EI_CLASS] == ELFCLASS64) {
        Elf64_Ehdr *header = (Elf64_Ehdr *)file;
        Elf64_Shdr *sections = (Elf64_Shdr *)(file + header->e_shoff);

        for (int i = 1; i < header->e_shnum; i++)
            if (sections[i].sh_offset == offset && sections[i].sh_size)
                sections[i].sh_size -= bytes;
    } else {
        Elf32_Ehdr *header = (Elf32_Ehdr *)file;
        Elf32_Shdr *sections = (Elf32_Shdr *)(file + header->e_shoff);

        for (int i = 1; i < header->e_shnum; i++)
            if (sections[i].sh_offset == offset && sections[i].sh_size)
                sections[i].sh_size -= bytes;
    }
}

/* Removes the record of `site`: the last record takes its place. */
static void remove_record(unsigned char *file, const struct image *image, const struct site *site)
{
    const struct image_section *section = image_section_by_name(image, AFTERBURN_SECTION);
    size_t start = file_offset(image, section->address), end = start + (size_t)section->size;
    size_t last = end - sizeof(struct afterburn_record);
    struct afterburn_record record;
    struct afterburn_header header;

    for (size_t at = start + sizeof(header); at < end; at += sizeof(record)) {
        memcpy(&record, file + at, sizeof(record));
        if (section->address + (at - start) + (uint64_t)(int64_t)record.site != site->start)
            continue;
        memcpy(&record, file + last, sizeof(record));
        record.site += (int32_t)(last - at);
        memcpy(file + at, &record, sizeof(record));
        break;
    }
    memcpy(&header, file + start, sizeof(header));
    header.size -= (uint32_t)sizeof(record);
    memcpy(file + start, &header, sizeof(header));
    shrink_section(file, start, sizeof(record));
}

static const struct site *site_in(const struct image *image, const struct records *records,
                                  const char *function)
{
    for (size_t i = 0; i < records->site_count; i++) {
        uint64_t offset;

        if (strcmp(image_function_at(image, records->sites[i].start, &offset), function) == 0)
            return &records->sites[i];
    }
    return NULL;
}

/* Whether bytes are nops from end to end, as Capstone sees them; none with a lock prefix, which
 * would be an exception. */
static int are_nops(const unsigned char *bytes, size_t size, int bits)
{
    size_t count, length = 0;
    cs_insn *instructions;
    csh handle;

    if (cs_open(CS_ARCH_X86, bits == 64 ? CS_MODE_64 : CS_MODE_32, &handle) != CS_ERR_OK ||
        cs_option(handle, CS_OPT_DETAIL, CS_OPT_ON) != CS_ERR_OK)
        die("Capstone");
    count = cs_disasm(handle, bytes, size, 0, 0, &instructions);
    for (size_t i = 0; i < count; i++) {
        const cs_x86 *x86 = &instructions[i].detail->x86;
        const cs_x86_op *operands = x86->operands;
        /* GNU as pads 32-bit code with this where it may not use long nops. */
        int is_lea =
            bits == 32 && instructions[i].id == X86_INS_LEA && x86->op_count == 2 &&
            x86->addr_size == 4 && operands[0].size == 4 &&
            operands[1].mem.base == operands[0].reg && operands[1].mem.disp == 0 &&
            (operands[1].mem.index == X86_REG_INVALID || operands[1].mem.index == X86_REG_EIZ);

        if ((instructions[i].id != X86_INS_NOP && !is_lea) || x86->prefix[0] == X86_PREFIX_LOCK)
            break;
        length += instructions[i].size;
    }
    if (count)
        cs_free(instructions, count);
    cs_close(&handle);
    return length == size;
}

/* One byte of a pad is something else in `copy`. */
static void check_pad_byte(const unsigned char *copy, size_t size, const struct image *image,
                           const struct site *site, const char *function,
                           const struct sensitive_sample *sample, int bits)
{
    uint64_t behind = site->instruction + site->record.length;
    uint64_t start = site->start < site->instruction ? site->start : behind;
    uint64_t end = site->start < site->instruction ? site->instruction : site->end;
    size_t named;

    if (!are_nops(copy + file_offset(image, start), (size_t)(end - start), bits)) {
        unsigned int before = failures;

        expect_caught(copy, size, function, sample, bits, MUTATION_PAD_CHANGED);
        for (uint64_t at = start; failures > before && at < end; at++)
            printf(" %02x%s", copy[file_offset(image, at)], at + 1 == end ? "\n" : "");
        return;
    }
    still_nops++;
    still_nops_reported += verify_bytes(copy, size, function, &named) != 0;
}

static void check_pad(const unsigned char *bytes, size_t size, const struct image *image,
                      const struct site *site, const char *function,
                      const struct sensitive_sample *sample, int bits)
{
    static const unsigned char values[] = {0x00, 0xcc, 0xf4};
    unsigned char *copy = memory_allocate(size);

    memcpy(copy, bytes, size);
    for (uint64_t at = site->start; at < site->end; at++) {
        size_t offset = file_offset(image, at);
        unsigned char old = bytes[offset];

        if (at >= site->instruction && at < site->instruction + site->record.length)
            continue;
        for (int i = 0; i < 9 + (int)sizeof(values); i++) {
            copy[offset] = (unsigned char)(i < 8    ? old ^ (1 << i)
                                           : i == 8 ? old ^ 0xff
                                                    : values[i - 9]);
            if (copy[offset] != old)
                check_pad_byte(copy, size, image, site, function, sample, bits);
        }
        copy[offset] = old;
    }
    free(copy);
}

static void check_record_and_pad(const unsigned char *bytes, size_t size, const struct image *image,
                                 const struct records *records, size_t index, int bits)
{
    const struct sensitive_sample *sample = &sensitive_samples[index];
    const struct site *site;
    unsigned char *copy = memory_allocate(size);
    char function[32];

    snprintf(function, sizeof(function), "sample%zu", index);
    site = site_in(image, records, function);
    checks++;
    if (!site || site->record.kind != sample->number) {
        failures++;
        printf("%d bits, %s: no site of its kind in %s\n", bits, sample->text, function);
        free(copy);
        return;
    }
    memcpy(copy, bytes, size);
    remove_record(copy, image, site);
    expect_caught(copy, size, function, sample, bits, MUTATION_RECORD_REMOVED);
    check_pad(bytes, size, image, site, function, sample, bits);
    free(copy);
}

static void check_mode(int bits)
{
    struct records records;
    unsigned char *bytes;
    struct image image;
    char path[32], wrong[256];
    size_t size, named;

    make_base(bits);
    snprintf(path, sizeof(path), "base%d", bits);
    bytes = read_whole(path, &size);
    checks++;
    if (verify_bytes(bytes, size, "", &named) != 0) {
        failures++;
        printf("%d bits: the unbroken image has open findings\n", bits);
    }
    if (image_open(path, &image) != 0 || records_read(&image, &records, wrong, sizeof(wrong)) < 0)
        exit(2);
    for (size_t i = 0; i < sensitive_sample_count; i++) {
        if (!fits(&sensitive_samples[i], bits))
            continue;
        check_record_and_pad(bytes, size, &image, &records, i, bits);
        check_injections(i, bits);
    }
    records_free(&records);
    image_close(&image);
    free(bytes);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: mutation AFTERBURNER_AS\n");
        return 2;
    }
    assembler = argv[1];
    check_mode(64);
    check_mode(32);
    for (size_t i = 0; i < sensitive_entry_count; i++)
        for (int k = 0; k < MUTATION_COUNT; k++)
            if (!done[sensitive_entries[i].number][k]) {
                failures++;
                printf("entry %s was not tried with: %s\n", sensitive_entries[i].name,
                       mutation_names[k]);
            }
    printf("%zu entries, %u checks, %u failures; %u pads still nops by Capstone, %u of them "
           "reported\n",
           sensitive_entry_count, checks, failures, still_nops, still_nops_reported);
    return failures ? 1 : 0;
}
