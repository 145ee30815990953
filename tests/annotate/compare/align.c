/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which instructions of an annotated section answer to which of its plain twin.
 *
 * Both are walked side by side. Left out are
 *
 *   - the annotated side's pads: the bytes its records say, nothing else, and they must be nops;
 *   - fill: where the two have different runs of nops or int3, what is left of each run once nops
 *     that are the same at its start and its end are matched. It must be just what reaches a
 *     multiple of one alignment (4 to 4096, and not above the section's own) on both sides (over
 *     much of it the assembler puts a jump in front, which counts as one of them); or one
 *     side needed more bytes for that than the other one got, which the assembler's limit
 *     (.p2align 4,,10) forbade, and reaches a lower alignment or has none. It must be as few nops
 *     as can be, or one byte repeated. Or both end where an alternative's original does, which is
 *     filled up to its replacement's length;
 *   - zeros that reach a multiple of one alignment at the end of both sides.
 *
 * Every other nop and int3 has to have its like; the like of a jump label's, which is as long as
 * the jump there would be, may be longer or shorter as that would be. */
#include <stdio.h>
#include <string.h>

#include "cli/memory.h"
#include "compare.h"
#include "decode/classify.h"
#include "decode/third-decoder.h"

#define RUN_LONGEST      8192
#define ALIGNMENT_LOWEST 4
#define ALIGNMENT_TOP    4096
#define TRAP_SPAN        7

struct run {
    struct kept list[RUN_LONGEST];
    size_t count;
    uint64_t start, end;
    uint64_t target; /* of its first, a jump over nops that follow; or 0 */
};

static int is_nop_or_int3(const struct part *part, uint64_t address, int bits, uint8_t *length)
{
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    ZydisDecodedInstruction instruction;

    if (!decode_at(part, address, bits, &instruction, operands))
        return 0;
    *length = instruction.length;
    return is_padding_nop(&instruction, operands) || instruction.mnemonic == ZYDIS_MNEMONIC_INT3;
}

int is_nop(const struct part *part, const struct kept *kept)
{
    uint8_t length;

    return is_nop_or_int3(part, kept->address, kept->bits, &length) &&
           part->bytes[kept->address - part->section->address] != 0xcc;
}

/* Whether a jump with a distance is there. Gives its length, and where it leads. */
static int is_jump(const struct part *part, uint64_t address, int bits, uint8_t *length,
                   uint64_t *target)
{
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    ZydisDecodedInstruction instruction;

    if (!decode_at(part, address, bits, &instruction, operands) ||
        instruction.mnemonic != ZYDIS_MNEMONIC_JMP ||
        !relative_target(&instruction, &operands[0], address, target))
        return 0;
    *length = instruction.length;
    return 1;
}

/* A jump over nops and over nothing else, which gas puts in front of many. Gives where it leads, or
 * 0 when there is none. */
static uint64_t jump_over_nops(const struct part *part, uint64_t address, int bits, uint8_t *length)
{
    uint64_t target;
    uint8_t nop;

    if (!is_jump(part, address, bits, length, &target))
        return 0;
    address += *length;
    if (target <= address || target > part->section->address + part->section->size)
        return 0;
    while (address < target && is_nop_or_int3(part, address, bits, &nop) &&
           part->bytes[address - part->section->address] != 0xcc)
        address += nop;
    return address == target ? target : 0;
}

static void keep(struct part *part, uint64_t address, uint8_t length, int bits)
{
    memory_grow((void **)&part->kept, &part->kept_capacity, part->kept_count, sizeof(*part->kept));
    part->kept[part->kept_count++] =
        (struct kept){.address = address, .length = length, .bits = (uint8_t)bits};
}

static void leave_out(struct part *part, uint64_t start, uint64_t end)
{
    memory_grow((void **)&part->gaps, &part->gap_capacity, part->gap_count, sizeof(*part->gaps));
    part->gaps[part->gap_count++] = (struct gap){start, end};
}

/* Whether an alternative's original begins or ends at an address: two of them, both filled up, can
 * follow each other. */
static int is_alternatives_edge(const struct side *side, uint64_t address)
{
    for (size_t i = 0; i < side->tables.alternative_count; i++) {
        const struct alternative *alternative = &side->tables.alternatives[i];

        if (alternative->original == address ||
            alternative->original + alternative->original_length == address)
            return 1;
    }
    return 0;
}

/* An int3 that a region of no bytes is at: `int $3`, which GNU as makes an int3 of. It has a pad
 * but no site (docs/record-format.md, "Regions"). */
