/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: kernels keep their per-processor data behind GS and user mode's threads behind FS, and swap
 * them with swapgs; a base that is lost at one of the many ways through the wedge ends everything.
 * Expected: the bases are those of the MSRs; swapgs exchanges GS with its shadow; selectors load
 * the base of their descriptor; bases survive exceptions, interrupts and user mode; one that user
 * mode cleared by a null selector is 0 to the kernel, too. */
#include "guest.h"

static uint64_t areas[4][2] = {{0x10, 0x11}, {0x20, 0x21}, {0x30, 0x31}, {0x40, 0x41}};

static uint64_t gs(void)
{
    uint64_t value;

    asm volatile("movq %%gs:8, %0" : "=r"(value));
    return value;
}

static uint64_t fs(void)
{
    uint64_t value;

    asm volatile("movq %%fs:8, %0" : "=r"(value));
    return value;
}

USER_CODE(user_clear, "xorl %eax, %eax; movl %eax, %gs; movl %eax, %fs; ud2");
USER_CODE(user_look, "movq %gs:8, %rax; movq %fs:8, %rbx; movl %gs, %ecx; movl %fs, %edx; ud2");

void test(void)
{
    struct frame frame;
    uint64_t *page;

    msr_write(MSR_FS_BASE, (uint64_t)areas[0]);
    msr_write(MSR_GS_BASE, (uint64_t)areas[1]);
    msr_write(MSR_KERNEL_GS, (uint64_t)areas[2]);
    show("FS", fs());
    show("GS", gs());
    asm volatile("swapgs");
    show("GS after swapgs", gs());
    check("its MSR", msr_read(MSR_GS_BASE) == (uint64_t)areas[2]);
    check("the other MSR", msr_read(MSR_KERNEL_GS) == (uint64_t)areas[1]);
    TRY("ud2", ::: "memory");
    TRY("int3", ::: "memory");
    show("GS after exceptions", gs());
    show("FS after exceptions", fs());
    asm volatile("swapgs");
    show("GS after another swapgs", gs());
    TRY("movq %%gs:(%0), %%rax", ::"r"(WINDOW - (uint64_t)areas[1]) : "rax", "memory");
    outcome("a fault behind GS");
    show("GS", gs());

    gdt[11] = 0x00cf93000000ffff | (0x123456ul << 16);
    asm volatile("movl %0, %%fs" ::"r"(11 * 8));
    show("the base of FS's descriptor", msr_read(MSR_FS_BASE));
    asm volatile("movl %0, %%gs" ::"r"(11 * 8));
    show("the base of GS's descriptor", msr_read(MSR_GS_BASE));
    check("not of the other", msr_read(MSR_KERNEL_GS) == (uint64_t)areas[2]);
    msr_write(MSR_GS_BASE, (uint64_t)areas[3]);
    show("an MSR write over it", gs());
    asm volatile("movl %0, %%fs; movl %0, %%gs" ::"r"(0));
    msr_write(MSR_FS_BASE, (uint64_t)areas[0]);
    msr_write(MSR_GS_BASE, (uint64_t)areas[1]);
    msr_write(MSR_KERNEL_GS, (uint64_t)areas[2]);

    map(0x10000000, page_new(), PTE_P | PTE_W | PTE_U);
    page = (uint64_t *)0x10000000;
    page[1] = 0x51;
    page[3] = 0x52;
    msr_write(MSR_FS_BASE, 0x10000010);
    msr_write(MSR_GS_BASE, 0x10000000);
    for (unsigned i = 0; i < 2; i++) {
        user_prepare(&frame, user_look);
        user_run(&frame);
        user_outcome("user mode", &frame, user_look);
        show("its GS", frame.rax);
        show("its FS", frame.rbx);
        show("its GS selector", frame.rcx);
        check("the kernel has the same bases, without swapgs", gs() == 0x51 && fs() == 0x52);
    }
    /* What a null selector makes of the base is the processor's to say; it is the MSR's then, too,
     * and the same value written again is what user mode has. */
    user_prepare(&frame, user_clear);
    user_run(&frame);
    user_outcome("null selectors", &frame, user_clear);
    show("FS base", msr_read(MSR_FS_BASE));
    show("GS base", msr_read(MSR_GS_BASE));
    msr_write(MSR_FS_BASE, 0x10000010);
    msr_write(MSR_GS_BASE, 0x10000000);
    user_prepare(&frame, user_clear);
    user_run(&frame);
    msr_write(MSR_FS_BASE, 0x10000010);
    msr_write(MSR_GS_BASE, 0x10000000);
    user_prepare(&frame, user_look);
    user_run(&frame);
    user_outcome("written again", &frame, user_look);
    show("its GS", frame.rax);
    show("its FS", frame.rbx);
    asm volatile("swapgs");
    show("and swapped", gs());
    asm volatile("swapgs");
    show("and back", gs());
}
