/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A stand-in for the wedge: what `afterburner link` asks of one, and nothing that runs. It has
 * names that guests have, too, and sensitive instructions that nobody annotates. Built as the real
 * one is: gcc -ffreestanding -fno-pic -mcmodel=kernel -T wedge/wedge.lds. */
#include "afterburn/image.h"

#ifndef TEST_MAGIC
#define TEST_MAGIC WEDGE_IMAGE_MAGIC
#endif
#ifndef TEST_VERSION
#define TEST_VERSION WEDGE_IMAGE_VERSION
#endif
#ifndef TEST_HYPERCALL_PAGE
#define TEST_HYPERCALL_PAGE "wedge_xen_hypercall_page"
#endif

#ifndef TEST_MEMORY
#define TEST_MEMORY 100
#endif

#define PAGE 4096

#ifdef TEST_ALIAS /* the header's symbol names something else */
__asm__(".globl wedge_image\n.set wedge_image, memory");
#endif

__attribute__((section(".wedge.image"), used)) const struct wedge_image wedge_image = {
    .magic = TEST_MAGIC,
    .version = TEST_VERSION,
    .size = sizeof(struct wedge_image),
};

__attribute__((section(".data.vcpu"), aligned(PAGE))) unsigned char vcpu_page[PAGE] = {1};

unsigned char memory[TEST_MEMORY]; /* .bss, which must be loaded from the file all the same */
unsigned long wedge_stub_rsp;
unsigned long wedge_stub_space[64];

__asm__(".globl wedge_stub_stack\n"
        ".set wedge_stub_stack, wedge_stub_space + 512\n");

__asm__(".pushsection .text.page_aligned,\"ax\"\n"
        ".balign 4096\n"
        ".globl " TEST_HYPERCALL_PAGE "\n" TEST_HYPERCALL_PAGE ": .fill 4096, 1, 0xcc\n"
        ".popsection\n");

void wedge_stub_entry(void)
{
    __asm__ volatile("cli; hlt");
}

void wedge_multiboot_start(void)
{
    wedge_stub_entry();
}

void wedge_xen_start(void)
{
    __asm__ volatile("cpuid; mov %%rax, %%cr3" ::: "rax", "rbx", "rcx", "rdx");
    for (;;)
        wedge_stub_entry();
}

void *memcpy(void *to, const void *from, unsigned long size)
{
    for (unsigned long i = 0; i < size; i++)
        ((volatile unsigned char *)to)[i] = ((const volatile unsigned char *)from)[i];
    return to;
}
