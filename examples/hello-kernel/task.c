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
    uint64_t stack_pointer; /* while another task runs */
    uint64_t space;
    long status;
};

static struct task tasks[TASKS];
static uint8_t stacks[TASKS - 1][STACK_SIZE] __attribute__((aligned(16)));
static uint64_t shared_page;
static bool slice_is_over;

struct task_counts counts;

/* Task 0 has the boot stack, and never leaves for user mode to come back on it. */
static uint64_t stack_top(const struct task *task)
{
    return (uint64_t)stacks[task->pid - 1] + STACK_SIZE;
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
    uint64_t flags = read_flags();

    cli();
    schedule();
    write_flags(flags);
}

/* 13.3 A tick ends the time slice; the way out of the kernel acts on it (8.5). */
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
 * 8 below a multiple of 16, as if a call had led there.
 */
struct first_frame {
    uint64_t callee_saved[6];
    uint64_t return_address;
    struct trap_frame trap;
};

static void map_user(uint64_t space, const char *from, const char *to, uint64_t flags)
{
    uint64_t offset = virt_to_phys(user_image) - USER_TEXT;

    for (uint64_t page = (uint64_t)from; page < (uint64_t)to; page += PAGE_SIZE)
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
        .return_address = (uint64_t)trap_return,
        .trap =
            {
                .rip = (uint64_t)user_start,
                .cs = USER_CS,
                .rflags = RFLAGS_FIXED | RFLAGS_IF,
                .rsp = USER_STACK_TOP - 8,
                .ss = USER_SS,
            },
    };
    task->stack_pointer = (uint64_t)frame;
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
bool task_demand_page(uint64_t address)
{
    const struct task *task = current_task();
    bool heap = address - USER_HEAP < USER_HEAP_SIZE;
    bool stack = address - (USER_STACK_TOP - USER_STACK_SIZE) < USER_STACK_SIZE;

    if (!task || !task->pid || !(heap || stack))
        return false;
    space_map(task->space, address & -(uint64_t)PAGE_SIZE, page_alloc(),
              PTE_USER | PTE_WRITABLE | PTE_NX | PTE_PRIVATE);
    counts.demand_pages++;
    return true;
}
