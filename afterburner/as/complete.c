/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "as/complete.h"

#define PACKAGE "afterburner" /* bfd.h insists */
#include <bfd.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "afterburn/record.h"
#include "as/identity.h"
#include "as/prelude.h"
#include "cli/memory.h"
#include "cli/message.h"
#include "decode/classify.h"
#include "decode/operands.h"
#include "decode/sensitive-table.h"

#define INSTRUCTION_MAX 15
#define LIVENESS_WINDOW                                                                            \
    48 /* instructions looked at behind a site before its flags count as live                      \
        */

/* A place in a section that something names. */
struct place {
    const asection *section;
    bfd_vma offset;
    const asymbol *symbol;
    long order;
};

/* Places sorted by section and offset; equal ones in the order they were found. */
struct places {
    struct place *list;
    size_t count, capacity;
};

struct object {
    bfd *bfd;
    unsigned char *bytes;
    size_t size;
    asymbol **symbols;
    long symbol_count;
    struct places functions, labels;
    struct places taken; /* where relocations of data point: fix-up tables and the like */
    struct identity_counter *counter;
    const struct complete_options *options;
    int end_seen;
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

static int compare_places(const void *a, const void *b)
{
    const struct place *x = a, *y = b;

    if (x->section != y->section)
        return x->section->index < y->section->index ? -1 : 1;
    if (x->offset != y->offset)
        return x->offset < y->offset ? -1 : 1;
    return (x->order > y->order) - (x->order < y->order);
}

static void add_place(struct places *places, const asection *section, bfd_vma offset,
                      const asymbol *symbol)
{
    memory_grow((void **)&places->list, &places->capacity, places->count, sizeof(*places->list));
    places->list[places->count] = (struct place){
        .section = section, .offset = offset, .symbol = symbol, .order = (long)places->count};
    places->count++;
}

static void sort_places(struct places *places)
{
    if (places->count)
        qsort(places->list, places->count, sizeof(*places->list), compare_places);
}

/* How many places are before offset `offset` of a section, or there too with `inclusive`. */
static size_t count_before(const struct places *places, const asection *section, bfd_vma offset,
                           int inclusive)
{
    size_t low = 0, high = places->count;

    while (low < high) {
        size_t middle = (low + high) / 2;
        const struct place *place = &places->list[middle];

        if (place->section->index < section->index ||
            (place->section == section &&
             (place->offset < offset || (inclusive && place->offset == offset))))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The nearest place at or before an offset; of several at one offset the first. */
static const struct place *nearest(const struct places *places, const asection *section,
                                   bfd_vma offset)
{
    size_t at = count_before(places, section, offset, 1);

    if (at == 0 || places->list[at - 1].section != section)
        return NULL;
    return &places->list[count_before(places, section, places->list[at - 1].offset, 0)];
}

static void collect_symbols(struct object *object)
{
    for (long i = 0; i < object->symbol_count; i++) {
        const asymbol *symbol = object->symbols[i];

        if (symbol->flags & (BSF_SECTION_SYM | BSF_FILE) || !symbol->name[0])
            continue;
        if (symbol->flags & BSF_FUNCTION)
            add_place(&object->functions, symbol->section, symbol->value, symbol);
        add_place(&object->labels, symbol->section, symbol->value, symbol);
    }
    sort_places(&object->functions);
    sort_places(&object->labels);
}

/* The function a place is in: the nearest function symbol at or before it, else the nearest symbol,
 * else "". */
static const char *function_at(const struct object *object, const asection *section, bfd_vma offset)
{
    const struct place *place = nearest(&object->functions, section, offset);

    if (!place)
        place = nearest(&object->labels, section, offset);
    return place ? place->symbol->name : "";
}

/* Where an offset in a section is meant by a relocation: RELA objects have the addend in the
 * relocation, REL ones (32 bits) in the section. */
static bfd_vma relocation_target(const arelent *relocation, const unsigned char *field)
{
    bfd_vma target = (*relocation->sym_ptr_ptr)->value + relocation->addend;
    int32_t value;

    if (relocation->howto && relocation->howto->partial_inplace) {
        memcpy(&value, field, sizeof(value));
        target += (bfd_vma)(bfd_signed_vma)value;
    }
    return target;
}

/* Collects the code that data point at. A PC-relative one names its target only when it is the
 * whole of a field of its own, which the tables of fix-ups have. */
static void collect_taken(struct object *object)
{
    for (asection *section = object->bfd->sections; section; section = section->next) {
        arelent **relocations;
        long count;

        if (!(section->flags & SEC_ALLOC) || !(section->flags & SEC_HAS_CONTENTS) ||
            section->flags & SEC_CODE || strcmp(section->name, AFTERBURN_SECTION) == 0 ||
            strcmp(section->name, ".eh_frame") == 0 || section->filepos < 0 ||
            (size_t)section->filepos + section->size > object->size)
            continue;
        relocations = read_relocations(object, section, &count);
        for (long i = 0; i < count; i++) {
            const asymbol *symbol =
                relocations[i]->sym_ptr_ptr ? *relocations[i]->sym_ptr_ptr : NULL;

            if (symbol && symbol->section->flags & SEC_CODE &&
                relocations[i]->address + sizeof(uint32_t) <= section->size)
                add_place(&object->taken, symbol->section,
                          relocation_target(relocations[i], object->bytes + section->filepos +
                                                                relocations[i]->address),
                          NULL);
        }
        free(relocations);
    }
    sort_places(&object->taken);
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

/* Zeroes what the linker will fill in of an instruction: REL objects have addends there. Gives
 * whether there is anything. */
static int blank_relocated(const struct code *code, bfd_vma start, size_t length,
                           unsigned char *bytes)
{
    int found = 0;

    for (bfd_vma at = start; at < start + length;) {
        const arelent *relocation =
            relocation_in(code->relocations, code->relocation_count, at, start + length);
        bfd_vma end;

        if (!relocation)
            break;
        found = 1;
        end = relocation->address +
              (relocation->howto ? bfd_get_reloc_size(relocation->howto) : sizeof(uint32_t));
        for (bfd_vma i = relocation->address; i < end && i < start + length; i++)
            bytes[i - start] = 0;
        at = relocation->address + 1;
    }
    return found;
}

/* Fills one record in; its address, span and lengths are gas's. */
static int complete_record(struct object *object, struct code *code, bfd_vma offset,
                           struct afterburn_record *record)
{
    bfd_vma start = offset + record->offset, end = offset + record->span;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    unsigned char bytes[INSTRUCTION_MAX];
    ZydisDecodedInstruction instruction;
    char text[128], function[512];
    ZydisDecoder decoder;
    int kind, relocation;

    if (end > code->section->size || record->offset + record->length > record->span)
        return fail(object, code->section, offset, "it ends outside its section");
    if (record->length > sizeof(bytes))
        return fail(object, code->section, offset, "it is longer than an instruction can be");
    memcpy(bytes, code->bytes + start, record->length);
    if (record->span < (object->options->no_room ? record->length : SITE_SPAN_MIN))
        return fail(object, code->section, offset, "its span is too short");
    /* gas encodes nops for the code size in force at the file's end and for -mtune. */
    if (record->bits == 64 && record->span > record->length) {
        const unsigned char *pad =
            code->bytes + (record->offset ? offset : offset + record->length);

        if (*pad != 0x0f && *pad != 0x66 && *pad != 0x90)
            return fail(object, code->section, offset, "its pad is not made of 64-bit nops");
    }
    zydis_open(&decoder, record->bits);
    relocation = blank_relocated(code, start, record->length, bytes);
    if (!ZYAN_SUCCESS(
            ZydisDecoderDecodeFull(&decoder, bytes, record->length, &instruction, operands)))
        return fail(object, code->section, offset, "its bytes are not one instruction");
    if (instruction.length + LFENCE_LENGTH == record->length &&
        classify_is_lfence(bytes + instruction.length))
        record->length = instruction.length; /* the lfence takes a part of the pad's place */
    if (instruction.length != record->length)
        return fail(object, code->section, offset, "its bytes are not one instruction");
    if (instruction.mnemonic == ZYDIS_MNEMONIC_INT3) {
        /* gas makes int3 of `int $3`: innocuous, so the record becomes a region of no bytes.
         */
        *record = (struct afterburn_record){
            .site = record->site, .length = 1, .bits = record->bits, .kind = AFTERBURN_REGION};
        return 0;
    }
    kind = classify_zydis(&instruction, operands);
    if (!kind)
        return fail(object, code->section, offset, "its instruction is not in the table");

    record->kind = (uint16_t)kind;
    operands_describe(&instruction, operands, record);
    if (relocation)
        record->flags |= AFTERBURN_RELOCATED;
    /* What a table names may be gone on with elsewhere, with the flags as they are: a fault's
     * fix-up. */
    if (flags_live(object, code, &decoder, end) ||
        count_before(&object->taken, code->section, offset, 0) !=
            count_before(&object->taken, code->section, end, 1))
        record->flags |= AFTERBURN_FLAGS_LIVE;
    if (record->span < SITE_SPAN_MIN)
        record->flags |= AFTERBURN_NO_ROOM;
    if (kind == SENSITIVE_sti && end < code->section->size && code->bytes[end] == 0xf4)
        record->flags |= AFTERBURN_HALT_FOLLOWS;

    operands_normalised_text(&instruction, operands, text, sizeof(text));
    identity_function_name(function_at(object, code->section, offset), function, sizeof(function));
    record->identity = identity_next(object->counter, object->options->source, function, text);
    return 0;
}

/* The record at offset `at` of a record section. */
static int complete_one(struct object *object, asection *section, arelent **relocations, long count,
                        struct code **list, bfd_size_type at)
{
    unsigned char *bytes = object->bytes + section->filepos + at;
    const arelent *relocation = relocation_in(relocations, count, at, at + 4);
    const asymbol *symbol = relocation && relocation->sym_ptr_ptr ? *relocation->sym_ptr_ptr : NULL;
    struct afterburn_record record;
    struct code *code;
    int status;

    memcpy(&record, bytes, sizeof(record));
    if (record.kind == AFTERBURN_REGION) {
        if (symbol && !(symbol->section->flags & SEC_CODE))
            record.displacement = 0; /* nobody decodes it */
        if (record.length == PRELUDE_END_LENGTH) {
            object->end_seen = 1;
            record.length = 0;
        }
        memcpy(bytes, &record, sizeof(record));
        return 0;
    }
    if (symbol && !(symbol->section->flags & SEC_HAS_CONTENTS)) { /* .bss: nothing is there */
        record = (struct afterburn_record){
            .site = record.site, .kind = AFTERBURN_REGION, .bits = record.bits};
        memcpy(bytes, &record, sizeof(record));
        return 0;
    }
    code = symbol ? code_of(object, list, symbol->section) : NULL;
    if (!code)
        return fail(object, section, at, "the record does not point into a section with contents");
    if (!(code->section->flags & SEC_CODE)) {
        /* A template that is copied before it runs, or data. What is here has its pad, by which
         * whoever binds the copy finds room; the record would be of a place where nothing runs. */
        record = (struct afterburn_record){
            .site = record.site, .kind = AFTERBURN_REGION, .bits = record.bits};
        memcpy(bytes, &record, sizeof(record));
        return 0;
    }
    status = complete_record(object, code, relocation_target(relocation, bytes), &record);
    memcpy(bytes, &record, sizeof(record));
    return status;
}

/* A record section: one chunk, or in a section group one for each record. */
static int complete_section(struct object *object, asection *section, struct code **list)
{
    long count;
    arelent **relocations = read_relocations(object, section, &count);
    bfd_size_type at = 0;
    int status = 0;

    while (status == 0 && at < section->size) {
        struct afterburn_header header;
        bfd_size_type end;

        if (section->size - at < sizeof(header)) {
            status = fail(object, section, at, "a chunk of records is cut off");
            break;
        }
        memcpy(&header, object->bytes + section->filepos + at, sizeof(header));
        at += sizeof(header);
        if (header.magic != AFTERBURN_MAGIC || header.size > section->size - at ||
            header.size % sizeof(struct afterburn_record)) {
            status = fail(object, section, at, "this is no chunk of records");
            break;
        }
        for (end = at + header.size; status == 0 && at < end; at += sizeof(struct afterburn_record))
            status = complete_one(object, section, relocations, count, list, at);
    }
    free(relocations);
    return status;
}

static void free_codes(struct code *list)
{
    while (list) {
        struct code *next = list->next;

        free(list->relocations);
        free(list);
        list = next;
    }
}

static int complete_sections(struct object *object)
{
    struct code *list = NULL;
    int status = 0;

    object->counter = identity_counter_new();
    collect_symbols(object);
    collect_taken(object);
    for (asection *section = object->bfd->sections; section && status == 0; section = section->next)
        if (strcmp(section->name, AFTERBURN_SECTION) == 0)
            status = section->filepos < 0 || (size_t)section->filepos + section->size > object->size
                         ? fail(object, section, 0, "the section is outside the object")
                         : complete_section(object, section, &list);
    free_codes(list);
    free(object->functions.list);
    free(object->labels.list);
    free(object->taken.list);
    identity_counter_free(object->counter);
    return status;
}

int complete_records(const char *object_path, unsigned char *bytes, size_t size,
                     const struct complete_options *options)
{
    struct object object = {.bytes = bytes, .size = size, .options = options};
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
    if (bfd_get_section_by_name(object.bfd, AFTERBURN_SECTION)) {
        room = bfd_get_symtab_upper_bound(object.bfd);
        object.symbols = memory_allocate(room > 0 ? (size_t)room : sizeof(asymbol *));
        object.symbol_count = room > 0 ? bfd_canonicalize_symtab(object.bfd, object.symbols) : 0;
        status = complete_sections(&object);
        free(object.symbols);
    }
    if (status == 0 && options->needs_end && !object.end_seen) {
        message_error(
            "%s: GNU as did not read the text to its end, so that .afterburn_off and code "
            "sizes cannot be followed; is a comment never closed?",
            options->source);
        status = -1;
    }
    bfd_close(object.bfd);
    return status;
}