static int is_padded_trap(const struct side *side, const struct part *part, uint64_t address)
{
    return part->bytes[address - part->section->address] == 0xcc &&
           records_trap_at(&side->records, address);
}

/* Whether a jump label is there: a nop that becomes a jump. */
static int is_jump_label(const struct side *side, uint64_t address)
{
    for (size_t i = 0; i < side->tables.patch_count; i++)
        if (side->tables.patches[i].kind == PATCH_JUMP_LABEL &&
            side->tables.patches[i].address == address)
            return 1;
    return 0;
}

int is_other_label(const struct pair *pair, const struct kept *a, const struct kept *b)
{
    return a->length != b->length && (a->length == 2 || a->length == 5) &&
           (b->length == 2 || b->length == 5) && is_jump_label(&pair->plain, a->address) &&
           is_jump_label(&pair->annotated, b->address);
}

/* The nops and int3 from an address on, up to the next site of the side, an alternative's edge, a
 * jump label or a pad that no record tells of. */
static void read_run(const struct side *side, const struct part *part, uint64_t address, int bits,
                     struct run *run)
{
    uint64_t end = part->section->address + part->section->size;
    uint8_t length;

    run->count = 0;
    run->start = address;
    run->target = 0;
    while (address < end && run->count < RUN_LONGEST && !records_site_at(&side->records, address) &&
           (is_nop_or_int3(part, address, bits, &length) ||
            (!run->count && (run->target = jump_over_nops(part, address, bits, &length))))) {
        run->list[run->count++] =
            (struct kept){.address = address, .length = length, .bits = (uint8_t)bits};
        address += length;
        if (is_alternatives_edge(side, address) || is_padded_trap(side, part, address - length) ||
            is_jump_label(side, address) || is_jump_label(side, address - length))
            break;
    }
    run->end = run->target <= address ? address : run->start;
    run->count = run->target <= address ? run->count : 0;
}

static void shorten(struct run *run, size_t count)
{
    if (run->count > count) {
        run->end = run->list[count].address;
        run->count = count;
    }
}

static int same_bytes(const struct part *x, const struct kept *a, const struct part *y,
                      const struct kept *b)
{
    return a->length == b->length &&
           memcmp(x->bytes + (a->address - x->section->address),
                  y->bytes + (b->address - y->section->address), a->length) == 0;
}

static uint64_t needed(uint64_t start, uint64_t alignment)
{
    return -start & (alignment - 1);
}

/* Whether `length` bytes at `start` reach some alignment below another one, or are none. */
static int reaches_less(uint64_t start, uint64_t length, uint64_t below)
{
    if (length == 0)
        return 1;
    for (uint64_t alignment = ALIGNMENT_LOWEST; alignment < below; alignment *= 2)
        if (length == needed(start, alignment))
            return 1;
    return 0;
}

/* Starts are offsets in sections. */
static int is_alignment(uint64_t a, uint64_t a_length, uint64_t b, uint64_t b_length,
                        uint64_t highest)
{
    for (uint64_t alignment = ALIGNMENT_LOWEST; alignment <= highest && alignment <= ALIGNMENT_TOP;
         alignment *= 2) {
        uint64_t x = needed(a, alignment), y = needed(b, alignment);

        if (x == a_length && y == b_length)
            return 1;
        if ((x == a_length && y > x && reaches_less(b, b_length, alignment)) ||
            (y == b_length && x > y && reaches_less(a, a_length, alignment)))
            return 1;
    }
    return 0;
}

/* Whether both addresses end the original of the same alternative. */
static int is_alternative(const struct pair *pair, uint64_t plain, uint64_t annotated)
{
    const struct guest_tables *s = &pair->plain.tables, *t = &pair->annotated.tables;

    for (size_t i = 0; i < s->alternative_count && i < t->alternative_count; i++)
        if (s->alternatives[i].original + s->alternatives[i].original_length == plain &&
            t->alternatives[i].original + t->alternatives[i].original_length == annotated)
            return 1;
    return 0;
}

/* Whether a stretch of a run is of one kind: nops, or int3. */
static int kind_of(const struct part *part, const struct run *run, size_t from, size_t to)
{
    int nops = 0, traps = 0;

    for (size_t i = from; i < to; i++)
        if (part->bytes[run->list[i].address - part->section->address] == 0xcc)
            traps++;
        else
            nops++;
    return nops && traps ? -1 : nops ? 1 : traps ? 2 : 0;
}

static uint64_t start_of(const struct run *run, size_t index)
{
    return index < run->count ? run->list[index].address : run->end;
}

