/* SPDX-License-Identifier: BSD-2-Clause */
/* The GDT and the TSS. */
#include "guest.h"

uint64_t gdt[GDT_ENTRIES] = {
    0,
    0x00af9b000000ffff, /* KERNEL_CS */
    0x00cf93000000ffff, /* KERNEL_SS */
    0x00cffb000000ffff, /* USER_CS32 */
    0x00cff3000000ffff, /* USER_SS */
    0x00affb000000ffff, /* USER_CS */
    0x00cf9b000000ffff, /* KERNEL_CS32 */
};

struct tss tss = {.io_map = sizeof(struct tss)};

void descriptor_system(uint64_t *entry, uint64_t base, uint32_t limit, unsigned type)
{
    entry[0] = (limit & 0xffff) | (base & 0xffffff) << 16 | (0x80ul | type) << 40 |
               (uint64_t)(limit >> 16 & 0xf) << 48 | (base >> 24 & 0xff) << 56;
    entry[1] = base >> 32;
}

void gdt_load(void)
{
    struct table_pointer pointer = {sizeof(gdt) - 1, (uint64_t)gdt};

    tss.rsp[0] = (uint64_t)trap_stack_top;
    descriptor_system(&gdt[TSS_SELECTOR / 8], (uint64_t)&tss, sizeof(tss) - 1, 9);
    asm volatile("lgdt %0" ::"m"(pointer));
    asm volatile(
        "pushq %0\n    leaq 1f(%%rip), %%rax\n    pushq %%rax\n    lretq\n1:  movl %1, %%ss" ::"i"(
            KERNEL_CS),
        "r"(KERNEL_SS)
        : "rax", "memory");
    asm volatile("lldt %w0" ::"r"(0)); /* not null after reset */
    asm volatile("ltr %w0" ::"r"(TSS_SELECTOR));
}
