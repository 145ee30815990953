/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: drivers map the memory of their devices, by small and by large pages.
 * Expected: what QEMU's educational device has in its memory, and what it computes; the same by a
 * large page; once they are not mapped any more they are gone. (The file `options`
 * adds the device; its registers: QEMU's docs/specs/edu.txt.) */
#include "guest.h"

#define CONFIG_ADDRESS 0xcf8
#define CONFIG_DATA    0xcfc
#define EDU            0x11e81234
#define PTE_UNCACHED   0x18ul

static uint32_t config(unsigned device, unsigned number)
{
    uint32_t value;

    asm volatile("outl %0, %w1" ::"a"(0x80000000 | device << 11 | number), "d"(CONFIG_ADDRESS));
    asm volatile("inl %w1, %0" : "=a"(value) : "d"(CONFIG_DATA));
    return value;
}

static void try(const char *name, volatile uint32_t *edu)
{
    print("%s: 0x%x, ", name, edu[0]);
    edu[1] = 0x12345678;
    print("0x%x, ", edu[1]);
    edu[2] = 7;
    while (edu[8] & 1)
        ;
    print("7! is %u\n", edu[2]);
}

void test(void)
{
    uint64_t base = 0, large = WINDOW + LARGE_PAGE_SIZE;

    for (unsigned device = 0; device < 32 && !base; device++)
        if (config(device, 0) == EDU)
            base = config(device, 0x10) & ~0xful;
    check("the device is there", base != 0);
    for (unsigned i = 0; i < 2; i++)
        map(WINDOW + i * PAGE_SIZE, base + i * PAGE_SIZE, PTE_P | PTE_W | PTE_UNCACHED | PTE_NX);
    try("by a small page", (volatile uint32_t *)WINDOW);
    unmap(WINDOW);
    TRY("movl (%0), %%eax", ::"r"(WINDOW) : "rax", "memory");
    outcome("unmapped");
    map(WINDOW, page_new(), PTE_P | PTE_W);
    read_at("memory in its place", WINDOW);

    *entry_in(kernel_root, large, 2) =
        (base & ~(LARGE_PAGE_SIZE - 1ul)) | PTE_P | PTE_W | PTE_PS | PTE_UNCACHED | PTE_NX;
    try("by a large page", (volatile uint32_t *)(large + (base & (LARGE_PAGE_SIZE - 1ul))));
    *entry_in(kernel_root, large, 2) = 0;
    invlpg(large);
    TRY("movl (%0), %%eax", ::"r"(large) : "rax", "memory");
    check("unmapped again", fault.frame.vector == 14);
}
