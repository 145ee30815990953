/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Chapter 14: system calls.
 *
 * 14.1 SYSCALL takes CS from STAR[47:32] and SS 8 above it. SYSRET takes CS 16 above STAR[63:48]
 * and SS 8 above it, whence the order of the GDT. LSTAR is where it goes, FMASK which flags it
 * clears: IF, so that entry.S can change stacks; DF, AC and TF, so that user mode cannot pass on
 * oddities.
 */
#include "kernel.h"

#include "abi.h"

#define STAR_SYSRET  ((uint64_t)(USER_SS - 8) << 48)
#define STAR_SYSCALL ((uint64_t)KERNEL_CS << 32)

void syscall_init(void)
{
    CHECK(cpuid_edx(CPUID_EXTENDED) & CPUID_EDX_SYSCALL);
    write_msr(MSR_EFER, read_msr(MSR_EFER) | EFER_SCE);
    write_msr(MSR_STAR, STAR_SYSRET | STAR_SYSCALL);
    write_msr(MSR_LSTAR, (uint64_t)syscall_entry);
    write_msr(MSR_FMASK, RFLAGS_IF | RFLAGS_DF | RFLAGS_AC | RFLAGS_TF);
}

/*
 * 14.2 User addresses are promises. The range must lie in the user's half, and the copy itself
 * may still fault: on a page that comes on demand, which is mapped and the copy goes on, or on
 * nothing, and then the copy ends early. Returns whether all was copied.
 */
static bool copy_from_user(void *to, uint64_t from, size_t length)
{
    if (from >= USER_TOP || length > USER_TOP - from)
        return false;
    asm volatile("1:  rep movsb\n"
                 "2:\n" FIXUP("1b", "2b")
                 : "+D"(to), "+S"(from), "+c"(length)
                 :
                 : "memory");
    return length == 0;
}

static long sys_write(uint64_t address, uint64_t length)
{
    char buffer[128];

    for (uint64_t done = 0; done < length;) {
        size_t part = length - done < sizeof(buffer) ? length - done : sizeof(buffer);

        if (!copy_from_user(buffer, address + done, part))
            return ERROR_ADDRESS;
        console_write(buffer, part);
        done += part;
    }
    return (long)length;
}

/* 14.3 Both gates lead here. The gate came with interrupts off; the work is done with them on. */
void system_call(struct trap_frame *frame)
{
    long result = 0;

    counts.gates[frame->vector == VECTOR_SYSCALL]++;
    sti();
    switch (frame->rax) {
    case SYS_WRITE:
        result = sys_write(frame->rdi, frame->rsi);
        break;
    case SYS_GETPID:
        result = task_pid();
        break;
    case SYS_YIELD:
        task_yield();
        break;
    case SYS_TICKS:
        result = (long)timer_ticks();
        break;
    case SYS_EXIT:
        task_exit((long)frame->rdi);
    default:
        result = ERROR_NUMBER;
        break;
    }
    cli();
    frame->rax = (uint64_t)result;
}
