/* SPDX-License-Identifier: BSD-2-Clause */
/* The guest's own tables, read as the processor would (AMD64 manual 2, 5.3), and its memory through
 * them. */
#include "wedge/backend.h"
#include "wedge/memory.h"
#include "wedge/operands.h"
#include "wedge/reader.h"
#include "wedge/string.h"
#include "wedge/vcpu.h"

#define LEVELS 4

static bool in_memory(uint64_t address)
{
    return address >> PAGE_SHIFT < backend->own_pages_start;
}

/* The bits of an address that the processor does not have (CPUID 0x80000008). */
static uint64_t absent_bits(void)
{
    static uint64_t absent;
    uint32_t a = 0x80000008, b, c = 0, d;

    if (!absent) {
        asm volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
        absent = PTE_ADDRESS & ~((1ul << (a & 0xff)) - 1);
    }
    return absent;
}

bool guest_entry_reserved(const struct vcpu *vcpu, uint64_t entry, int level)
{
    uint64_t reserved = absent_bits();

    if (!(vcpu->efer & EFER_NXE))
        reserved |= PTE_NX;
    if (entry & PTE_LARGE && level > 1)
        reserved |= level > 2 /* pages of 1 GB are not offered by CPUID, either */
                        ? PTE_LARGE
                        : ((1ul << (PAGE_SHIFT + 9 * (level - 1))) - 1) & ~0x1ffful;
    return entry & reserved;
}

/* Pages of the kernel's half that were found: their tables are all watched, so what is here is true
 * until guest_walk_forget says otherwise. */
#define KEPT 64

static struct kept {
    uint64_t page; /* of the address; 0, which is not in that half: none */
    uint64_t where, *leaf;
    bool writable, user, executable;
} kept[KEPT];

void guest_walk_forget(void)
{
    for (unsigned i = 0; i < KEPT; i++)
        kept[i].page = 0;
}

static bool may(const struct vcpu *vcpu, const struct kept *found, uint32_t access)
{
    return !((access & ACCESS_USER && !found->user) ||
             (access & ACCESS_FETCH && !found->executable) ||
             (access & ACCESS_WRITE && !found->writable &&
              (access & ACCESS_USER || vcpu->cr0 & CR0_WP)));
}

/* Looks a page up in the tables. Gives 0, or the flags of an error code that come from there. */
static uint32_t find(const struct vcpu *vcpu, uint64_t address, struct kept *found)
{
    uint64_t table = vcpu->cr3 & PTE_ADDRESS, entry = 0, mask = 0;

    *found = (struct kept){
        .page = address >> PAGE_SHIFT, .writable = true, .user = true, .executable = true};
    for (int level = LEVELS; level; level--) {
        unsigned shift = PAGE_SHIFT + 9 * (unsigned)(level - 1);

        if (!in_memory(table))
            return ACCESS_FAULT;
        found->leaf = (uint64_t *)physical(table) + (address >> shift & 511);
        entry = *found->leaf;
        if (!(entry & PTE_PRESENT))
            return ACCESS_FAULT;
        if (guest_entry_reserved(vcpu, entry, level))
            return ACCESS_FAULT | ACCESS_PRESENT | ACCESS_RESERVED;
        found->writable = found->writable && entry & PTE_WRITABLE;
        found->user = found->user && entry & PTE_USER;
        found->executable = found->executable && !(entry & PTE_NX && vcpu->efer & EFER_NXE);
        table = entry & PTE_ADDRESS;
        mask = (1ul << shift) - 1;
        if (level == 1 || (level < LEVELS && entry & PTE_LARGE))
            break;
    }
    found->where = (entry & PTE_ADDRESS & ~mask) | (address & mask & ~(PAGE_SIZE - 1ul));
    return 0;
}

