/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: CPUID is the wedge's policy: what it shows must be what the virtual CPU has, and nothing
 * that would bring sensitive instructions to life which nobody serves. Expected: the answers are
 * the same each time and clear the upper halves; what is shown works: the instruction behind a
 * feature does not raise #UD, and #UD comes where the feature is hidden; leaves beyond the highest
 * one do not crash. */
#include "guest.h"

static uint32_t leaf(uint32_t number, uint32_t sub, unsigned which)
{
    uint32_t out[4];

    cpuid(number, sub, out);
    return out[which];
}

#define AGREES(name, shown, text, ...)                                                             \
    do {                                                                                           \
        TRY(text, __VA_ARGS__);                                                                    \
        check(name, (fault.frame.vector == 6) == !(shown));                                        \
    } while (0)

void test(void)
{
    static uint8_t area[4096] __attribute__((aligned(64)));
    uint32_t a[4], b[4];
    uint64_t rax, rbx, rcx, rdx;
    bool same = true;

    for (unsigned i = 0; i < 32; i++) {
        cpuid(i, 0, a);
        cpuid(i, 0, b);
        same = same && !memcmp(a, b, sizeof(a));
        cpuid(0x80000000 + i, 0, a);
        cpuid(0x80000000 + i, 0, b);
        same = same && !memcmp(a, b, sizeof(a));
    }
    check("the same answers twice", same);
    asm volatile(
        "movq $-1, %%rax; movq $-1, %%rbx; movq $-1, %%rdx; movq $-1, %%rcx; movl $0, %%eax; cpuid"
        : "=a"(rax), "=b"(rbx), "=c"(rcx), "=d"(rdx));
    show("upper halves", rax >> 32 | rbx >> 32 | rcx >> 32 | rdx >> 32);
    check("leaves to 1 at least", rax >= 1);
    check("a vendor", rbx && rcx && rdx);
    check("extended leaves to 0x80000008 at least", leaf(0x80000000, 0, 0) >= 0x80000008);
    check("long mode", leaf(0x80000001, 0, 3) >> 29 & 1);
    check("NX", leaf(0x80000001, 0, 3) >> 20 & 1);
    check("SYSCALL", leaf(0x80000001, 0, 3) >> 11 & 1);
    check("FPU, TSC, MSR, PAE, CX8, PGE, CMOV, FXSR, SSE, SSE2",
          (leaf(1, 0, 3) & 0x7000000 & 0x3000000) == 0x3000000 &&
              (leaf(1, 0, 3) & 0xa171) == 0xa171);
    check("address widths",
          (leaf(0x80000008, 0, 0) & 0xff) >= 32 && (leaf(0x80000008, 0, 0) >> 8 & 0xff) >= 48);

    cr4_write(cr4_read() | 0x600);
    AGREES("RDTSCP", leaf(0x80000001, 0, 3) >> 27 & 1, "rdtscp", ::: "rax", "rcx", "rdx");
    AGREES("POPCNT", leaf(1, 0, 2) >> 23 & 1, "popcntl %%eax, %%eax", ::: "rax", "cc");
    AGREES("CMPXCHG16B", leaf(1, 0, 2) >> 13 & 1, "cmpxchg16b (%0)", ::"r"(area)
           : "rax", "rdx", "memory", "cc");
    AGREES("SSE4.2", leaf(1, 0, 2) >> 20 & 1, "crc32b %%al, %%eax", ::: "rax");
    AGREES("MOVBE", leaf(1, 0, 2) >> 22 & 1, "movbe (%0), %%eax", ::"r"(area) : "rax");
    AGREES("AESNI", leaf(1, 0, 2) >> 25 & 1, "aesenc %%xmm0, %%xmm0", ::: "memory");
    AGREES("RDRAND", leaf(1, 0, 2) >> 30 & 1, "rdrand %%eax", ::: "rax", "cc");
    AGREES("BMI1", leaf(7, 0, 1) >> 3 & 1, "andn %%eax, %%eax, %%eax", ::: "rax", "cc");
    AGREES("CLFLUSHOPT", leaf(7, 0, 1) >> 23 & 1, "clflushopt (%0)", ::"r"(area) : "memory");
    check("OSXSAVE is off before CR4 says so", !(leaf(1, 0, 2) >> 27 & 1));
    TRY("xgetbv", ::"c"(0) : "rax", "rdx");
    check("and xgetbv is #UD", fault.frame.vector == 6);
    if (leaf(1, 0, 2) >> 26 & 1) {
        cr4_write(cr4_read() | 1ul << 18);
        TRY("xgetbv", ::"c"(0) : "rax", "rdx");
        check("XSAVE, where there is one, can be switched on",
              fault.frame.vector == NO_FAULT && leaf(1, 0, 2) >> 27 & 1);
        cr4_write(cr4_read() & ~(1ul << 18));
    } else {
        check("XSAVE, where there is one, can be switched on", true);
    }
    cpuid(0xffffffff, 0, a);
    cpuid(0x7fffffff, 5, a);
    print("leaves that are none: survived\n");
}