/* Whether instructions are as an assembler or linker fills with: as few nops as can be, which have
 * at most 11 bytes (gas), 10 (ld) or 7 (for processors without long nops), or single bytes. */
static int is_written_as_fill(const struct run *run, size_t from, size_t to)
{
    /* gas has no nop of 5 bytes for processors without long nops: it takes one of 4 and one of 1.
     */
    static const uint8_t short_nops[7] = {0, 1, 1, 1, 1, 2, 1};
    uint64_t length, count;

    if (from < to && from == 0 && run->target) {
        if (run->target != start_of(run, to))
            return 0;
        from++;
    }
    length = start_of(run, to) - start_of(run, from);
    count = to - from;
    return count == (length + 10) / 11 || count == (length + 9) / 10 ||
           ((!count || run->list[from].bits != 64) &&
            count == length / 7 + short_nops[length % 7]) ||
           count == length;
}

/* Whether what lies between `head` and `tail` matched instructions of both runs is fill. */
static int is_fill(const struct pair *pair, const struct part *x, const struct run *p,
                   const struct part *y, const struct run *q, size_t head, size_t tail)
{
    uint64_t a = start_of(p, head), a_end = start_of(p, p->count - tail);
    uint64_t b = start_of(q, head), b_end = start_of(q, q->count - tail);
    int kind = kind_of(x, p, head, p->count - tail), other = kind_of(y, q, head, q->count - tail);

    if (kind < 0 || other < 0 || (kind && other && kind != other))
        return 0;
    if (is_alternative(pair, a_end, b_end)) {
        figures.alternative_fills++;
        return 1;
    }
    if (!is_written_as_fill(p, head, p->count - tail) ||
        !is_written_as_fill(q, head, q->count - tail))
        return 0;
    return is_alignment(a - x->section->address, a_end - a, b - y->section->address, b_end - b,
                        x->alignment < y->alignment ? x->alignment : y->alignment);
}

static void keep_run(struct part *part, const struct run *run, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        keep(part, run->list[i].address, run->list[i].length, run->list[i].bits);
}

/* Matches two runs, as much of them as can be: the rest must be fill. Gives 0, or 1 after a
 * message. */
static int match_runs(const struct pair *pair, struct part *x, const struct run *p, struct part *y,
                      const struct run *q)
{
    size_t least = p->count < q->count ? p->count : q->count, common = 0;

    while (common < least && same_bytes(x, &p->list[common], y, &q->list[common]))
        common++;
    if ((common == p->count && common == q->count) ||
        (p->count == 1 && q->count == 1 && is_other_label(pair, &p->list[0], &q->list[0]))) {
        figures.nops += p->count;
        keep_run(x, p, 0, p->count);
        keep_run(y, q, 0, q->count);
        return 0;
    }
    for (size_t head = common + 1; head-- > 0;) {
        size_t tails = 0;

        while (tails < least - head &&
               same_bytes(x, &p->list[p->count - tails - 1], y, &q->list[q->count - tails - 1]))
            tails++;
        for (size_t tail = tails + 1; tail-- > 0;) {
            if (!is_fill(pair, x, p, y, q, head, tail))
                continue;
            keep_run(x, p, 0, head);
            keep_run(y, q, 0, head);
            leave_out(x, start_of(p, head), start_of(p, p->count - tail));
            leave_out(y, start_of(q, head), start_of(q, q->count - tail));
            keep_run(x, p, p->count - tail, p->count);
            keep_run(y, q, q->count - tail, q->count);
            figures.nops += head + tail;
            return 0;
        }
    }
    return differ(pair,
                  "%s+0x%llx and +0x%llx: %llu and %llu bytes of nops or int3, which are not the "
                  "same and no fill",
                  x->section->name, (unsigned long long)(p->start - x->section->address),
                  (unsigned long long)(q->start - y->section->address),
                  (unsigned long long)(p->end - p->start), (unsigned long long)(q->end - q->start));
}

/* Steps over the pad at an address, if a record says that there is one. Gives the address behind
 * it, or 0 after a message. */
