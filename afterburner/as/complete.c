/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "as/complete.h"

#define PACKAGE "afterburner" /* bfd.h insists */
#include <bfd.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "afterburn/record.h"
#include "as/identity.h"
#include "cli/memory.h"
#include "cli/message.h"
#include "decode/classify.h"
#include "decode/operands.h"
#include "decode/sensitive-table.h"

#define INSTRUCTION_MAX 15
#define LIVENESS_WINDOW                                                                            \
    48 /* instructions looked at behind a site before its flags count as live                      \
        */

struct object {
    bfd *bfd;
    unsigned char *bytes;
    size_t size;
    asymbol **symbols;
    long symbol_count;
    const struct complete_options *options;
};

/* One section with sites in it. */
struct code {
    asection *section;
    const unsigned char *bytes;
    arelent **relocations; /* sorted by address */
    long relocation_count;
    struct code *next;
};

static int compare_relocations(const void *a, const void *b)
{
    bfd_size_type x = (*(arelent *const *)a)->address, y = (*(arelent *const *)b)->address;

    return (x > y) - (x < y);
}

static arelent **read_relocations(struct object *object, asection *section, long *count)
{
    long room = bfd_get_reloc_upper_bound(object->bfd, section);
    arelent **relocations = memory_allocate(room > 0 ? (size_t)room : sizeof(arelent *));

    *count =
        room > 0 ? bfd_canonicalize_reloc(object->bfd, section, relocations, object->symbols) : 0;
    if (*count < 0)
        *count = 0;
    qsort(relocations, (size_t)*count, sizeof(*relocations), compare_relocations);
    return relocations;
}

static const arelent *relocation_in(arelent **relocations, long count, bfd_size_type start,
                                    bfd_size_type end)
{
    long low = 0, high = count;

    while (low < high) {
        long middle = (low + high) / 2;

        if (relocations[middle]->address < start)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && relocations[low]->address < end ? relocations[low] : NULL;
}

static struct code *code_of(struct object *object, struct code **list, asection *section)
{
    struct code *code;

    for (code = *list; code; code = code->next)
        if (code->section == section)
            return code;
    if (!(section->flags & SEC_HAS_CONTENTS) || section->filepos < 0 ||
        (size_t)section->filepos + section->size > object->size)
        return NULL;
    code = memory_allocate(sizeof(*code));
    code->section = section;
    code->bytes = object->bytes + section->filepos;
    code->relocations = read_relocations(object, section, &code->relocation_count);
    code->next = *list;
    *list = code;
    return code;
}

/* The function a place is in: the nearest function symbol at or before it, else the nearest symbol,
 * else "". */
static const char *function_at(const struct object *object, const asection *section, bfd_vma offset)
{
    const asymbol *function = NULL, *label = NULL;

    for (long i = 0; i < object->symbol_count; i++) {
        const asymbol *symbol = object->symbols[i];

        if (symbol->section != section || symbol->value > offset ||
            symbol->flags & (BSF_SECTION_SYM | BSF_FILE) || !symbol->name[0])
            continue;
        if (symbol->flags & BSF_FUNCTION && (!function || symbol->value > function->value))
            function = symbol;
        if (!label || symbol->value > label->value)
            label = symbol;
    }
    if (function)
        return function->name;
    return label ? label->name : "";
}

/* Whether the arithmetic flags may be read behind `offset` before they are written. Only a proof
 * gives 0: whatever is not followed (indirect jumps, relocated ones, a long straight run) counts as
 * live. */
static int flags_live(const struct object *object, const struct code *code, ZydisDecoder *decoder,
                      bfd_vma offset)
{
    ZyanU32 open = ZYDIS_CPUFLAG_CF | ZYDIS_CPUFLAG_PF | ZYDIS_CPUFLAG_AF | ZYDIS_CPUFLAG_ZF |
                   ZYDIS_CPUFLAG_SF | ZYDIS_CPUFLAG_OF;

    for (int i = 0; i < LIVENESS_WINDOW && offset < code->section->size; i++) {
        ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
        ZydisDecodedInstruction instruction;

        if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(decoder, code->bytes + offset,
                                                 code->section->size - offset, &instruction,
                                                 operands)))
            return 1;
        if (instruction.cpu_flags) {
            if (instruction.cpu_flags->tested & open)
                return 1;
            /* A shift by CL, or a repeated string instruction, may leave the flags as they were. */
            if (instruction.meta.category != ZYDIS_CATEGORY_SHIFT &&
                instruction.meta.category != ZYDIS_CATEGORY_ROTATE &&
                instruction.meta.category != ZYDIS_CATEGORY_STRINGOP)
                open &= ~(instruction.cpu_flags->modified | instruction.cpu_flags->set_0 |
                          instruction.cpu_flags->set_1 | instruction.cpu_flags->undefined);
            if (!open)
                return 0;
        }
        switch (instruction.meta.category) {
        case ZYDIS_CATEGORY_CALL:
        case ZYDIS_CATEGORY_RET:
            return !object->options->compiled;
        case ZYDIS_CATEGORY_COND_BR:
            return 1;
        case ZYDIS_CATEGORY_UNCOND_BR:
            if (operands[0].type != ZYDIS_OPERAND_TYPE_IMMEDIATE ||
                relocation_in(code->relocations, code->relocation_count, offset,
                              offset + instruction.length))
                return 1;
            offset += instruction.length + (bfd_vma)operands[0].imm.value.s;
            break;
        default:
            offset += instruction.length;
        }
    }
    return 1;
}

