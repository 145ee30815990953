/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: in, out, ins and outs reach devices, of the wedge or of the machine, in three widths, with
 * the port in the instruction or in DX, and with rep they are loops that can fault in the middle.
 * Expected: what was written comes back; narrow reads leave the rest of RAX alone and 32-bit ones
 * clear its upper half; rep counts RCX down, moves RSI or RDI by the width, backwards with DF; a
 * page fault in the middle leaves the registers at the element that faulted, with RIP at the
 * instruction. */
#include "guest.h"

#define SCRATCH 0x3ff /* of the 16550: a byte of memory */

static uint8_t buffer[16];

static void dump(const char *name)
{
    print("%s:", name);
    for (unsigned i = 0; i < sizeof(buffer); i++)
        print(" %02x", buffer[i]);
    print("\n");
}

void test(void)
{
    uint64_t value, count, pointer;
    static const char text[] = "by rep outsb\n", one[] = "by outsb: x\n";

    outb(SCRATCH, 0x5a);
    asm volatile("movq $-1, %%rax; inb %%dx, %%al; movq %%rax, %0"
                 : "=r"(value)
                 : "d"(SCRATCH)
                 : "rax");
    show("inb leaves the rest", value);
    asm volatile("outb %%al, $0x21; movq $-1, %%rax; inb $0x21, %%al; movq %%rax, %0"
                 : "=r"(value)
                 : "a"(0xfb));
    show("with the port in the instruction", value);
    outb(0x21, 0xff);

    /* The CMOS clock's index and data are next to each other: a byte of its memory by one word. */
    asm volatile("outw %%ax, %%dx" ::"a"(0x3c40), "d"(0x70));
    outb(0x70, 0x40);
    show("outw to two byte ports", inb(0x71));
    asm volatile("outb %%al, %%dx" ::"a"(0xa5), "d"(SCRATCH));
    asm volatile("movq $-1, %%rax; inw %%dx, %%ax; movq %%rax, %0"
                 : "=r"(value)
                 : "d"(0x3fe)
                 : "rax");
    show("inw from two byte ports", value & 0xffffffffffffff00);
    asm volatile("outl %%eax, %%dx; movq $-1, %%rax; inl %%dx, %%eax; movq %%rax, %0"
                 : "=&r"(value)
                 : "a"(0x80000104), "d"(0xcf8));
    show("outl and inl", value);
    asm volatile("movq $-1, %%rax; inl $0x21, %%eax; shr $32, %%rax; movq %%rax, %0"
                 : "=r"(value)::"rax");
    show("inl clears the upper half", value);
    asm volatile("movl $0x3f8 + 5, %%edx; xorl %%eax, %%eax; in (%%dx), %%al; shrl $5, %%eax; andl "
                 "$1, %%eax; movq %%rax, %0"
                 : "=r"(value)::"rax", "rdx");
    show("the transmitter is empty", value);

    memset(buffer, 0, sizeof(buffer));
    count = 4, pointer = (uint64_t)buffer;
    asm volatile("rep insb" : "+D"(pointer), "+c"(count) : "d"(SCRATCH) : "memory");
    dump("rep insb");
    show("count", count);
    show("pointer moved", pointer - (uint64_t)buffer);
    asm volatile("insb" : "+D"(pointer) : "d"(SCRATCH) : "memory");
    show("insb moved", pointer - (uint64_t)buffer);
    memset(buffer, 0, sizeof(buffer));
    count = 2, pointer = (uint64_t)buffer + 12;
    asm volatile("std; rep insl; cld" : "+D"(pointer), "+c"(count) : "d"(0xcf8) : "memory");
    dump("rep insl, backwards");
    show("pointer moved back", (uint64_t)buffer + 12 - pointer);
    count = 0, pointer = (uint64_t)buffer;
    asm volatile("rep insb" : "+D"(pointer), "+c"(count) : "d"(SCRATCH) : "memory");
    show("rep insb of none moved", pointer - (uint64_t)buffer);

    count = sizeof(text) - 1, pointer = (uint64_t)text;
    while (count) {
        while (!(inb(0x3fd) & 0x20))
            ;
        value = count > 8 ? 8 : count;
        count -= value;
        asm volatile("rep outsb" : "+S"(pointer), "+c"(value) : "d"(0x3f8) : "memory");
    }
    show("pointer moved", pointer - (uint64_t)text);
    pointer = (uint64_t)one;
    for (unsigned i = 0; i < sizeof(one) - 1; i++) {
        while (!(inb(0x3fd) & 0x20))
            ;
        asm volatile("outsb" : "+S"(pointer) : "d"(0x3f8) : "memory");
    }
    value = 0x80000108;
    pointer = (uint64_t)&value;
    asm volatile("outsl" : "+S"(pointer) : "d"(0xcf8) : "memory");
    asm volatile("inl %%dx, %%eax" : "=a"(value) : "d"(0xcf8));
    show("outsl", value & 0xffffffff);
    value = 0x7741;
    pointer = (uint64_t)&value;
    asm volatile("outsw" : "+S"(pointer) : "d"(0x70) : "memory");
    outb(0x70, 0x41);
    show("outsw", inb(0x71));
    /* With a segment before it: the base is added. */
    msr_write(MSR_GS_BASE, (uint64_t)one);
    pointer = 0;
    value = 0;
    asm volatile("movl $0x3ff, %%edx; outsb %%gs:(%%rsi), %%dx; inb %%dx, %%al"
                 : "+a"(value), "+S"(pointer)::"rdx", "memory");
    print("outsb with GS: %c\n", (int)value);
    msr_write(MSR_GS_BASE, 0);

    /* A page, and none behind it. */
    map(WINDOW, page_new(), PTE_P | PTE_W);
    outb(SCRATCH, 0x77);
    count = 6, pointer = WINDOW + PAGE_SIZE - 4;
    TRY("rep insb", : "+D"(pointer), "+c"(count) : "d"(SCRATCH) : "memory");
    outcome("rep insb over the end of a page");
    show("left", count);
    show("pointer", pointer);
    show("stored", *(uint32_t *)(WINDOW + PAGE_SIZE - 4));
    count = 6, pointer = WINDOW + PAGE_SIZE - 4;
    TRY("rep outsb", : "+S"(pointer), "+c"(count) : "d"(SCRATCH) : "memory");
    outcome("rep outsb over the end of a page");
    show("left", count);
    show("pointer", pointer);
    unmap(WINDOW);
}
