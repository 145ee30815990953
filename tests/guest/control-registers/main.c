/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: the control registers are the virtual CPU's: the real ones serve the hypervisor.
 * Expected: each shows what was written, with the bits that the processor fixes; TS and EM make x87
 * instructions raise #NM; lmsw can set PE, TS, EM and MP and cannot clear PE; smsw shows CR0; CR8
 * is four bits. What the manual forbids is not tried: QEMU's TCG lets most of it through. */
#include "guest.h"

static uint64_t status_word(void)
{
    uint64_t value = ~0ul;

    asm volatile("smsw %k0" : "+r"(value));
    return value;
}

void test(void)
{
    uint64_t cr0 = cr0_read(), cr4 = cr4_read(), value;

    show("CR0", cr0);
    show("CR4", cr4);
    check("CR3", cr3_read() == kernel_root);
    cr2_write(0x123456789abcdef0);
    show("CR2", cr2_read());
    TRY("ud2", ::: "memory");
    show("CR2 after another exception", cr2_read());

    cr0_write(cr0 | 8);
    show("TS set", cr0_read());
    TRY("fnop", ::: "memory");
    outcome("x87 with TS");
    asm volatile("clts");
    show("clts", cr0_read());
    TRY("fnop", ::: "memory");
    outcome("x87 without");
    cr0_write(cr0 | 4);
    TRY("fnop", ::: "memory");
    outcome("x87 with EM");
    cr0_write(cr0 | 2 | 8);
    TRY("fwait", ::: "memory");
    outcome("fwait with MP and TS");
    cr0_write(cr0 | 8);
    TRY("fwait", ::: "memory");
    outcome("fwait with TS alone");
    cr0_write(cr0);

    show("smsw", status_word());
    value = ~0ul;
    asm volatile("smsw %w0" : "+r"(value));
    show("smsw to a 16-bit register", value);
    value = ~0ul;
    asm volatile("smsw %0" : "+m"(value));
    show("smsw to memory: two bytes", value);
    asm volatile("lmsw %w0" ::"r"(0xe));
    show("lmsw of MP, EM, TS", cr0_read());
    asm volatile("lmsw %w0" ::"r"(0xfff0));
    show("lmsw cannot clear PE, nor touch more than four bits", cr0_read());
    cr0_write(cr0);

    cr4_write(cr4 | 0x80 | 0x4 | 0x8 | 0x600);
    show("CR4 with PGE, TSD, DE, OSFXSR, OSXMMEXCPT", cr4_read());
    cr4_write(cr4);
    cr0_write(cr0 | 0x40000 | 0x20);
    show("CR0 with AM and NE", cr0_read());
    cr0_write(cr0);
    show("CR0 in the end", cr0_read());

    show("CR8", cr8_read());
    cr8_write(7);
    show("CR8 written", cr8_read());
    cr8_write(0);
    asm volatile("movq %%cr0, %%r14; movq %%r14, %0" : "=r"(value)::"r14");
    check("by way of R14", value == cr0);
}
