/* SPDX-License-Identifier: BSD-2-Clause */
/* The guest's memory, physical and virtual. */
#ifndef WEDGE_MEMORY_H
#define WEDGE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wedge/layout.h"

struct vcpu;

#define PAGE_SIZE  4096u
#define PAGE_SHIFT 12

/* Flags of table entries (AMD64 manual 2, 5.3). */
#define PTE_PRESENT  0x001ul
#define PTE_WRITABLE 0x002ul
#define PTE_USER     0x004ul
#define PTE_UNCACHED 0x018ul /* PCD, PWT */
#define PTE_ACCESSED 0x020ul
#define PTE_DIRTY    0x040ul
#define PTE_LARGE    0x080ul
#define PTE_GLOBAL   0x100ul
#define PTE_NX       0x8000000000000000ul
#define PTE_ADDRESS  0x000ffffffffff000ul

/* Why an access is made, and what a page fault's error code says of it. */
#define ACCESS_PRESENT  1u
#define ACCESS_WRITE    2u
#define ACCESS_USER     4u
#define ACCESS_RESERVED 8u
#define ACCESS_FETCH    16u

/* Where guest-physical memory is seen by us. */
static inline void *physical(uint64_t address)
{
    return (void *)(WEDGE_PHYSICAL + address);
}

/* mmu/walk.c: looks an address up in the guest's own tables, as they are now. Gives 0 and the
 * physical address, or the error code of the page fault | ACCESS_FAULT. */
#define ACCESS_FAULT 0x10000u
/* Whether bits are set in a present entry that must not be. */
bool guest_entry_reserved(const struct vcpu *vcpu, uint64_t entry, int level);
uint32_t guest_walk(const struct vcpu *vcpu, uint64_t address, uint32_t access, uint64_t *where);

/* A table of the kernel's half has changed, or what its entries mean. */
void guest_walk_forget(void);

/* The entry that maps an address, of whatever level; NULL when none does. */
uint64_t *guest_leaf(const struct vcpu *vcpu, uint64_t address);

/* Copies from and to the guest's address space with the privilege of its kernel, or of user mode
 * with ACCESS_USER; writes reach the shadow tables. Gives 0, or a page fault's error code |
 * ACCESS_FAULT, with its address in *fault. */
uint32_t guest_read(const struct vcpu *vcpu, uint64_t address, void *to, size_t size,
                    uint32_t access, uint64_t *fault);
uint32_t guest_write(struct vcpu *vcpu, uint64_t address, const void *from, size_t size,
                     uint32_t access, uint64_t *fault);

/* The bytes at the vcpu's instruction pointer, INSTRUCTION_MAX of them, zero where none can be
 * fetched: a page may end there. Gives how many can. */
size_t guest_fetch(const struct vcpu *vcpu, uint8_t *bytes);

/* mmu/shadow.c: the tables that the place reads, kept like the guest's. */
void shadow_init(void);
void shadow_load(struct vcpu *vcpu); /* CR3, or CR0.PG, or the like has changed */
void shadow_written(uint64_t physical_address, size_t size); /* guest memory has changed */
bool shadow_is_table(uint64_t page);
/* Lets the next instruction write to a table, and takes over what it wrote. */
bool shadow_open(uint64_t page);
void shadow_close(void);
/* Brings the entries for an address up to date; gives whether anything changed. */
bool shadow_refresh(struct vcpu *vcpu, uint64_t address);
/* The same after the guest's entry was marked as used, or written through; the guest's tables allow
 * it. */
bool shadow_use(struct vcpu *vcpu, uint64_t address, bool write);
/* Whether the kernel's stack may have lost its place in user mode's half since this was asked last:
 * another address space, or memory that was short. */
bool shadow_stack_doubted(void);

/* mmu/store.c: carries out the instruction at the vcpu's instruction pointer, which writes to a
 * page that is a table. Gives false when it is none that we know. */
bool store_emulate(struct vcpu *vcpu);

#endif