static uint64_t step_over_pad(const struct pair *pair, const struct part *part, uint64_t address)
{
    const struct site *site = records_site_at(&pair->annotated.records, address);
    uint64_t end = site ? site->instruction + site->record.length : 0, stop;

    if (!site || address == site->instruction)
        return address;
    /* GNU as put an lfence behind the instruction (-mlfence-after-load): both sides have it. */
    if (site->end - end >= LFENCE_LENGTH &&
        classify_is_lfence(part->bytes + (end - part->section->address))) {
        if (address == end)
            return address;
        end += LFENCE_LENGTH;
    }
    if (address != site->start && address != end) {
        differ(pair, "%s+0x%llx is inside a record's instruction", part->section->name,
               (unsigned long long)(address - part->section->address));
        return 0;
    }
    stop = address == end ? site->end : site->instruction;
    figures.pads++;
    figures.pad_bytes += stop - address;
    while (address < stop) {
        uint8_t length;

        if (!is_nop_or_int3(part, address, site->record.bits, &length) || length > stop - address ||
            part->bytes[address - part->section->address] == 0xcc) {
            differ(pair, "the pad at %s+0x%llx has more than nops", part->section->name,
                   (unsigned long long)(address - part->section->address));
            return 0;
        }
        address += length;
    }
    return address;
}

/* Gives the address behind the pad of an `int $3`, or `address` when none is there. */
static uint64_t step_over_trap_pad(const struct side *side, const struct part *part,
                                   uint64_t address)
{
    uint64_t trap = part->kept_count ? part->kept[part->kept_count - 1].address : 0, at = address;
    uint8_t length;

    if (!part->kept_count || address != trap + 1 || !is_padded_trap(side, part, trap))
        return address;
    while (at < trap + TRAP_SPAN &&
           is_nop_or_int3(part, at, part->kept[part->kept_count - 1].bits, &length))
        at += length;
    if (at != trap + TRAP_SPAN)
        return address;
    figures.trap_pads++;
    return at;
}

/* Where Zydis knows no instruction libopcodes may (old ones: test registers); else it is a byte. */
static uint8_t length_at(const struct part *part, uint64_t address, int bits)
{
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    uint64_t offset = address - part->section->address;
    ZydisDecodedInstruction instruction;
    size_t length;
    char text[128];

    if (decode_at(part, address, bits, &instruction, operands))
        return instruction.length;
    length = third_decode(part->bytes + offset, part->section->size - offset, address, bits, text,
                          sizeof(text));
    return length ? (uint8_t)length : 1;
}

/* Whether zeros reach an alignment from an address to the section's end (.p2align 4,0 as a file's
 * last line). No bytes do where none are needed. */
static int ends_in_zeros(const struct part *part, uint64_t address, uint64_t alignment)
{
    uint64_t offset = address - part->section->address, size = part->section->size;

    if (size - offset != needed(offset, alignment))
        return 0;
    while (offset < size && part->bytes[offset] == 0)
        offset++;
    return offset == size;
}

/* The same for both sides, which are left out if they have it. */
static int leave_out_zeros(struct part *x, uint64_t a, struct part *y, uint64_t b)
{
    uint64_t a_end = x->section->address + x->section->size;
    uint64_t b_end = y->section->address + y->section->size;
    unsigned int highest = x->alignment < y->alignment ? x->alignment : y->alignment;

    if (a_end - a == b_end - b)
        return 0;
    for (unsigned int alignment = ALIGNMENT_LOWEST; alignment <= highest; alignment *= 2)
        if (ends_in_zeros(x, a, alignment) && ends_in_zeros(y, b, alignment)) {
            leave_out(x, a, a_end);
            leave_out(y, b, b_end);
            figures.fills_of_zeros++;
            return 1;
        }
    return 0;
}

int align_parts(const struct pair *pair, struct part *plain, struct part *annotated)
{
    uint64_t a = plain->section->address, a_end = a + plain->section->size;
    uint64_t b = annotated->section->address, b_end = b + annotated->section->size;
    static struct run p, q;

    while (a < a_end || b < b_end) {
        const struct site *site;
        uint64_t target;
        uint8_t length;
        int bits, at_edge;

        while (b < b_end) {
            uint64_t next = step_over_pad(pair, annotated, b);

            if (!next)
                return 1;
            if (next == b)
                next = step_over_trap_pad(&pair->annotated, annotated, b);
            if (next == b)
                break;
            b = next;
        }
        if (leave_out_zeros(plain, a, annotated, b))
            break;
        /* A plain object does not say its code's size: the annotated one does for both. */
        bits = records_bits_at(&pair->annotated.records, &pair->annotated.image, b);
        read_run(&pair->plain, plain, a, bits, &p);
        read_run(&pair->annotated, annotated, b, bits, &q);
        /* A jump on both sides is the source's, though it lead over the fill behind it. */
        if ((p.target && is_jump(annotated, b, bits, &length, &target)) ||
            (q.target && is_jump(plain, a, bits, &length, &target)))
            p.count = q.count = 0;
        /* Fill up to an alternative's edge on one side only: the other side waits. */
        at_edge = is_alternatives_edge(&pair->plain, a);
        if (at_edge != is_alternatives_edge(&pair->annotated, b))
            shorten(at_edge ? &p : &q, 0);
        if (q.count && is_padded_trap(&pair->annotated, annotated, q.end - 1))
            shorten(&p, q.count);
        if (p.count || q.count) {
            if (match_runs(pair, plain, &p, annotated, &q))
                return 1;
            a = p.end;
            b = q.end;
            continue;
        }
        if (a < a_end) {
            length = length_at(plain, a, bits);
            keep(plain, a, length, bits);
            a += length;
        }
        if (b < b_end) {
            site = records_site_at(&pair->annotated.records, b);
            length = length_at(annotated, b, bits);
            if (site && b == site->instruction && length != site->record.length)
                return differ(pair, "%s+0x%llx has %u bytes, its record says %u",
                              annotated->section->name,
                              (unsigned long long)(b - annotated->section->address), length,
                              site->record.length);
            keep(annotated, b, length, bits);
            b += length;
        }
    }
    return 0;
}

