/* SPDX-License-Identifier: BSD-2-Clause */
/* User mode. */
#include "guest.h"

struct frame *user_frame;
uint64_t user_cr2;

void user_init(void);
void user_go(const struct frame *frame);
void user_go_sysret(const struct frame *frame);

void user_init(void)
{
    msr_write(MSR_STAR, (uint64_t)(USER_CS32 & ~3) << 48 | (uint64_t)KERNEL_CS << 32);
    msr_write(MSR_LSTAR, (uint64_t)syscall_entry);
    msr_write(MSR_CSTAR, (uint64_t)syscall_entry32);
    msr_write(MSR_SFMASK, FLAG_IF | FLAG_TF | FLAG_DF | FLAG_NT | FLAG_AC);
}

void user_prepare(struct frame *frame, const void *code)
{
    *frame = (struct frame){
        .rip = (uint64_t)code, .cs = USER_CS, .rflags = 2, .rsp = USER_STACK, .ss = USER_SS};
}

void user_prepare32(struct frame *frame, const void *code)
{
    user_prepare(frame, code);
    frame->cs = USER_CS32;
}

void user_run(struct frame *frame)
{
    struct frame start = *frame;

    user_frame = frame;
    user_go(&start);
    user_frame = NULL;
}

void user_try(const char *name, struct frame *frame, const void *code, uint64_t rflags)
{
    user_prepare(frame, code);
    frame->rflags = rflags;
    user_run(frame);
    user_outcome(name, frame, code);
}

void user_run_sysret(struct frame *frame)
{
    struct frame start = *frame;

    user_frame = frame;
    user_go_sysret(&start);
    user_frame = NULL;
}

void user_outcome(const char *name, const struct frame *frame, const void *code)
{
    print("%s: ", name);
    if (frame->vector == VECTOR_SYSCALL)
        print("syscall");
    else if (frame->vector == VECTOR_SYSCALL + 1)
        print("syscall of 32-bit code");
    else
        print_exception(frame->vector, frame->error, user_cr2);
    if (frame->rip >= KERNEL_BASE)
        print(", rip 0x%lx\n", frame->rip);
    else
        print(", rip +0x%lx\n", frame->rip - (uint64_t)code);
}
