/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the kernel offer one another, in the order in which they are read. */
#ifndef HELLO_KERNEL_H
#define HELLO_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cpu.h"
#include "layout.h"

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
static inline void *phys_to_virt(uint64_t physical)
{
    return (void *)(physical + KERNEL_BASE);
}

static inline uint64_t virt_to_phys(const void *address)
{
    return (uint64_t)address - KERNEL_BASE;
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
struct cpu {
    uint64_t kernel_stack; /* entry.S reads these three by the offsets in layout.h */
    uint64_t user_stack;
    struct task *current;
};
void segments_init(void);
void set_kernel_stack(uint64_t top);
struct task *current_task(void);
void set_current_task(struct task *task);

/* entry.S and trap.c: the gates. */
struct trap_frame {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
    uint64_t rbp, rdi, rsi, rdx, rcx, rbx, rax;
    uint64_t vector, error;
    uint64_t rip, cs, rflags, rsp, ss;
};
struct fault {
    uint64_t vector, error, address;
};
extern struct fault last_fault;
extern const uint64_t trap_stubs[VECTOR_IRQ0 + 16];
void stub_int80(void);
void syscall_entry(void);
void trap_return(void);
void switch_context(uint64_t *save, uint64_t load);
void trap_init(void);
void trap_dispatch(struct trap_frame *frame);

/* memory.c: physical pages, zeroed, by physical address. */
void memory_init(const struct start_info *info);
uint64_t memory_end(void);
uint64_t page_alloc(void);
void page_free(uint64_t page);
uint64_t pages_free(void);

/* paging.c: page tables and address spaces, each known by its root's physical address. */
#define PTE_PRESENT  0x001ul
#define PTE_WRITABLE 0x002ul
#define PTE_USER     0x004ul
#define PTE_LARGE    0x080ul
#define PTE_GLOBAL   0x100ul
#define PTE_PRIVATE  0x200ul /* ours, ignored by the processor: freed with the address space */
#define PTE_NX       0x8000000000000000ul
#define PTE_ADDRESS  0x000ffffffffff000ul
void paging_init(void);
uint64_t kernel_space(void);
uint64_t space_create(void);
void space_destroy(uint64_t root);
void space_map(uint64_t root, uint64_t address, uint64_t page, uint64_t flags);
void space_unmap(uint64_t root, uint64_t address);

/* pic.c and timer.c: interrupts, and the only one that is open. */
void pic_init(void);
void pic_unmask(unsigned irq);
void pic_interrupt(unsigned irq);
void timer_init(void);
void timer_tick(void);
uint64_t timer_ticks(void);
void timer_wait(uint64_t ticks);

/* user.c: the user program's first instruction, at its user address. */
void user_start(void) NORETURN;

/* task.c: two user tasks, taken in turn. */
struct task_counts {
    uint64_t preemptions, demand_pages, system_calls, gates[2];
};
extern struct task_counts counts;
void tasks_start(void);
void tasks_wait(void);
void tasks_free(void);
void task_yield(void);
int task_pid(void);
void task_exit(long status) NORETURN;
bool task_demand_page(uint64_t address);
void task_tick(void);
void task_preempt_if_due(void);

/* syscall.c */
void syscall_init(void);
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
