/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: user mode must not become more powerful than on bare hardware, nor less: the kernel runs
 * there, too. Expected: each privileged instruction raises #GP(0) at itself in user mode, ports and
 * IF included, whatever IOPL the kernel has; popf keeps IF and IOPL. */
#include "guest.h"

#define PRIVILEGED(name, text) USER_CODE(user_##name, text)
PRIVILEGED(cli, "cli");
PRIVILEGED(sti, "sti");
PRIVILEGED(hlt, "hlt");
PRIVILEGED(in, "inb $0x60, %al");
PRIVILEGED(out, "outb %al, $0x80");
PRIVILEGED(insb, "insb");
PRIVILEGED(outsb, "outsb");
PRIVILEGED(lgdt, "lgdt (%rsp)");
PRIVILEGED(lidt, "lidt (%rsp)");
PRIVILEGED(lldt, "lldt %ax");
PRIVILEGED(ltr, "ltr %ax");
PRIVILEGED(lmsw, "lmsw %ax");
PRIVILEGED(clts, "clts");
PRIVILEGED(cr0, "movq %cr0, %rax");
PRIVILEGED(cr3, "movq %rax, %cr3");
PRIVILEGED(cr8, "movq %cr8, %rax");
PRIVILEGED(dr7, "movq %dr7, %rax");
PRIVILEGED(dr0, "movq %rax, %dr0");
PRIVILEGED(rdmsr, "rdmsr");
PRIVILEGED(wrmsr, "wrmsr");
PRIVILEGED(invlpg, "invlpg (%rax)");
PRIVILEGED(invd, "invd");
PRIVILEGED(wbinvd, "wbinvd");
PRIVILEGED(swapgs, "swapgs");
PRIVILEGED(sysret, "sysretq");

static const struct {
    const char *name, *code;
} all[] = {
#define ONE(name)                                                                                  \
    {                                                                                              \
#name, user_##name                                                                         \
    }
    ONE(cli),  ONE(sti),    ONE(hlt),    ONE(in),     ONE(out),   ONE(insb),  ONE(outsb),
    ONE(lgdt), ONE(lidt),   ONE(lldt),   ONE(ltr),    ONE(lmsw),  ONE(clts),  ONE(cr0),
    ONE(cr3),  ONE(cr8),    ONE(dr7),    ONE(dr0),    ONE(rdmsr), ONE(wrmsr), ONE(invlpg),
    ONE(invd), ONE(wbinvd), ONE(swapgs), ONE(sysret),
};

USER_CODE(user_popf, "pushq $0x3002; popfq; pushfq; popq %rax; ud2");
void test(void)
{
    struct frame frame;

    for (unsigned i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        user_prepare(&frame, all[i].code);
        frame.rflags = 0x202;
        user_run(&frame);
        user_outcome(all[i].name, &frame, all[i].code);
    }
    user_prepare(&frame, user_popf);
    frame.rflags = 0x202;
    user_run(&frame);
    show("popf keeps IF and IOPL", frame.rax);
}