static int fail(const struct object *object, const asection *section, bfd_vma offset,
                const char *what)
{
    message_error(
        "%s: internal: site at %s+0x%llx: %s; assemble with AFTERBURNER_MODE=off and report this",
        object->options->source, section->name, (unsigned long long)offset, what);
    return -1;
}

/* Fills one record in; its address, span and lengths are gas's. */
static int complete_record(struct object *object, struct code *code, bfd_vma offset,
                           struct afterburn_record *record, struct identity_counter *counter)
{
    bfd_vma start = offset + record->offset, end = offset + record->span;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    unsigned char bytes[INSTRUCTION_MAX];
    ZydisDecodedInstruction instruction;
    char text[128], function[512];
    ZydisDecoder decoder;
    const arelent *relocation;
    int kind;

    if (end > code->section->size || record->offset + record->length > record->span)
        return fail(object, code->section, offset, "it ends outside its section");
    if (record->length > sizeof(bytes))
        return fail(object, code->section, offset, "it is longer than an instruction can be");
    memcpy(bytes, code->bytes + start, record->length);
    /* gas encodes nops for the code size in force at the file's end and for -mtune. */
    if (record->bits == 64 && record->span > record->length) {
        const unsigned char *pad =
            code->bytes + (record->offset ? offset : offset + record->length);

        if (*pad != 0x0f && *pad != 0x66 && *pad != 0x90)
            return fail(object, code->section, offset, "its pad is not made of 64-bit nops");
    }
    zydis_open(&decoder, record->bits);
    relocation =
        relocation_in(code->relocations, code->relocation_count, start, start + record->length);
    for (bfd_vma at = start; relocation && at < start + record->length; at++)
        if (at >= relocation->address)
            bytes[at - start] = 0; /* relocated fields come last in an instruction, but for an
                                      immediate behind them */
    if (!ZYAN_SUCCESS(
            ZydisDecoderDecodeFull(&decoder, bytes, record->length, &instruction, operands)) ||
        instruction.length != record->length)
        return fail(object, code->section, offset, "its bytes are not one instruction");
    if (instruction.mnemonic == ZYDIS_MNEMONIC_INT3) {
        /* gas makes int3 of `int $3`: innocuous, so the record becomes a mark that changes nothing.
         */
        *record = (struct afterburn_record){
            .site = record->site, .bits = record->bits, .kind = AFTERBURN_MARK};
        return 0;
    }
    kind = classify_zydis(&instruction, operands);
    if (!kind)
        return fail(object, code->section, offset, "its instruction is not in the table");

