/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The image. The kernel runs at its load address + KERNEL_BASE. The user program runs at
 * USER_TEXT but is loaded behind the kernel's data, from where task.c maps it. Each kind of
 * memory has a segment of its own, so that none need be both writable and executable.
 */
#include "layout.h"

ENTRY(pvh_start)

PHDRS
{
    user_text   PT_LOAD FLAGS(5);
    user_rodata PT_LOAD FLAGS(4);
    text        PT_LOAD FLAGS(5);
    rodata      PT_LOAD FLAGS(4);
    data        PT_LOAD FLAGS(6);
    note        PT_NOTE FLAGS(4);
}

SECTIONS
{
    . = USER_TEXT;
    user_text_start = .;
    .user.text : AT(user_image - KERNEL_BASE) {
        *(.user.text)
    } :user_text
    . = ALIGN(PAGE_SIZE);
    user_text_end = .;

    user_rodata_start = .;
    .user.rodata : AT(user_image - KERNEL_BASE + (user_rodata_start - user_text_start)) {
        *user.o(.rodata .rodata.*)
    } :user_rodata
    . = ALIGN(PAGE_SIZE);
    user_rodata_end = .;

    /* User code has no variables: all memory it writes is mapped by the kernel. */
    .user.data : {
        *user.o(.data .data.* .bss .bss.*)
    }
    ASSERT(SIZEOF(.user.data) == 0, "user.c must not have variables")

    . = KERNEL_BASE + KERNEL_PHYS;
    text_start = .;
    .text : AT(ADDR(.text) - KERNEL_BASE) {
        *(.text.boot)
        *(.text .text.*)
    } :text
    . = ALIGN(PAGE_SIZE);
    text_end = .;

    rodata_start = .;
    .rodata : AT(ADDR(.rodata) - KERNEL_BASE) {
        *(.rodata.stubs)
        *(.rodata .rodata.*)
        . = ALIGN(4);
        fixups_start = .;
        *(.fixups)
        fixups_end = .;
    } :rodata
    /* An annotating assembler adds this section; a plain one does not. */
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
    rodata_end = .;

    data_start = .;
    .data : AT(ADDR(.data) - KERNEL_BASE) {
        *(.data.page_aligned)
        *(.data .data.*)
    } :data
    .bss : AT(ADDR(.bss) - KERNEL_BASE) {
        *(.bss .bss.* COMMON)
    } :data
    . = ALIGN(PAGE_SIZE);
    data_end = .;

    user_image = .;
    image_end = user_image + (user_rodata_end - user_text_start);

    /DISCARD/ : {
        *(.comment .eh_frame .note.gnu.property .note.GNU-stack)
    }
}
