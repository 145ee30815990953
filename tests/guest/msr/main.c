/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: model specific registers are read and written by every kernel, and a hypervisor shows only
 * some of its own. Expected: those of long mode and of system calls keep what is written; EFER
 * keeps LMA and refuses LME's change under paging; an unknown number raises #GP(0) at the
 * instruction, and leaves the registers (QEMU's TCG: 0, and nothing is written); rdmsr clears the
 * upper halves. */
#include "guest.h"

static void keeps(const char *name, uint32_t number, uint64_t value)
{
    uint64_t old = msr_read(number);

    msr_write(number, value);
    print("%s: 0x%lx\n", name, msr_read(number));
    msr_write(number, old);
}

/* QEMU's TCG takes unknown numbers for registers that are 0 and cannot be written. */
static void unknown(const char *name)
{
    check(name, fault.frame.vector == NO_FAULT ||
                    (fault.frame.vector == 13 && !fault.frame.error && !fault.behind));
}

void test(void)
{
    uint64_t a = ~0ul, d = ~0ul;

    show("EFER", msr_read(MSR_EFER));
    keeps("STAR", MSR_STAR, 0x0010000812345678);
    keeps("LSTAR", MSR_LSTAR, 0xffffffff81234567);
    keeps("CSTAR", MSR_CSTAR, 0xffffffff89abcdef);
    keeps("SFMASK", MSR_SFMASK, 0x47700);
    keeps("FS base", MSR_FS_BASE, 0x00007fffffffffff);
    keeps("GS base", MSR_GS_BASE, 0xffff800000000000);
    keeps("the other GS base", MSR_KERNEL_GS, 0xffffffffffffffff);
    keeps("SYSENTER_CS", 0x174, 0x10);
    keeps("SYSENTER_ESP", 0x175, 0xffffffff89000000);
    keeps("SYSENTER_EIP", 0x176, 0xffffffff89000010);
    keeps("PAT", 0x277, 0x0007040600070406);
    TRY("wrmsr", ::"c"(0x12345678), "a"(0), "d"(0) : "memory");
    unknown("an unknown one written raises #GP(0), or nothing on TCG");

    asm volatile("rdmsr" : "+a"(a), "+d"(d) : "c"(MSR_STAR));
    show("rdmsr clears above EAX", a >> 32);
    show("rdmsr clears above EDX", d >> 32);
    a = d = 0x1122334455667788;
    TRY("rdmsr", : "+a"(a), "+d"(d) : "c"(0x12345678));
    unknown("an unknown one read raises #GP(0), or nothing on TCG");
    if (fault.frame.vector == NO_FAULT)
        check("and is 0, or RAX and RDX stay", !a && !d);
    else
        check("and is 0, or RAX and RDX stay", a == 0x1122334455667788 && d == a);
    asm volatile("rdmsr" : "=a"(a), "=d"(d) : "c"(0xffffffff00000000 | MSR_EFER));
    show("only ECX counts", a);

    msr_write(MSR_EFER, msr_read(MSR_EFER) & ~1ul);
    show("EFER without SCE", msr_read(MSR_EFER));
    msr_write(MSR_EFER, msr_read(MSR_EFER) | 1);
    show("EFER with it", msr_read(MSR_EFER));
}
