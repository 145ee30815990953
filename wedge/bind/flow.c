/* SPDX-License-Identifier: BSD-2-Clause */
/* Following code on a page from instruction to instruction (opcodes: AMD64 manual 3, appendix A).
 * What lies elsewhere, or is reached in other ways, is looked at when it runs or not at all: this
 * is for pages on which a kernel puts single instructions to be stepped over, or pieces of code
 * that it jumps to. */
#include "wedge/flow.h"

#include "wedge/code-sites.h"
#include "wedge/memory.h"
#include "wedge/reader.h"
#include "wedge/string.h"

/* A bit for each byte of the page that an instruction begins at; and the offsets of those that are
 * to be looked at, each at most once. */
static uint8_t seen[PAGE_SIZE / 8];
static uint16_t waiting[PAGE_SIZE];
static unsigned count;

static void wait(uint64_t page, uint64_t address)
{
    unsigned offset = (unsigned)(address % PAGE_SIZE);

    if (address - page >= PAGE_SIZE || seen[offset / 8] >> offset % 8 & 1)
        return;
    seen[offset / 8] |= (uint8_t)(1u << offset % 8);
    waiting[count++] = (uint16_t)offset;
}

/* Gives whether what follows an instruction is reached; and in *target where a direct jump or call
 * leads, 0 for all other instructions. */
static bool goes_on(const uint8_t *bytes, unsigned length, uint64_t address, uint64_t *target)
{
    struct reader reader = reader_start(bytes, length, 64);
    uint8_t opcode = reader_prefixes(&reader), second;

    *target = 0;
    switch (opcode) {
    case 0x70 ... 0x7f:
    case 0xe0 ... 0xe3:
    case 0xeb:
        *target = address + length + (uint64_t)reader_number(&reader, 1);
        return opcode != 0xeb;
    case 0xe8:
    case 0xe9:
        *target = address + length + (uint64_t)reader_number(&reader, 4);
        return opcode != 0xe9;
    case 0x0f:
        second = reader_next(&reader);
        if (second >= 0x80 && second <= 0x8f)
            *target = address + length + (uint64_t)reader_number(&reader, 4);
        return second != 0x0b;
    case 0xff: /* jmp to what a register or memory says */
        second = reader_next(&reader) >> 3 & 7;
        return second != 4 && second != 5;
    case 0xc2:
    case 0xc3:
    case 0xca:
    case 0xcb:
    case 0xcc:
    case 0xcf:
        return false;
    default:
        return true;
    }
}

uint64_t flow_find_unbound(struct vcpu *vcpu, uint64_t address, flow_check check)
{
    uint64_t page = address & ~(PAGE_SIZE - 1ul);

    memset(seen, 0, sizeof(seen));
    count = 0;
    wait(page, address);
    while (count) {
        uint64_t at = page + waiting[--count], target;
        uint8_t bytes[INSTRUCTION_MAX];
        size_t size = code_read(vcpu, at, bytes, sizeof(bytes));
        unsigned length = check(vcpu, at, bytes, size);

        if (!length)
            return at;
        if (goes_on(bytes, length < size ? length : (unsigned)size, at, &target))
            wait(page, at + length);
        if (target)
            wait(page, target);
    }
    return 0;
}
