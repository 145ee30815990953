/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: programs use AVX where CPUID, CR4.OSXSAVE and XCR0 say that they may; the kernel saves what
 * XCR0 names. Expected: XCR0 is 1 at first; XSETBV and XGETBV are #UD until CR4.OSXSAVE, which
 * CPUID shows; XCR0 takes what CPUID offers and nothing that makes no sense (a matter of each
 * processor's: YMM without SSE, no x87); sizes follow XCR0; vector registers stay through sites,
 * exceptions and interrupts; user mode has them, too, reads XCR0 and may not write it; XSAVE and
 * XRSTOR bring them back. (What the policy hides is off in the file `options`, so that both places
 * offer the same.) */
#include "guest.h"

#define STATE_X87 1u
#define STATE_SSE 2u
#define STATE_YMM 4u

#define XSAVEC 2u /* without it TCG gives a size all the same */

#define CR4_FXSR    0x600ul
#define CR4_OSXSAVE 0x40000ul

static uint8_t area[4096] __attribute__((aligned(64)));
static uint64_t pattern[4] = {0x1111, 0x2222, 0x3333, 0x4444}, seen[4];
static struct frame frame;

USER_CODE(user_reads, "xorl %ecx, %ecx; xgetbv; movl %eax, %ebx; int $0x80");
USER_CODE(user_writes, "xorl %ecx, %ecx; xorl %edx, %edx; movl $7, %eax; xsetbv; int $0x80");
USER_CODE(user_vectors, "vaddpd %ymm1, %ymm1, %ymm2; vextractf128 $1, %ymm1, %xmm3\n"
                        "vmovq %xmm3, %rbx; int $0x80");

static void write_states(const char *name, uint32_t number, uint64_t value)
{
    TRY("xsetbv", ::"c"(number), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)) : "memory");
    outcome(name);
}

static void read_states(const char *name, uint32_t number)
{
    uint32_t low = 0, high = 0;

    TRY("xgetbv", : "+a"(low), "+d"(high) : "c"(number));
    if (fault.frame.vector == NO_FAULT)
        show(name, (uint64_t)high << 32 | low);
    else
        outcome(name);
}

static void show_cpuid(void)
{
    uint32_t out[4];

    cpuid(1, 0, out);
    print("CPUID: XSAVE %u OSXSAVE %u AVX %u FMA %u F16C %u, ", out[2] >> 26 & 1, out[2] >> 27 & 1,
          out[2] >> 28 & 1, out[2] >> 12 & 1, out[2] >> 29 & 1);
    cpuid(7, 0, out);
    print("AVX2 %u, ", out[1] >> 5 & 1);
    cpuid(0xd, 0, out);
    print("states 0x%x 0x%x, sizes %u of %u\n", out[0], out[3], out[1], out[2]);
}

static void fill(void)
{
    asm volatile("vmovdqu %0, %%ymm1" ::"m"(pattern));
}

static void look(const char *name)
{
    asm volatile("vmovdqu %%ymm1, %0" : "=m"(seen)::"memory");
    check(name, !memcmp(seen, pattern, sizeof(seen)));
}

static void user(const char *name, const char *code)
{
    user_prepare(&frame, code);
    user_run(&frame);
    user_outcome(name, &frame, code);
    show("rbx", frame.rbx);
}

void test(void)
{
    uint32_t out[4];

    gate_set(0x80, trap_stubs[0x80], 0, GATE_INTERRUPT | GATE_DPL3);
    cr4_write((cr4_read() | CR4_FXSR) & ~CR4_OSXSAVE);
    show_cpuid();
    read_states("xgetbv before CR4.OSXSAVE", 0);
    write_states("xsetbv before CR4.OSXSAVE", 0, 1);
    cr4_write(cr4_read() | CR4_OSXSAVE);
    show("CR4.OSXSAVE", cr4_read() >> 18 & 1);
    show_cpuid();
    read_states("XCR0 at first", 0);
    TRY("vmovdqu %%ymm0, %%ymm1", ::: "memory");
    outcome("AVX before XCR0 has it");

    write_states("XCR0 of 0", 0, 0);
    write_states("XCR0 without x87", 0, STATE_SSE);
    write_states("XCR0 with YMM and no SSE", 0, STATE_X87 | STATE_YMM);
    write_states("XCR0 with all", 0, ~0ul);
    write_states("XCR0 with what nobody has", 0, 1ul << 62 | 1);
    write_states("XCR1", 1, 1);
    read_states("XCR2", 2);
    write_states("XCR0 with x87", 0, STATE_X87);
    show_cpuid();
    write_states("XCR0 with SSE", 0, STATE_X87 | STATE_SSE);
    show_cpuid();
    write_states("XCR0 with YMM", 0, STATE_X87 | STATE_SSE | STATE_YMM);
    show_cpuid();
    read_states("XCR0", 0);
    cpuid(0xd, 1, out);
    print("0xd.1: 0x%x, compact %u, 0x%x 0x%x\n", out[0], out[0] & XSAVEC ? out[1] : 0, out[2],
          out[3]);
    for (uint32_t i = 2; i < 64; i++) {
        cpuid(0xd, i, out);
        if (out[0] | out[1] | out[2] | out[3])
            print("0xd.%u: %u bytes at %u, 0x%x 0x%x\n", i, out[0], out[1], out[2], out[3]);
    }
    cpuid(0xd, 64, out);
    check("no subleaf 64", !(out[0] | out[1] | out[2] | out[3]));

    fill();
    look("YMM1 as written");
    for (unsigned i = 0; i < 100; i++)
        asm volatile("sti; cli; cpuid" ::: "rax", "rbx", "rcx", "rdx");
    look("YMM1 behind sites");
    TRY("ud2", ::: "memory");
    TRY("movq (%0), %%rax", ::"r"(WINDOW) : "rax");
    look("YMM1 behind exceptions");
    interrupts[0] = 0;
    pic_mask(0, false);
    pit_once(100);
    asm volatile("sti; hlt; cli" ::: "memory");
    pic_mask(0, true);
    show("interrupts", interrupts[0]);
    look("YMM1 behind an interrupt");

    TRY("xsave64 (%0)", ::"r"(area), "a"(7), "d"(0) : "memory");
    outcome("xsave");
    check("its YMM1's upper half", !memcmp(area + 576 + 16, pattern + 2, 16));
    asm volatile("vzeroall");
    TRY("xrstor64 (%0)", ::"r"(area), "a"(7), "d"(0) : "memory");
    outcome("xrstor");
    look("YMM1 again");
    area[512] = 0xff;
    area[513] = 0xff;
    TRY("xrstor64 (%0)", ::"r"(area), "a"(-1), "d"(-1) : "memory");
    outcome("xrstor of states that are off");

    user("user mode, xgetbv", user_reads);
    user("user mode, xsetbv", user_writes);
    user("user mode, vectors", user_vectors);
    look("YMM1 behind user mode");
    write_states("without YMM", 0, STATE_X87 | STATE_SSE);
    user("user mode, vectors", user_vectors);
    cr4_write(cr4_read() & ~CR4_OSXSAVE);
    show_cpuid();
    read_states("xgetbv behind CR4.OSXSAVE", 0);
    cr4_write(cr4_read() | CR4_OSXSAVE);
    read_states("XCR0 is as it was", 0);
}
