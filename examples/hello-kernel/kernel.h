/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of the kernel offer one another, in the order in which they are read. The same
 * code runs on x86_64 and on i386: there an unsigned long is what a register holds, be it an
 * address, virtual or physical, or a page table entry. What differs is in the folder named after
 * the processor, under the same file names in both.
 */
#ifndef HELLO_KERNEL_H
#define HELLO_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cpu.h"
#include "gates.h"
#include "layout.h"
#include "paging.h"

#define NORETURN    __attribute__((noreturn))
#define PRINTF_LIKE __attribute__((format(printf, 1, 2)))

/* Exit codes that are ours rather than the command line's. */
#define EXIT_PANIC      99
#define EXIT_BAD_OPTION 98

/* Everything the linker script says about our image. Only the addresses mean something. */
extern char text_start[], text_end[], rodata_start[], rodata_end[], data_start[], data_end[];
extern char user_text_start[], user_text_end[], user_rodata_start[], user_rodata_end[];
extern char user_image[], image_end[];

/* Physical memory that is RAM, as the kernel sees it, and back. */
static inline void *phys_to_virt(unsigned long physical)
{
    return (void *)(physical + KERNEL_BASE);
}

static inline unsigned long virt_to_phys(const void *address)
{
    return (unsigned long)address - KERNEL_BASE;
}

/* console.c: the serial port. print.c: %c %s %d %u %x, with l, width and 0; a line at a time. */
void console_init(void);
void console_write(const char *text, size_t length);
void print(const char *format, ...) PRINTF_LIKE;
void stage(const char *name);

/* cmdline.c: the words of the command line. */
struct options {
    unsigned exit_code; /* exit=N: 0 to 99 */
    unsigned ticks;     /* ticks=N: how long the timer is watched */
    bool panic;         /* panic: provoke an exception nobody handles */
    bool spin;          /* spin: idle for ever */
};
struct start_info;
void cmdline_parse(const struct start_info *info, struct options *options);

/* segments.c: the GDT, the TSS, and what %gs points to. */
struct task;
void segments_init(void);
void set_kernel_stack(unsigned long top);
struct task *current_task(void);
void set_current_task(struct task *task);

/* entry.S and gates.c: the gates. The frames they build are in gates.h. */
extern const unsigned long trap_stubs[VECTOR_IRQ0 + 16];
void stub_int80(void);
void trap_return(void);
void switch_context(unsigned long *save, unsigned long load);
void trap_init(void);
void syscall_init(void);
void print_registers(const struct trap_frame *frame);

/* trap.c: what comes through the gates. */
struct fault {
    unsigned long vector, error, address;
};
extern struct fault last_fault;
void trap_dispatch(struct trap_frame *frame);
void trap_report(const struct trap_frame *frame) NORETURN;

/* memory.c: physical pages, zeroed, by physical address. */
void memory_init(const struct start_info *info);
unsigned long memory_end(void);
unsigned long page_alloc(void);
void page_free(unsigned long page);
unsigned long pages_free(void);

/* paging.c: page tables and address spaces, each known by its root's physical address. The
 * upper bits of an entry, PTE_NX and PTE_ADDRESS, are in paging.h. */
#define PTE_PRESENT  0x001ul
#define PTE_WRITABLE 0x002ul
#define PTE_USER     0x004ul
#define PTE_LARGE    0x080ul
#define PTE_GLOBAL   0x100ul
#define PTE_PRIVATE  0x200ul /* ours, ignored by the processor: freed with the address space */
void paging_init(void);
unsigned long kernel_space(void);
unsigned long space_create(void);
void space_destroy(unsigned long root);
void space_map(unsigned long root, unsigned long address, unsigned long page, unsigned long flags);
void space_unmap(unsigned long root, unsigned long address);

/* pic.c and timer.c: interrupts, and the only one that is open. */
void pic_init(void);
void pic_unmask(unsigned irq);
void pic_interrupt(unsigned irq);
void timer_init(void);
void timer_tick(void);
unsigned long timer_ticks(void);
void timer_wait(unsigned long ticks);

/* user.c: the user program's first instruction, at its user address. */
void user_start(void) NORETURN;

/* task.c: two user tasks, taken in turn. */
struct task_counts {
    unsigned long preemptions, demand_pages, system_calls, gates[SYSTEM_CALL_GATES];
};
extern struct task_counts counts;
void tasks_start(void);
void tasks_wait(void);
void tasks_free(void);
void task_yield(void);
int task_pid(void);
void task_exit(long status) NORETURN;
bool task_demand_page(unsigned long address);
void task_tick(void);
void task_preempt_if_due(void);

/* syscall.c */
void system_call(struct trap_frame *frame);

/* selftest.c: does the processor do as it is told? */
void check_registers(void);
void check_traps(void);
void check_paging(void);
void check_interrupt_flag(void);
void provoke_panic(void) NORETURN;

/* power.c: the ends. */
void machine_exit(unsigned code) NORETURN;
void panic(const char *format, ...) PRINTF_LIKE NORETURN;
#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            panic("%s:%d: not so: %s", __FILE__, __LINE__, #condition);                            \
    } while (0)

#endif
