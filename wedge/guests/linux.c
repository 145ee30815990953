/* SPDX-License-Identifier: BSD-2-Clause */
/* The 64-bit boot protocol of Linux (Documentation/x86/boot.rst, "64-bit BOOT PROTOCOL";
 * zero-page.rst): long mode, identity-mapped memory, interrupts off, __BOOT_CS 0x10 and __BOOT_DS
 * 0x18, RSI with the address of struct boot_params.
 */
#include "wedge/bind.h"
#include "wedge/boot.h"
#include "wedge/memory.h"
#include "wedge/string.h"
#include "wedge/vcpu.h"

#define PARAMETERS   0x90000 /* boot_params, a page */
#define COMMAND_LINE 0x91000
#define DESCRIPTORS  0x92000
#define TABLES       0x93000 /* level 4, level 3, and four of level 2 */

/* Offsets in boot_params. */
#define E820_ENTRIES   0x1e8
#define SETUP_SECTS    0x1f1
#define BOOT_FLAG      0x1fe
#define HEADER         0x202
#define VERSION        0x206
#define LOADER_TYPE    0x210
#define LOAD_FLAGS     0x211
#define RAMDISK_IMAGE  0x218
#define RAMDISK_SIZE   0x21c
#define COMMAND_LINE_P 0x228
#define KERNEL_ALIGN   0x230
#define E820_TABLE     0x2d0

#define BOOT_CS 0x10
#define BOOT_DS 0x18

static void put(uint64_t offset, uint64_t value, unsigned size)
{
    memcpy(physical(PARAMETERS + offset), &value, size);
}

static void write_parameters(const struct boot_parameters *parameters)
{
    struct memory_range ranges[MEMORY_MAP_MAX];
    unsigned count = memory_map(ranges);

    memset(physical(PARAMETERS), 0, PAGE_SIZE);
    put(SETUP_SECTS, 4, 1);
    put(BOOT_FLAG, 0xaa55, 2);
    put(HEADER, 0x53726448, 4); /* "HdrS" */
    put(VERSION, 0x20f, 2);
    put(LOADER_TYPE, 0xff, 1);
    put(LOAD_FLAGS, 1, 1);
    put(KERNEL_ALIGN, 0x200000, 4);
    put(RAMDISK_IMAGE, parameters->initrd_start, 4);
    put(RAMDISK_SIZE, parameters->initrd_size, 4);
    put(COMMAND_LINE_P, COMMAND_LINE, 4);
    for (unsigned i = 0; i < count; i++) {
        put(E820_TABLE + 20ul * i, ranges[i].start, 8);
        put(E820_TABLE + 20ul * i + 8, ranges[i].size, 8);
        put(E820_TABLE + 20ul * i + 16, ranges[i].type, 4);
    }
    put(E820_ENTRIES, count, 1);
    memcpy(physical(COMMAND_LINE), parameters->command_line, strlen(parameters->command_line) + 1);
}

/* The first 4 GB where they are, by pages of 2 MB. */
static void write_tables(void)
{
    uint64_t *table = physical(TABLES);

    memset(table, 0, 6 * PAGE_SIZE);
    table[0] = (TABLES + PAGE_SIZE) | PTE_PRESENT | PTE_WRITABLE;
    for (unsigned i = 0; i < 4; i++) {
        table[512 + i] = (TABLES + (2ul + i) * PAGE_SIZE) | PTE_PRESENT | PTE_WRITABLE;
        for (unsigned k = 0; k < 512; k++)
            table[512 * (2 + i) + k] =
                (uint64_t)i << 30 | (uint64_t)k << 21 | PTE_PRESENT | PTE_WRITABLE | PTE_LARGE;
    }
}

static void write_descriptors(void)
{
    uint64_t *table = physical(DESCRIPTORS);

    table[0] = table[1] = 0;
    table[BOOT_CS / 8] = 0x00af9b000000ffff;
    table[BOOT_DS / 8] = 0x00cf93000000ffff;
}

void linux_start(struct vcpu *vcpu, const struct boot_parameters *parameters)
{
    write_parameters(parameters);
    write_tables();
    write_descriptors();
    vcpu->cr0 = CR0_PE | CR0_ET | CR0_PG;
    vcpu->cr3 = TABLES;
    vcpu->cr4 = CR4_PAE;
    vcpu->efer = EFER_LME | EFER_LMA;
    vcpu->bits = 64;
    vcpu->rflags = RFLAGS_FIXED;
    vcpu->gdt = (struct table_register){.base = DESCRIPTORS, .limit = 4 * 8 - 1};
    vcpu->selectors[SEGMENT_CS] = BOOT_CS;
    for (unsigned i = 0; i < 6; i++)
        if (i != SEGMENT_CS)
            vcpu->selectors[i] = BOOT_DS;
    vcpu->rip = wedge_image.guest_entry;
    vcpu->gpr[GPR_RSI] = PARAMETERS;
    vcpu->gpr[GPR_RSP] = PARAMETERS;
}
