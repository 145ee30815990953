/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: programs and kernels with mistakes in them jump anywhere, also to where the wedge is or a
 * hypervisor; that is their fault and nobody else's. Expected: #PF of a fetch at the address, with
 * CR2, for user mode and for the kernel, and of reads and writes of user mode; #GP(0) for what is
 * no address. */
#include "guest.h"

USER_CODE(user_jump, "jmpq *%rax");
USER_CODE(user_call, "callq *%rax");
USER_CODE(user_read, "movb (%rax), %bl");
USER_CODE(user_write, "movb %bl, (%rax)");

static const uint64_t places[] = {
    0xffffffff7f800000,                                         /* the wedge's window */
    0xffffffff7f81c000, 0xffffffff7f850000, 0xffffffffff800000, /* its alias */
    0xffffffffffa00000, 0xfffffe8000001000,                     /* all of memory */
    0xffff800000000000,                                         /* Xen's */
    0xffff820000000000, 0xffff87ffffffffff, 0xfffffffffffffff4, /* -ENOMEM */
    0xffffffffffffffff,
};
#define COUNT (sizeof(places) / sizeof(places[0]))

static struct frame frame;
static uint64_t jumped_to, seen_error;

static void try(const char *name, const char *code, uint64_t place)
{
    user_prepare(&frame, code);
    frame.rax = place;
    frame.rflags = 0x202;
    user_run(&frame);
    print("%s 0x%lx: ", name, place);
    print_exception(frame.vector, frame.error, user_cr2);
    if (frame.rip == (uint64_t)code)
        print("\n");
    else
        print(", rip 0x%lx\n", frame.rip);
}

/* The kernel's call: back to behind it. */
static bool caught(struct frame *at)
{
    if (at->vector != 14 || at->rip != jumped_to || cr2_read() != jumped_to)
        return false;
    seen_error = at->error;
    at->rip = *(uint64_t *)at->rsp;
    at->rsp += 8;
    return true;
}

void test(void)
{
    for (unsigned i = 0; i < COUNT; i++) {
        try("jump", user_jump, places[i]);
        try("read", user_read, places[i]);
        try("write", user_write, places[i]);
    }
    try("call", user_call, places[0]);
    trap_hook = caught;
    for (unsigned i = COUNT - 2; i < COUNT; i++) {
        jumped_to = places[i];
        seen_error = 0;
        asm volatile("call *%0" ::"r"(jumped_to) : "memory");
        print("the kernel calls 0x%lx: error 0x%lx\n", jumped_to, seen_error);
    }
}