/* --- Is the fill where one may be? --- */

static int falls_through(const struct part *part, uint64_t address)
{
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    size_t count = kept_before(part, address);
    const struct kept *before;
    ZydisDecodedInstruction instruction;

    if (!part->kept_count || address <= part->section->address)
        return 0; /* the section's start */
    before = &part->kept[count ? count - 1 : 0];
    if (!decode_at(part, before->address, before->bits, &instruction, operands))
        return 0; /* the section's start, or behind data */
    switch (instruction.mnemonic) {
    case ZYDIS_MNEMONIC_JMP:
    case ZYDIS_MNEMONIC_RET:
    case ZYDIS_MNEMONIC_IRET:
    case ZYDIS_MNEMONIC_IRETD:
    case ZYDIS_MNEMONIC_IRETQ:
    case ZYDIS_MNEMONIC_SYSRET:
    case ZYDIS_MNEMONIC_UD2:
    case ZYDIS_MNEMONIC_INT3:
        return 0;
    default:
        return 1;
    }
}

static int is_branched_to(const struct part *part, uint64_t address)
{
    for (size_t i = 0; i < part->kept_count; i++) {
        ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
        const struct kept *kept = &part->kept[i];
        ZydisDecodedInstruction instruction;
        uint64_t target;

        if (decode_at(part, kept->address, kept->bits, &instruction, operands) &&
            instruction.operand_count_visible && operands[0].type == ZYDIS_OPERAND_TYPE_IMMEDIATE &&
            relative_target(&instruction, &operands[0], kept->address, &target) &&
            target == address)
            return 1;
    }
    return 0;
}

static int is_named(const struct side *side, const struct part *part, uint64_t address)
{
    const asymbol *const *symbols = side->image.private;

    for (size_t i = 0; symbols[i]; i++)
        if (!(symbols[i]->flags & BSF_SECTION_SYM) &&
            symbols[i]->section == (const asection *)part->section->handle &&
            bfd_asymbol_value(symbols[i]) == address)
            return 1;
    for (size_t i = 0; i < side->part_count; i++)
        for (size_t k = 0; k < side->parts[i].relocation_count; k++)
            if (relocation_target(&side->parts[i], side->parts[i].relocations[k]) == address)
                return 1;
    return is_branched_to(part, address);
}

int check_fills(const struct pair *pair, const struct part *plain, const struct part *annotated)
{
    int wrong = 0;

    for (size_t i = 0; i < plain->gap_count; i++) {
        const struct gap *a = &plain->gaps[i], *b = &annotated->gaps[i];

        figures.fills++;
        figures.fill_bytes += a->end - a->start + b->end - b->start;
        if (is_alternative(pair, a->end, b->end))
            continue;
        if (a->end == plain->section->address + plain->section->size &&
            b->end == annotated->section->address + annotated->section->size)
            figures.fills_at_end++;
        else if (is_named(&pair->plain, plain, a->end) &&
                 is_named(&pair->annotated, annotated, b->end))
            figures.fills_by_label++;
        else if (!falls_through(plain, a->start) && !falls_through(annotated, b->start))
            figures.fills_by_transfer++;
        else
            wrong |= differ(
                pair,
                "%s+0x%llx and +0x%llx: nops in the way of code, in front of nothing "
                "that is jumped to: %llu and %llu bytes",
                plain->section->name, (unsigned long long)(a->start - plain->section->address),
                (unsigned long long)(b->start - annotated->section->address),
                (unsigned long long)(a->end - a->start), (unsigned long long)(b->end - b->start));
    }
    return wrong;
}
