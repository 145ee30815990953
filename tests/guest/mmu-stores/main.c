/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: whatever instruction writes to a page table, the place's tables must follow: the wedge
 * carries such stores out by itself. Expected: each kind of store that compilers and kernels use
 * writes what it would write anywhere, with its registers and flags, and the page that the entry
 * then leads to is there. */
#include "stores.h"

static uint64_t flags;

void test(void)
{
    uint64_t value, pointer, count;

    stores_start();

    STORE("mov, 64 bits", "movq %1, %0", : "=m"(*entry) : "r"(new));
    STORE("mov, 32 bits", "movl %k1, %0", : "+m"(*entry) : "r"(new));
    STORE("mov, 16 bits", "movw %w1, %0", : "+m"(*entry) : "r"(new));
    STORE("mov, 8 bits", "movb %b1, 1%0", : "+m"(*entry) : "q"(new >> 8));
    STORE("mov, 8 high bits", "movq %1, %%rax; movb %%ah, 1%0", : "+m"(*entry) : "r"(new) : "rax");
    STORE("mov, R15 and an index", "movq %1, %%r15; movq %%r15, 8(%2,%3,8)", ::"m"(*entry),
          "r"(new), "r"(entry), "r"(-1l)
          : "r15", "memory");
    STORE("xchg", "movq %1, %%rax; xchgq %%rax, %0", : "+m"(*entry) : "r"(new) : "rax");
    begin();
    value = *entry, count = 0;
    asm volatile("lock; cmpxchgq %3, %1; setz %b2"
                 : "+a"(value), "+m"(*entry), "+q"(count)
                 : "r"(new)
                 : "cc");
    end("cmpxchg");
    show("it was equal", count);
    begin();
    value = 0x1234, count = 7;
    asm volatile("lock; cmpxchgq %3, %1; setz %b2"
                 : "+a"(value), "+m"(*entry), "+q"(count)
                 : "r"(0ul)
                 : "cc", "memory");
    print("cmpxchg that is not equal: %s, 0x%lx\n",
          (value & ~(PTE_A | PTE_D)) == old ? "the old one" : "WRONG", count);
    STORE("lock or", "andl $0xffff0fff, %1; lock; orq %0, %1", ::"r"(new & 0xf000), "m"(*entry)
          : "cc", "memory");
    STORE("lock and", "orl $0x3000, %1; lock; andq %0, %1", ::"r"(new | 0xfff), "m"(*entry)
          : "cc", "memory");
    STORE("and by a constant, or by a constant", "andw $0x0fff, %0; orw %w1, %0",
          : "+m"(*entry)
          : "r"(new & 0xf000)
          : "cc");
    STORE("xor", "xorq %1, %0", : "+m"(*entry) : "r"(old ^ new) : "cc");
    STORE("add", "addq %1, %0", : "+m"(*entry) : "r"(new - old) : "cc");
    STORE("sub", "subq %1, %0", : "+m"(*entry) : "r"(old - new) : "cc");
    STORE("xadd", "movq %1, %%rax; lock; xaddq %%rax, %0",
          : "+m"(*entry)
          : "r"(new - old)
          : "rax", "cc");
    STORE("bts and btr", "btrq $0, %0; movq %1, 0%0; btrq $1, %0; btsq $1, %0",
          : "+m"(*entry)
          : "r"(new)
          : "cc");
    STORE("lock btr and bts by a register", "movq %1, 0%0; lock; btrq %2, %0; lock; btsq %2, %0",
          : "+m"(*entry)
          : "r"(new), "r"(1ul)
          : "cc");
    STORE("btc twice", "movq %1, 0%0; btcl $1, %0; btcl $1, %0", : "+m"(*entry) : "r"(new) : "cc");
    STORE("inc and dec", "movq %1, 0%0; stc; incl %0; pushfq; decl %0; popq %2",
          : "+m"(*entry), "+r"(new), "=r"(flags)
          :
          : "cc");
    show("they leave CF", flags & FLAG_CF);
    STORE("movnti", "movntiq %1, %0", : "+m"(*entry) : "r"(new));
    begin();
    pointer = (uint64_t)entry;
    asm volatile("stosq" : "+D"(pointer) : "a"(new) : "memory");
    end("stosq");
    show("moved", pointer - (uint64_t)entry);
    begin();
    pointer = (uint64_t)entry, count = 2;
    asm volatile("rep stosl" : "+D"(pointer), "+c"(count) : "a"(0) : "memory");
    show("rep stosl of nothing", *entry);
    show("moved", pointer - (uint64_t)entry + count);
    new = old, turn ^= 1;
    *entry = new;
    begin();
    value = (uint64_t) & new, pointer = (uint64_t)entry;
    asm volatile("movsq" : "+D"(pointer), "+S"(value)::"memory");
    end("movsq");
    begin();
    value = (uint64_t) & new, pointer = (uint64_t)entry, count = 8;
    asm volatile("rep movsb" : "+D"(pointer), "+S"(value), "+c"(count)::"memory");
    end("rep movsb");
    show("left", count);
    begin();
    value = (uint64_t) & new + 4, pointer = (uint64_t)entry + 4, count = 2;
    asm volatile("std; rep movsl; cld" : "+D"(pointer), "+S"(value), "+c"(count)::"memory");
    end("rep movsl, backwards");
    begin();
    msr_write(MSR_GS_BASE, (uint64_t)entry - 0x1000);
    asm volatile("movq %0, %%gs:0x1000" ::"r"(new) : "memory");
    msr_write(MSR_GS_BASE, 0);
    end("mov with GS");
    begin();
    asm volatile("addq $0, %0; pushfq; popq %1" : "+m"(*entry), "=r"(flags)::"cc");
    check("flags of add are those of the value", !(flags & FLAG_ZF));
    *entry = new;
    invlpg(PLACE);

    /* A whole page of them. */
    value = page_new();
    for (unsigned i = 0; i < 512; i++)
        ((uint64_t *)at(value))[i] = pages[i & 1] | PTE_P | PTE_W;
    pointer = (uint64_t)entry & ~0xffful, count = 512;
    asm volatile("rep movsq"
                 : "+D"(pointer), "+S"(*&(uint64_t){(uint64_t)at(value)}), "+c"(count)::"memory");
    cr3_write(cr3_read());
    count = 0;
    for (unsigned i = 0; i < 512; i++)
        count += *(volatile uint64_t *)(PLACE + i * PAGE_SIZE) == (i & 1);
    show("rep movsq of a page of entries", count);
    pointer = (uint64_t)entry & ~0xffful, count = 512;
    asm volatile("rep stosq" : "+D"(pointer), "+c"(count) : "a"(0) : "memory");
    cr3_write(cr3_read());
    for (unsigned i = 0; i < 512; i++) {
        TRY("movq (%0), %%rax", ::"r"(PLACE + i * PAGE_SIZE) : "rax");
        count += fault.frame.vector == 14;
    }
    show("rep stosq of a page of nothing", count);
}