    record->kind = (uint16_t)kind;
    operands_describe(&instruction, operands, record);
    if (relocation)
        record->flags |= AFTERBURN_RELOCATED;
    if (flags_live(object, code, &decoder, end))
        record->flags |= AFTERBURN_FLAGS_LIVE;
    if (kind == SENSITIVE_sti && end < code->section->size && code->bytes[end] == 0xf4)
        record->flags |= AFTERBURN_HALT_FOLLOWS;

    operands_normalised_text(&instruction, operands, text, sizeof(text));
    identity_function_name(function_at(object, code->section, offset), function, sizeof(function));
    record->identity = identity_next(counter, object->options->source, function, text);
    return 0;
}

static int complete_section(struct object *object, asection *section)
{
    struct identity_counter *counter = identity_counter_new();
    unsigned char *bytes = object->bytes + section->filepos;
    struct code *list = NULL;
    long count;
    arelent **relocations = read_relocations(object, section, &count);
    int status = 0;

    for (bfd_size_type at = sizeof(struct afterburn_header); status == 0 && at < section->size;
         at += sizeof(struct afterburn_record)) {
        struct afterburn_record record;
        const arelent *relocation = relocation_in(relocations, count, at, at + 4);
        const asymbol *symbol =
            relocation && relocation->sym_ptr_ptr ? *relocation->sym_ptr_ptr : NULL;
        struct code *code;
        bfd_vma offset;

        memcpy(&record, bytes + at, sizeof(record));
        if (record.kind == AFTERBURN_MARK)
            continue;
        code = symbol ? code_of(object, &list, symbol->section) : NULL;
        if (!code) {
            status =
                fail(object, section, at, "the record does not point into a section with contents");
            break;
        }
        if (!(code->section->flags & SEC_CODE)) {
            message_error(
                "%s: an instruction was annotated in section %s, which is not executable; "
                "name the section before it in the text, give it the flag x, or put "
                ".afterburn_off before it",
                object->options->source, code->section->name);
            status = -1;
            break;
        }
        /* RELA has the addend in the relocation, REL (32-bit objects) in the section. */
        offset = symbol->value + relocation->addend;
        if (relocation->howto && relocation->howto->partial_inplace)
            offset += (bfd_vma)(bfd_signed_vma)record.site;
        status = complete_record(object, code, offset, &record, counter);
        memcpy(bytes + at, &record, sizeof(record));
    }
    while (list) {
        struct code *next = list->next;

        free(list->relocations);
        free(list);
        list = next;
    }
    free(relocations);
    identity_counter_free(counter);
    return status;
}

int complete_records(const char *object_path, unsigned char *bytes, size_t size,
                     const struct complete_options *options)
{
    struct object object = {.bytes = bytes, .size = size, .options = options};
    asection *section;
    long room;
    int status = 0;

    bfd_init();
    object.bfd = bfd_openr(object_path, NULL);
    if (!object.bfd || !bfd_check_format(object.bfd, bfd_object)) {
        message_error("%s: internal: the assembled object cannot be read back: %s", options->source,
                      bfd_errmsg(bfd_get_error()));
        if (object.bfd)
            bfd_close(object.bfd);
        return -1;
    }
    section = bfd_get_section_by_name(object.bfd, AFTERBURN_SECTION);
    if (section) {
        room = bfd_get_symtab_upper_bound(object.bfd);
        object.symbols = memory_allocate(room > 0 ? (size_t)room : sizeof(asymbol *));
        object.symbol_count = room > 0 ? bfd_canonicalize_symtab(object.bfd, object.symbols) : 0;
        if ((size_t)section->filepos + section->size > size ||
            section->size < sizeof(struct afterburn_header))
            status = fail(&object, section, 0, "the section is outside the object");
        else
            status = complete_section(&object, section);
        free(object.symbols);
    }
    bfd_close(object.bfd);
    return status;
}