/* The same as guest_walk; gives the entry that maps the address, too, NULL without paging. */
static uint32_t walk(const struct vcpu *vcpu, uint64_t address, uint32_t access, uint64_t *where,
                     uint64_t **leaf)
{
    uint32_t code = ACCESS_FAULT | (access & (ACCESS_WRITE | ACCESS_USER)) |
                    (access & ACCESS_FETCH && vcpu->efer & EFER_NXE ? ACCESS_FETCH : 0);
    struct kept *place = &kept[address >> PAGE_SHIFT & (KEPT - 1)], found;

    *leaf = NULL;
    if (!(vcpu->cr0 & CR0_PG)) {
        *where = address;
        return in_memory(address) ? 0 : code;
    }
    if (!address_canonical(address))
        return code;
    if (address >> 63 && place->page == address >> PAGE_SHIFT) {
        found = *place;
    } else {
        uint32_t wrong = find(vcpu, address, &found);

        if (wrong)
            return code | wrong;
        if (address >> 63)
            *place = found;
    }
    if (!may(vcpu, &found, access))
        return code | ACCESS_PRESENT;
    *leaf = found.leaf;
    *where = found.where | address % PAGE_SIZE;
    return 0;
}

uint32_t guest_walk(const struct vcpu *vcpu, uint64_t address, uint32_t access, uint64_t *where)
{
    uint64_t *leaf;

    return walk(vcpu, address, access, where, &leaf);
}

uint64_t *guest_leaf(const struct vcpu *vcpu, uint64_t address)
{
    uint64_t *leaf, where;

    return walk(vcpu, address, 0, &where, &leaf) ? NULL : leaf;
}

/* Goes through [address, address + size) page by page. */
static uint32_t copy(const struct vcpu *vcpu, uint64_t address, void *ours, size_t size,
                     uint32_t access, uint64_t *fault)
{
    uint8_t *at = ours;

    while (size) {
        size_t part = PAGE_SIZE - (address & (PAGE_SIZE - 1));
        uint64_t where, *leaf;
        uint32_t code = walk(vcpu, address, access, &where, &leaf);

        if (!code && !in_memory(where))
            code = ACCESS_FAULT | (access & (ACCESS_WRITE | ACCESS_USER));
        if (code) {
            *fault = address;
            return code;
        }
        if (part > size)
            part = size;
        if (access & ACCESS_WRITE) {
            if (leaf) /* what we write for the guest it has written */
                *leaf |= PTE_ACCESSED | PTE_DIRTY;
            memcpy(physical(where), at, part);
            if (shadow_is_table(where >> PAGE_SHIFT))
                shadow_written(where, part);
        } else {
            memcpy(at, physical(where), part);
        }
        address += part;
        at += part;
        size -= part;
    }
    return 0;
}

uint32_t guest_read(const struct vcpu *vcpu, uint64_t address, void *to, size_t size,
                    uint32_t access, uint64_t *fault)
{
    return copy(vcpu, address, to, size, access & ~ACCESS_WRITE, fault);
}

/* All of it can be written, or nothing is. */
uint32_t guest_write(struct vcpu *vcpu, uint64_t address, const void *from, size_t size,
                     uint32_t access, uint64_t *fault)
{
    uint64_t last = address + size - 1, where;
    uint32_t code = 0;

    if (size && (address ^ last) >> PAGE_SHIFT) {
        *fault = last & ~(uint64_t)(PAGE_SIZE - 1);
        code = guest_walk(vcpu, *fault, access | ACCESS_WRITE, &where);
    }
    return code ? code : copy(vcpu, address, (void *)from, size, access | ACCESS_WRITE, fault);
}

size_t guest_fetch(const struct vcpu *vcpu, uint8_t *bytes)
{
    uint32_t access = access_of(vcpu) | ACCESS_FETCH;
    size_t first = PAGE_SIZE - vcpu->rip % PAGE_SIZE;
    uint64_t where;

    memset(bytes, 0, INSTRUCTION_MAX);
    if (first > INSTRUCTION_MAX)
        first = INSTRUCTION_MAX;
    if (guest_read(vcpu, vcpu->rip, bytes, first, access, &where))
        return 0;
    return first < INSTRUCTION_MAX && guest_read(vcpu, vcpu->rip + first, bytes + first,
                                                 INSTRUCTION_MAX - first, access, &where)
               ? first
               : INSTRUCTION_MAX;
}
