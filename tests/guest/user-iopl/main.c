/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: programs that drive devices (X servers of old, setup tools) ask the kernel for IOPL 3 or for
 * single ports.
 * Expected: with IOPL 3 cli and sti work in user mode, as the kernel's frames show, and all ports
 * are open; with IOPL 0 those that the TSS's bitmap has open, each byte of an access. */
#include "guest.h"

USER_CODE(user_cli, "cli; ud2");
USER_CODE(user_sti, "cli; sti; nop; ud2");
USER_CODE(user_port,
          "movl $0x3ff, %edx; movb $0x3c, %al; outb %al, %dx; xorl %eax, %eax; inb %dx, %al; ud2");
USER_CODE(user_word, "movl $0x3fe, %edx; inw %dx, %ax; ud2");

static struct {
    struct tss tss;
    uint8_t bitmap[0x80 + 1 + 1];
} __attribute__((packed)) own;

void test(void)
{
    struct frame frame;

    user_try("cli with IOPL 3", &frame, user_cli, 0x3202);
    show("flags", frame.rflags & 0x3200);
    user_try("sti with IOPL 3", &frame, user_sti, 0x3202);
    show("flags", frame.rflags & 0x3200);
    user_try("cli with IOPL 0", &frame, user_cli, 2);
    user_try("ports with IOPL 3", &frame, user_port, 0x3202);
    show("read", frame.rax);
    user_try("without a bitmap", &frame, user_port, 2);

    own.tss = tss;
    own.tss.io_map = sizeof(struct tss);
    memset(own.bitmap, 0xff, sizeof(own.bitmap));
    own.bitmap[0x3ff / 8] = 0x7f;
    descriptor_system(&gdt[FREE_SELECTOR / 8], (uint64_t)&own, sizeof(own) - 1, 9);
    asm volatile("ltr %w0" ::"r"(FREE_SELECTOR));
    user_try("a port that the bitmap opens", &frame, user_port, 2);
    show("read", frame.rax);
    user_try("a word of which it opens half", &frame, user_word, 2);
}
