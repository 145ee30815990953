/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From the PVH entry point (32-bit protected mode, flat segments, no paging) to 64-bit C.
 * Source: Xen's docs/misc/pvh.pandoc. QEMU's -kernel takes any ELF file with this note. */
#include "../sweep-abi.h"

#define XEN_ELFNOTE_PHYS32_ENTRY 18

        .section .note.Xen, "a", @note
        .balign 4
        .long   4, 8, XEN_ELFNOTE_PHYS32_ENTRY
        .asciz  "Xen"
        .quad   pvh_entry

        .text
        .code32
        .globl  pvh_entry
pvh_entry:
        cli
        mov     $boot_stack_end, %esp
        mov     $page_map_level_4, %eax
        mov     %eax, %cr3
        mov     $0x20, %eax             /* PAE */
        mov     %eax, %cr4
        mov     $0xc0000080, %ecx       /* EFER.LME, NXE stays 0 */
        rdmsr
        or      $0x100, %eax
        wrmsr
        mov     $0x80010033, %eax       /* PG, WP, NE, ET, MP, PE */
        mov     %eax, %cr0
        lgdt    boot_gdtr
        ljmp    $8, $long_mode

        .code64
long_mode:
        mov     $0x10, %eax
        mov     %eax, %ss
        mov     %eax, %ds
        mov     %eax, %es
        call    guest_main
1:      hlt
        jmp     1b

        .section .rodata
        .balign 8
boot_gdt:
        .quad   0
        .quad   0x00af9b000000ffff      /* ring-0 64-bit code */
        .quad   0x00cf93000000ffff      /* ring-0 data */
boot_gdtr:
        .word   . - boot_gdt - 1
        .long   boot_gdt

/* Present, writable; user only where ring 3 has to get at it. The upper levels let the page's own bit decide. */
#define PAGE_KERNEL 0x003
#define PAGE_USER   0x007
#define PAGE_LARGE  0x080
#define PAGE_DEVICE 0x018

        .data
        .balign 4096
page_map_level_4:
        .quad   directory_pointers + PAGE_USER
        .fill   511, 8, 0
directory_pointers:
        .quad   directory_low + PAGE_USER
        .quad   0, 0
        .quad   directory_high + PAGE_KERNEL
        .fill   508, 8, 0
directory_low:
        .quad   table_low + PAGE_USER
        .set    address, 0x200000
        .rept   SWEEP_RAM_SIZE / 0x200000 - 1
        .quad   address + PAGE_KERNEL + PAGE_LARGE
        .set    address, address + 0x200000
        .endr
        .fill   512 - SWEEP_RAM_SIZE / 0x200000, 8, 0
directory_high:                         /* the local APIC */
        .fill   503, 8, 0
        .quad   0xfee00000 + PAGE_KERNEL + PAGE_LARGE + PAGE_DEVICE
        .fill   8, 8, 0
table_low:                              /* the three pages of a case, and this image from 1 MB on */
        .set    address, 0
        .rept   512
        .if     address == SWEEP_CODE_PAGE || address == SWEEP_MEMORY_PAGE || address == SWEEP_STACK_PAGE
        .quad   address + PAGE_USER
        .elseif address >= 0x100000
        .quad   address + PAGE_KERNEL
        .else
        .quad   0
        .endif
        .set    address, address + SWEEP_PAGE_SIZE
        .endr

        .bss
        .balign 16
        .fill   16384
boot_stack_end:
