/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: floating point and SSE registers are nobody's business in the wedge and at the hypervisor,
 * and must come through both untouched. Expected: they survive exceptions, sensitive instructions,
 * interrupts and user mode; #MF comes at the x87 instruction behind the one that failed. */
#include "guest.h"

USER_CODE(user_add, "addps %xmm0, %xmm0; movups %xmm0, 0x7fff00; ud2");

void test(void)
{
    static const uint16_t unmasked = 0x33b; /* divide by 0 */
    static const float numbers[4] __attribute__((aligned(16))) = {1, 2, 3, 4};
    uint32_t result[4] __attribute__((aligned(16)));
    uint64_t cr0 = cr0_read(), integer;
    struct frame frame;

    cr0_write((cr0 | 0x22) & ~0xcul); /* NE, MP */
    cr4_write(cr4_read() | 0x600);    /* OSFXSR, OSXMMEXCPT */
    asm volatile("fninit; fldpi; fld1; movaps %0, %%xmm0; movaps %0, %%xmm15" ::"m"(numbers));
    TRY("ud2", ::: "memory");
    TRY("movb (%0), %%al", ::"r"(WINDOW) : "rax");
    asm volatile("addps %%xmm15, %%xmm0; movaps %%xmm0, %0; faddp; fistpll %1"
                 : "=m"(result), "=m"(integer));
    print("SSE: %08x %08x %08x %08x\n", result[0], result[1], result[2], result[3]);
    show("x87", integer);
    pic_mask(0, false);
    pit_once(1000);
    asm volatile("sti; hlt; cli; movaps %%xmm0, %0" : "=m"(result)::"memory");
    pic_mask(0, true);
    print("after an interrupt: %08x %08x %08x %08x\n", result[0], result[1], result[2], result[3]);
    user_prepare(&frame, user_add);
    user_run(&frame);
    user_outcome("user mode", &frame, user_add);
    asm volatile("movaps %%xmm0, %0" : "=m"(result)::"memory");
    print("after it: %08x %08x %08x %08x\n", result[0], result[1], result[2], result[3]);
    check("as it stored them", !memcmp(result, (void *)0x7fff00, 16));

    asm volatile("fninit; fldcw %0; fld1; fldz; fdivrp %%st, %%st(1)" ::"m"(unmasked));
    TRY("fwait", ::: "memory");
    outcome("divide by 0, at the next one");
    asm volatile("fnclex; fninit");
    TRY("fwait", ::: "memory");
    outcome("cleared");
}
