/* SPDX-License-Identifier: BSD-2-Clause */
/* From a boot loader that knows no guest's own protocol, such as GRUB, to the guest on bare hardware. `afterburner link` puts a
 * Multiboot2 header into the image that leads here; we translate what the loader tells into the start information of the PVH
 * protocol and enter the guest by that. No site is bound, and nothing of the wedge is used afterwards.
 *
 * Sources: Multiboot2 Specification 2.0, 3.3 (machine state) and 3.6 (boot information); Xen's public header
 * arch-x86/hvm/start_info.h and docs/misc/pvh.pandoc.
 *
 * 32-bit code with paging off, at a physical address that is not the one we are linked for: every address is a distance from a
 * place in the code, which %ebp holds. %ebx: boot information; %edi: start information; %esi: the current tag. */

#include "wedge/layout.h"

/* Multiboot2 */
#define LOADER_MAGIC        0x36d76289
#define INFORMATION_HEADER  8
#define TAG_TYPE            0
#define TAG_SIZE            4
#define TAG_CONTENTS        8
#define TAG_ALIGNMENT       8
#define TAG_END             0
#define TAG_COMMAND_LINE    1
#define TAG_MODULE          3   /* start, end, command line */
#define TAG_MEMORY_MAP      6   /* size of an entry, version, entries */
#define TAG_ACPI_OLD        14  /* a copy of the RSDP */
#define TAG_ACPI_NEW        15

/* PVH: struct hvm_start_info, and an entry of its list of modules */
#define START_MAGIC         0x336ec578
#define START_VERSION       1
#define START_MODULE_COUNT  12
#define START_MODULES       16
#define START_COMMAND_LINE  24
#define START_RSDP          32
#define START_MAP           40
#define START_MAP_COUNT     48
#define START_SIZE          56
#define MODULE_START        0
#define MODULE_LENGTH       8
#define MODULE_COMMAND_LINE 16
#define MODULE_SIZE         32

#define MODULE_MAX          16
#define MAP_ENTRY_SIZE      24  /* the same layout, and the same types, in both protocols */

#define CR0_PE_ET           0x11
#define COM1                0x3f8
#define COM_LINE_STATUS     5
#define COM_CAN_SEND        0x20
#define SCREEN              0xb8000
#define SCREEN_ATTRIBUTE    0x4f00

    .text
    .code32
    .globl wedge_multiboot_start
    .type wedge_multiboot_start, @function
wedge_multiboot_start:
    cli
    cld
    /* The loader gives no stack. The second word of its information is reserved: enough for the one address
     * that is ever pushed. */
    leal INFORMATION_HEADER(%ebx), %esp
    call here
here:
    popl %ebp
    leal not_multiboot - here(%ebp), %edx
    cmpl $LOADER_MAGIC, %eax
    jne stop
    leal start_information - here(%ebp), %edi
    leal INFORMATION_HEADER(%ebx), %esi

each_tag:
    movl TAG_TYPE(%esi), %eax
    cmpl $TAG_END, %eax
    je enter
    cmpl $TAG_COMMAND_LINE, %eax
    je command_line
    cmpl $TAG_MODULE, %eax
    je module
    cmpl $TAG_MEMORY_MAP, %eax
    je memory_map
    cmpl $TAG_ACPI_OLD, %eax
    je rsdp_old
    cmpl $TAG_ACPI_NEW, %eax
    je rsdp
next_tag:
    movl TAG_SIZE(%esi), %eax
    addl $TAG_ALIGNMENT - 1, %eax
    andl $-TAG_ALIGNMENT, %eax
    addl %eax, %esi
    jmp each_tag

command_line:
    leal TAG_CONTENTS(%esi), %eax
    movl %eax, START_COMMAND_LINE(%edi)
    jmp next_tag

module:
    leal too_many_modules - here(%ebp), %edx
    movl START_MODULE_COUNT(%edi), %ecx
    cmpl $MODULE_MAX, %ecx
    jae stop
    incl START_MODULE_COUNT(%edi)
    imull $MODULE_SIZE, %ecx, %ecx
    leal START_SIZE(%edi, %ecx), %ecx
    movl TAG_CONTENTS(%esi), %eax
    movl %eax, MODULE_START(%ecx)
    movl TAG_CONTENTS + 4(%esi), %edx
    subl %eax, %edx
    movl %edx, MODULE_LENGTH(%ecx)
    leal TAG_CONTENTS + 8(%esi), %eax
    movl %eax, MODULE_COMMAND_LINE(%ecx)
    leal START_SIZE(%edi), %eax
    movl %eax, START_MODULES(%edi)
    jmp next_tag

memory_map:
    leal unknown_map - here(%ebp), %edx
    movl $MAP_ENTRY_SIZE, %ecx
    cmpl %ecx, TAG_CONTENTS(%esi)
    jne stop
    movl TAG_SIZE(%esi), %eax
    subl $TAG_CONTENTS + 8, %eax
    xorl %edx, %edx
    divl %ecx
    movl %eax, START_MAP_COUNT(%edi)
    leal TAG_CONTENTS + 8(%esi), %eax
    movl %eax, START_MAP(%edi)
    jmp next_tag

rsdp_old:                           /* the new one, if there are both */
    cmpl $0, START_RSDP(%edi)
    jne next_tag
rsdp:
    leal TAG_CONTENTS(%esi), %eax
    movl %eax, START_RSDP(%edi)
    jmp next_tag

enter:
    leal no_map - here(%ebp), %edx
    cmpl $0, START_MAP_COUNT(%edi)
    je stop
    movl $CR0_PE_ET, %eax
    movl %eax, %cr0
    xorl %eax, %eax
    movl %eax, %cr4
    movl %edi, %ebx
    jmp *wedge_image + WEDGE_IMAGE_PVH_ENTRY - here(%ebp)
    .size wedge_multiboot_start, . - wedge_multiboot_start

/* The text at %edx goes to the first serial port and to the screen; this is the end. */
    .type stop, @function
stop:
    movl %edx, %esi
    movl $SCREEN, %edi
each_character:
    lodsb
    testb %al, %al
    je halt
    movl %eax, %ecx
    movw $COM1 + COM_LINE_STATUS, %dx
    movl $0x10000, %ebx             /* where there is no port, nothing ever can be sent */
wait_for_port:
    inb %dx, %al
    testb $COM_CAN_SEND, %al
    jne send
    decl %ebx
    jne wait_for_port
send:
    movl %ecx, %eax
    movw $COM1, %dx
    outb %al, %dx
    movb $SCREEN_ATTRIBUTE >> 8, %ah
    stosw
    jmp each_character
halt:
    cli
    hlt
    jmp halt
    .size stop, . - stop

    .section .rodata
not_multiboot:
    .asciz "wedge: stopped: this entry is for Multiboot2 loaders (GRUB: multiboot2)\r\n"
too_many_modules:
    .asciz "wedge: stopped: the loader brings more than 16 modules\r\n"
unknown_map:
    .asciz "wedge: stopped: the loader's memory map has entries of an unknown size\r\n"
no_map:
    .asciz "wedge: stopped: the loader gives no memory map\r\n"

    .data
    .balign 8
start_information:
    .long START_MAGIC, START_VERSION
    .fill START_SIZE - 8, 1, 0
    .fill MODULE_MAX * MODULE_SIZE, 1, 0
    .section .note.GNU-stack, "", @progbits
