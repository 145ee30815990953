/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Chapter 16: does the processor do as it is told?
 *
 * 16.1 A kernel believes what it has loaded. Read back, it must be there, and the instructions
 * that do not trap in user mode must tell what a kernel is told.
 */
#include "kernel.h"

#define INVALID_OPCODE     6
#define BREAKPOINT         3
#define GENERAL_PROTECTION 13
#define PAGE_FAULT         14
#define NO_FAULT           ~0ul

#define PF_WRITE   2
#define PF_PRESENT 1

#define BAD_SELECTOR (GDT_ENTRIES * 8)

void check_registers(void)
{
    struct table_pointer table;
    uint16_t selector;

    asm volatile("sgdt %0" : "=m"(table));
    CHECK(table.limit == GDT_ENTRIES * 8 - 1 && table.base >= KERNEL_BASE);
    asm volatile("sidt %0" : "=m"(table));
    CHECK(table.limit == 256 * GATE_SIZE - 1 && table.base >= KERNEL_BASE);
    asm volatile("str %0" : "=r"(selector));
    CHECK(selector == TSS_SELECTOR);
    asm volatile("movw %%cs, %0" : "=r"(selector));
    CHECK(selector == KERNEL_CS);
    asm volatile("movw %%ss, %0" : "=r"(selector));
    CHECK(selector == KERNEL_SS);

    CHECK((read_cr0() & (CR0_PG | CR0_WP | CR0_PE)) == (CR0_PG | CR0_WP | CR0_PE));
    CHECK(paging_mode_is_on());
}

/* 16.2 Exceptions: each instruction below must raise the right one and be fixed up (8.5). */
static void expect(unsigned long vector, unsigned long error)
{
    CHECK(last_fault.vector == vector && last_fault.error == error);
    last_fault.vector = NO_FAULT;
}

void check_traps(void)
{
    last_fault.vector = NO_FAULT;

    asm volatile("int3" ::: "memory");
    expect(BREAKPOINT, 0);
    asm volatile("1:  ud2\n"
                 "2:\n" FIXUP("1b", "2b")::
                     : "memory");
    expect(INVALID_OPCODE, 0);
    asm volatile("1:  movl %0, %%ds\n"
                 "2:\n" FIXUP("1b", "2b")::"r"(BAD_SELECTOR)
                 : "memory");
    expect(GENERAL_PROTECTION, BAD_SELECTOR);
}

/* Writes a byte, or takes the fault. */
static void try_write(unsigned long address)
{
    asm volatile("1:  movb $1, (%0)\n"
                 "2:\n" FIXUP("1b", "2b")::"r"(address)
                 : "memory");
}

/*
 * 16.3 Paging: the identity map is gone, read-only pages hold against the kernel, and the TLB
 * follows when a page is exchanged for another under the same address.
 */
void check_paging(void)
{
    volatile unsigned long *window = (unsigned long *)KERNEL_WINDOW;
    unsigned long first = page_alloc(), second = page_alloc();

    try_write(KERNEL_PHYS);
    expect(PAGE_FAULT, PF_WRITE);
    try_write((unsigned long)rodata_start);
    expect(PAGE_FAULT, PF_WRITE | PF_PRESENT);
    CHECK(last_fault.address == (unsigned long)rodata_start);

    space_map(kernel_space(), KERNEL_WINDOW, first, PTE_WRITABLE | PTE_NX);
    *window = 1;
    space_map(kernel_space(), KERNEL_WINDOW, second, PTE_WRITABLE | PTE_NX);
    CHECK(*window == 0);
    *window = 2;
    CHECK(*(unsigned long *)phys_to_virt(first) == 1 &&
          *(unsigned long *)phys_to_virt(second) == 2);
    space_map(kernel_space(), KERNEL_WINDOW, second, PTE_NX);
    try_write(KERNEL_WINDOW);
    expect(PAGE_FAULT, PF_WRITE | PF_PRESENT);
    space_unmap(kernel_space(), KERNEL_WINDOW);
    try_write(KERNEL_WINDOW);
    expect(PAGE_FAULT, PF_WRITE);

    page_free(first);
    page_free(second);
}

/*
 * 16.4 The interrupt flag is where pushf shows it and popf puts it, whoever changed it last. Call
 * this when all lines are masked.
 */
void check_interrupt_flag(void)
{
    unsigned long off = read_flags();

    CHECK(!(off & FLAGS_IF));
    sti();
    CHECK(read_flags() & FLAGS_IF);
    write_flags(off);
    CHECK(!(read_flags() & FLAGS_IF));
    write_flags(off | FLAGS_IF);
    CHECK(read_flags() & FLAGS_IF);
    cli();
    CHECK(!(read_flags() & FLAGS_IF));
}

/* 16.5 An exception that no one expects, for the register dump and the panic's exit code. */
void provoke_panic(void)
{
    asm volatile("ud2");
    __builtin_unreachable();
}
