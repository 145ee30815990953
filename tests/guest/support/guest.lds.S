/* SPDX-License-Identifier: BSD-2-Clause */
/* The image: the kernel at its load address + KERNEL_BASE; user code, which is linked at USER_TEXT and loaded behind it. */
#include "layout.h"

OUTPUT_FORMAT(elf64-x86-64)
OUTPUT_ARCH(i386:x86-64)
ENTRY(pvh_start)

PHDRS
{
    user PT_LOAD FLAGS(5);
    user_data PT_LOAD FLAGS(6);
    text PT_LOAD FLAGS(5);
    rodata PT_LOAD FLAGS(4);
    data PT_LOAD FLAGS(6);
    note PT_NOTE FLAGS(4);
}

SECTIONS
{
    . = USER_TEXT;
    user_start = .;
    .user.text : AT(user_image - KERNEL_BASE) {
        QUAD(0)
        *(.user.text)
    } :user
    . = ALIGN(PAGE_SIZE);
    .user.data : AT(user_image - KERNEL_BASE + (ADDR(.user.data) - user_start)) {
        QUAD(0)
        *(.user.data)
        . = ALIGN(PAGE_SIZE);
    } :user_data
    user_end = .;

    . = KERNEL_BASE + KERNEL_PHYSICAL;
    .text : AT(ADDR(.text) - KERNEL_BASE) {
        *(.text.boot)
        *(.text .text.*)
    } :text
    . = ALIGN(PAGE_SIZE);
    .rodata : AT(ADDR(.rodata) - KERNEL_BASE) {
        *(.rodata .rodata.*)
        . = ALIGN(4);
        fixups_start = .;
        *(.fixups)
        fixups_end = .;
    } :rodata
    .afterburn : AT(ADDR(.afterburn) - KERNEL_BASE) {
        KEEP(*(.afterburn))
    } :rodata
    .note.Xen : AT(ADDR(.note.Xen) - KERNEL_BASE) {
        KEEP(*(.note.Xen))
    } :rodata :note
    .note.gnu.build-id : AT(ADDR(.note.gnu.build-id) - KERNEL_BASE) {
        *(.note.gnu.build-id)
    } :rodata :note
    . = ALIGN(PAGE_SIZE);
    .data : AT(ADDR(.data) - KERNEL_BASE) {
        *(.data.page_aligned)
        *(.data .data.*)
    } :data
    .bss : AT(ADDR(.bss) - KERNEL_BASE) {
        *(.bss .bss.* COMMON)
    } :data
    . = ALIGN(PAGE_SIZE);
    user_image = .;

    /DISCARD/ : {
        *(.comment .eh_frame .note.gnu.property .note.GNU-stack)
    }
}
