/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: lar, lsl, verr and verw look into the descriptor tables without a trap: below ring 0 into
 * the hypervisor's, and with the wrong privilege. Expected: the guest's own descriptors, judged
 * with privilege level 0 and the selector's RPL. ZF tells whether the selector may be used; the
 * register changes only if it does. */
#include "guest.h"

/* The manuals leave these bits of what lar gives undefined: processors differ. */
#define LIMIT_BITS 0xf0000ul

static void one(const char *name, uint16_t selector)
{
    uint64_t rights = 0x5555555555555555, limit = 0x5555555555555555;
    uint8_t zf[4];

    asm volatile("lar %k2, %k0; setz %1"
                 : "+r"(rights), "=qm"(zf[0])
                 : "r"((uint32_t)selector)
                 : "cc");
    asm volatile("lsl %k2, %k0; setz %1"
                 : "+r"(limit), "=qm"(zf[1])
                 : "r"((uint32_t)selector)
                 : "cc");
    asm volatile("verr %w1; setz %0" : "=qm"(zf[2]) : "r"(selector) : "cc");
    asm volatile("verw %w1; setz %0" : "=qm"(zf[3]) : "r"(selector) : "cc");
    print("%s: lar %u 0x%lx, lsl %u 0x%lx, verr %u, verw %u\n", name, zf[0], rights & ~LIMIT_BITS,
          zf[1], limit, zf[2], zf[3]);
}

void test(void)
{
    uint64_t value = ~0ul, flags;
    uint16_t memory = KERNEL_SS;

    gdt[11] = 0x0040930000001234; /* data of 0x1235 bytes */
    gdt[12] = 0x00cf91000000ffff; /* read-only */
    gdt[13] = 0x00cf99000000ffff; /* code, not readable */
    gdt[14] = 0x00cf9f000000ffff; /* code, conforming */
    gdt[15] = 0x00cf13000000ffff; /* data, not present */
    gdt[16] = 0x00008c0000080000; /* call gate */
    descriptor_system(&gdt[LDT_SELECTOR / 8], 0x1000, 0x1f, 2);
    one("0", 0);
    one("kernel code", KERNEL_CS);
    one("kernel data", KERNEL_SS);
    one("kernel data, RPL 3", KERNEL_SS | 3);
    one("user data", USER_SS);
    one("user code", USER_CS);
    one("user code, RPL 0", USER_CS & ~3);
    one("small data", 11 * 8);
    one("read-only data", 12 * 8);
    one("code only to execute", 13 * 8);
    one("conforming code, RPL 3", 14 * 8 + 3);
    one("data that is not present", 15 * 8);
    one("TSS", TSS_SELECTOR);
    one("LDT", LDT_SELECTOR);
    one("its second half", LDT_SELECTOR + 8);
    one("behind the GDT", 0x100);
    one("in an LDT that is none", 0x0c);

    asm volatile("lar %w1, %w0" : "+r"(value) : "r"((uint32_t)KERNEL_SS) : "cc");
    show("lar of 16 bits leaves the rest", value);
    asm volatile("lar %1, %k0" : "+r"(value) : "m"(memory) : "cc");
    show("lar from memory", value & ~LIMIT_BITS);
    asm volatile("lsl %q1, %q0" : "+r"(value) : "r"((uint64_t)KERNEL_SS) : "cc");
    show("lsl of 64 bits", value);
    flags_write(0x8d5 | 2);
    asm volatile("pushq $0x8d7; popfq; verr %w1; pushfq; popq %0"
                 : "=r"(flags)
                 : "r"(0x100)
                 : "cc");
    show("flags but ZF stay", flags);
    TRY("verw (%0)", ::"r"(WINDOW) : "memory");
    outcome("verw of no page");
    TRY("lsl (%0), %%eax", ::"r"(WINDOW) : "memory", "rax");
    outcome("lsl of no page");
}
