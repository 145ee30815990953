/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Chapter 13: tasks.
 *
 * 13.1 A task is a kernel stack and an address space. Task 0 is the thread that booted; it runs
 * when no other can, that is when all have ended. Tasks 1 and 2 run the user program.
 */
#include "kernel.h"

#define TASKS      3
#define STACK_SIZE (2 * PAGE_SIZE)

enum state { UNUSED, RUNNABLE, ENDED };

struct task {
    int pid;
    enum state state;
    unsigned long stack_pointer; /* while another task runs */
    unsigned long space;
    long status;
};

static struct task tasks[TASKS];
static uint8_t stacks[TASKS - 1][STACK_SIZE] __attribute__((aligned(16)));
static unsigned long shared_page;
static bool slice_is_over;

struct task_counts counts;

/* Task 0 has the boot stack, and never leaves for user mode to come back on it. */
static unsigned long stack_top(const struct task *task)
{
    return (unsigned long)stacks[task->pid - 1] + STACK_SIZE;
}

/*
 * 13.2 The whole scheduler: the next runnable task in turn. It is called with interrupts off and
 * returns when it is the caller's turn again.
 */
static struct task *next_task(const struct task *after)
{
    for (int i = 1; i <= TASKS; i++) {
        struct task *task = &tasks[(after->pid + i) % TASKS];

        if (task->pid && task->state == RUNNABLE)
            return task;
    }
    return &tasks[0];
}

static void schedule(void)
{
    struct task *previous = current_task();
    struct task *next = next_task(previous);

    slice_is_over = false;
    if (next == previous)
        return;
    set_current_task(next);
    if (next->pid)
        set_kernel_stack(stack_top(next));
    write_cr3(next->space);
    switch_context(&previous->stack_pointer, next->stack_pointer);
}

void task_yield(void)
{
    unsigned long flags = read_flags();

    cli();
    schedule();
    write_flags(flags);
}

/* 13.3 A tick ends the time slice; the way out of the kernel acts on it (8.7). */
void task_tick(void)
{
    slice_is_over = true;
}

void task_preempt_if_due(void)
{
    if (slice_is_over) {
        counts.preemptions++;
        schedule();
    }
}

/*
 * 13.4 A new task's kernel stack looks as if the task had been interrupted before its first
 * instruction and then switched away: first what switch_context() pops, whose return address is
 * trap_return, then a frame that leads to user mode. At the function's start the stack pointer is
 * one word below a multiple of 16, as if a call had led there.
 */
struct first_frame {
    struct switch_frame switched;
    struct trap_frame trap;
};

static void map_user(unsigned long space, const char *from, const char *to, unsigned long flags)
{
    unsigned long offset = virt_to_phys(user_image) - USER_TEXT;

    for (unsigned long page = (unsigned long)from; page < (unsigned long)to; page += PAGE_SIZE)
        space_map(space, page, page + offset, flags | PTE_USER);
}

static void start(int pid)
{
    struct task *task = &tasks[pid];
    struct first_frame *frame;

    *task = (struct task){.pid = pid, .state = RUNNABLE, .space = space_create()};
    map_user(task->space, user_text_start, user_text_end, 0);
    map_user(task->space, user_rodata_start, user_rodata_end, PTE_NX);
    space_map(task->space, USER_SHARED, shared_page, PTE_USER | PTE_WRITABLE | PTE_NX);

    frame = (struct first_frame *)stack_top(task) - 1;
    *frame = (struct first_frame){
        .switched.return_address = (unsigned long)trap_return,
        .trap = user_frame((unsigned long)user_start, USER_STACK_TOP - sizeof(long)),
    };
    task->stack_pointer = (unsigned long)frame;
}

void tasks_start(void)
{
    shared_page = page_alloc();
    tasks[0] = (struct task){.state = RUNNABLE, .space = kernel_space()};
    set_current_task(&tasks[0]);
    for (int pid = 1; pid < TASKS; pid++)
        start(pid);
}

/* 13.5 Task 0 gives way; it is back when nobody else can run. */
void tasks_wait(void)
{
    task_yield();
    for (int pid = 1; pid < TASKS; pid++) {
        if (tasks[pid].state != ENDED || tasks[pid].status)
            panic("task %d ended with status %ld", pid, tasks[pid].status);
    }
}

/* 13.6 Nobody can free the tables he runs on, so this is task 0's job. */
void tasks_free(void)
{
    for (int pid = 1; pid < TASKS; pid++) {
        space_destroy(tasks[pid].space);
        tasks[pid].state = UNUSED;
    }
    page_free(shared_page);
}

int task_pid(void)
{
    return current_task()->pid;
}

void task_exit(long status)
{
    cli();
    current_task()->status = status;
    current_task()->state = ENDED;
    schedule();
    panic("an ended task runs");
}

/* 13.7 Is `address` in the current task's heap or stack? Then it gets its page now. */
bool task_demand_page(unsigned long address)
{
    const struct task *task = current_task();
    bool heap = address - USER_HEAP < USER_HEAP_SIZE;
    bool stack = address - (USER_STACK_TOP - USER_STACK_SIZE) < USER_STACK_SIZE;

    if (!task || !task->pid || !(heap || stack))
        return false;
    space_map(task->space, address & -(unsigned long)PAGE_SIZE, page_alloc(),
              PTE_USER | PTE_WRITABLE | PTE_NX | PTE_PRIVATE);
    counts.demand_pages++;
    return true;
}
