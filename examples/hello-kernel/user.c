/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Chapter 15: the user program.
 *
 * 15.1 It is linked at USER_TEXT, in sections of its own, and knows nothing of the kernel but
 * abi.h and the places of its pages. Two tasks run it at the same addresses. It has no variables
 * but on its stack, in its heap, and in the page that both tasks share. Its exit status is the
 * number of the first thing it found wrong, or 0.
 */
#include <stdint.h>

#include "abi.h"
#include "layout.h"
#include "user-gate.h"

#define USER   __attribute__((section(".user.text"), noinline))
#define ROUNDS 3

struct shared {
    unsigned long turn;     /* how many lines have been written, so whose turn it is */
    unsigned long steps[2]; /* counted up by each task while it runs */
    unsigned long seen[2];  /* how often each found the other's steps changed */
};

void user_start(void) __attribute__((noreturn));

USER static long by_preferred_gate(long number, long first, long second)
{
    asm volatile(PREFERRED_GATE : "+a"(number) : "D"(first), "S"(second) : GATE_CHANGES);
    return number;
}

USER static long by_int80(long number, long first, long second)
{
    asm volatile("int $0x80" : "+a"(number) : "D"(first), "S"(second) : "memory");
    return number;
}

/* 15.2 Lines are written in turn, task 1 first, so the output does not depend on time. */
USER static void write_in_turn(volatile struct shared *shared, long me, const char *text)
{
    long length = 0;

    while ((long)(shared->turn & 1) != me - 1)
        by_preferred_gate(SYS_YIELD, 0, 0);
    while (text[length])
        length++;
    by_preferred_gate(SYS_WRITE, (long)text, length);
    shared->turn++;
}

/*
 * 15.3 Neither task yields here, each only counts, so one sees the other's count move only when
 * the timer has taken the processor from itself and given it back. Both go on until each has seen
 * it ROUNDS times.
 */
USER static void run_against_the_other(volatile struct shared *shared, long me)
{
    unsigned long last = shared->steps[2 - me];

    while (shared->seen[0] < ROUNDS || shared->seen[1] < ROUNDS) {
        shared->steps[me - 1]++;
        if (shared->steps[2 - me] != last) {
            last = shared->steps[2 - me];
            shared->seen[me - 1]++;
        }
    }
}

USER static long run(void)
{
    volatile struct shared *shared = (struct shared *)USER_SHARED;
    volatile long *heap = (long *)USER_HEAP;
    long me = by_preferred_gate(SYS_GETPID, 0, 0);
    long ticks;

    write_in_turn(shared, me,
                  me == 1 ? "hello-kernel: task 1 says hello\n"
                          : "hello-kernel: task 2 says hello\n");

    /* 15.4 Both gates, good and bad arguments. */
    if (by_int80(SYS_GETPID, 0, 0) != me)
        return 1;
    if (by_int80(SYS_WRITE, (long)KERNEL_BASE, 1) != ERROR_ADDRESS)
        return 2;
    if (by_preferred_gate(SYS_WRITE, USER_SHARED + PAGE_SIZE, 1) != ERROR_ADDRESS)
        return 3;
    if (by_preferred_gate(-1, 0, 0) != ERROR_NUMBER)
        return 4;

    /* 15.5 The heap is not there until used, comes zeroed, and is nobody else's. */
    if (heap[0] != 0)
        return 5;
    heap[0] = me;

    ticks = by_int80(SYS_TICKS, 0, 0);
    run_against_the_other(shared, me);
    if (by_preferred_gate(SYS_TICKS, 0, 0) < ticks + ROUNDS)
        return 6;
    if (heap[0] != me)
        return 7;

    write_in_turn(shared, me,
                  me == 1 ? "hello-kernel: task 1 was preempted and came back\n"
                          : "hello-kernel: task 2 was preempted and came back\n");
    return 0;
}

/* 15.6 The kernel starts each task here. */
USER void user_start(void)
{
    long status = run();

    for (;;)
        by_preferred_gate(SYS_EXIT, status, 0);
}
