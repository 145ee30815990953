/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: compilers choose the store, not the kernel: clearing and copying may be done with anything
 * that writes memory. Expected: also these write what they would write anywhere when it is a page
 * table that they write to: push, pop to memory, not, neg, shifts, adc and sbb, setcc, cmpxchg of 8
 * and of 16 bytes, and SSE. */
#include "stores.h"

void test(void)
{
    uint64_t value[2] __attribute__((aligned(16)));
    uint32_t low, high;

    stores_start();
    map(PLACE + PAGE_SIZE, pages[0], PTE_P | PTE_W);
    cr0_write(cr0_read() & ~0xcul);
    cr4_write(cr4_read() | 0x600);

    STORE("adc", "stc; adcq %1, %0", : "+m"(*entry) : "r"(new - old - 1) : "cc");
    STORE("sbb", "stc; sbbq %1, %0", : "+m"(*entry) : "r"(old - new - 1) : "cc");
    STORE("not", "movq %1, %0; notq %0; notq %0", : "+m"(*entry) : "r"(new));
    STORE("neg", "movq %1, %0; negq %0; negq %0", : "+m"(*entry) : "r"(new) : "cc");
    STORE("shl and shr", "movq %1, %0; shlq $1, %0; shrq %0", : "+m"(*entry) : "r"(new) : "cc");
    STORE("rol by CL", "movq %1, %0; movb $13, %%cl; rolq %%cl, %0; rorq %%cl, %0",
          : "+m"(*entry)
          : "r"(new)
          : "rcx", "cc");
    STORE("shld", "movq %1, %0; xorl %%eax, %%eax; shldq $4, %%rax, %0; shrdq $4, %%rax, %0",
          : "+m"(*entry)
          : "r"(new)
          : "rax", "cc");
    STORE("setcc", "movq %1, %0; stc; setc 7%0; setnc 7%0", : "+m"(*entry) : "r"(new) : "cc");
    STORE("pop", "pushq %1; popq %0", : "=m"(*entry) : "r"(new) : "memory");
    STORE("adc of a number", "movq %1, %0; stc; adcq $0x1000, %0",
          : "+m"(*entry)
          : "r"(new - 0x1001)
          : "cc");
    STORE("sbb of a number", "movq %1, %0; stc; sbbq $0x1000, %0",
          : "+m"(*entry)
          : "r"(new + 0x1001)
          : "cc");
    begin();
    low = (uint32_t)*entry, high = (uint32_t)(*entry >> 32);
    asm volatile("lock; cmpxchg8b %0"
                 : "+m"(*entry), "+a"(low), "+d"(high)
                 : "b"((uint32_t) new), "c"((uint32_t)(new >> 32))
                 : "cc", "memory");
    end("cmpxchg8b");
    begin();
    value[0] = *entry, value[1] = entry[1];
    asm volatile("lock; cmpxchg16b %0"
                 : "+m"(*entry), "+a"(value[0]), "+d"(value[1])
                 : "b"(new), "c"(value[1])
                 : "cc", "memory");
    end("cmpxchg16b");
    STORE("movq of XMM", "movq %1, %%xmm0; movq %%xmm0, %0", : "=m"(*entry) : "r"(new));
    begin();
    value[0] = new, value[1] = entry[1];
    asm volatile("movups %1, %%xmm0; movups %%xmm0, %0" : "=m"(*entry) : "m"(value) : "memory");
    end("movups");
    begin();
    value[0] = new, value[1] = entry[1];
    asm volatile("movaps %1, %%xmm0; movdqa %%xmm0, %0" : "=m"(*entry) : "m"(value) : "memory");
    end("movdqa");
    STORE("movntdq", "movaps %1, %%xmm0; movntdq %%xmm0, %0",
          : "=m"(*entry)
          : "m"(*(value[0] = new, value[1] = entry[1], &value))
          : "memory");
    STORE("fistp", "fildll %1; fistpll %0", : "=m"(*entry) : "m"(new) : "memory");
}
