/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Chapter 14: system calls.
 *
 * 14.1 User addresses are promises. The range must lie in the user's half, and the copy itself
 * may still fault: on a page that comes on demand, which is mapped and the copy goes on, or on
 * nothing, and then the copy ends early. Returns whether all was copied.
 */
#include "kernel.h"

#include "abi.h"

static bool copy_from_user(void *to, unsigned long from, size_t length)
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

static long sys_write(unsigned long address, unsigned long length)
{
    char buffer[128];

    for (unsigned long done = 0; done < length;) {
        size_t part = length - done < sizeof(buffer) ? length - done : sizeof(buffer);

        if (!copy_from_user(buffer, address + done, part))
            return ERROR_ADDRESS;
        console_write(buffer, part);
        done += part;
    }
    return (long)length;
}

/* 14.2 All gates lead here. The gate came with interrupts off; the work is done with them on. */
void system_call(struct trap_frame *frame)
{
    long result = 0;

    counts.gates[gate_used(frame)]++;
    sti();
    switch (frame->ax) {
    case SYS_WRITE:
        result = sys_write(frame->di, frame->si);
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
        task_exit((long)frame->di);
    default:
        result = ERROR_NUMBER;
        break;
    }
    cli();
    frame->ax = (unsigned long)result;
}
