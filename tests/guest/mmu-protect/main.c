/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: page tables of a place may know no difference between the guest's kernel and its user mode,
 * or have no bits to spare; what a page allows must hold all the same. Expected: read, write and
 * fetch from kernel and user mode on every kind of page raise #PF with exactly these bits: 1
 * present, 2 write, 4 user, 16 fetch. The rights of all levels are combined. */
#include "guest.h"

#define PLACE 0x10000000ul

USER_CODE(user_read, "movq (%rdi), %rax; ud2");
USER_CODE(user_write, "movq %rax, 8(%rdi); ud2");
USER_CODE(user_jump, "jmp *%rdi");
USER_CODE(user_finish, "ud2");

static volatile uint64_t *entry, *table;

static void user(const char *code)
{
    struct frame frame;

    user_prepare(&frame, code);
    frame.rdi = PLACE + 0x100;
    frame.rsp = USER_STACK - 8;
    user_run(&frame);
    if (frame.vector == 6)
        print(" fine");
    else if (frame.vector == 14)
        print(" %lx%s", frame.error,
              user_cr2 == PLACE + 0x100 + (code == user_write ? 8 : 0) ? "" : "(CR2 IS WRONG)");
    else
        print(" vector %lu", frame.vector);
}

static void one(const char *name, uint64_t flags, uint64_t upper)
{
    uint64_t address = PLACE + 0x100;

    *entry = (*entry & PTE_ADDRESS) | flags;
    *table = (*table & PTE_ADDRESS) | upper;
    invlpg(PLACE);
    print("%s: kernel", name);
    TRY("movq (%0), %%rax", ::"r"(address) : "rax", "memory");
    fault.frame.vector == NO_FAULT ? print(" fine") : print(" %lx", fault.frame.error);
    TRY("lock; addq $0, (%0)", ::"r"(address) : "rax", "memory", "cc");
    fault.frame.vector == NO_FAULT ? print(" fine") : print(" %lx", fault.frame.error);
    fault.frame.vector = NO_FAULT;
    asm volatile("leaq 1f(%%rip), %%rax; pushq %%rax; pushq %0; ret\n1:" ::"r"(address)
                 : "rax", "memory");
    fault.frame.vector == NO_FAULT ? print(" fine") : print(" %lx", fault.frame.error);
    print(", user");
    user(user_read);
    user(user_write);
    user(user_jump);
    print("\n");
}

/* A jump to the page: its first instruction is ret. */
static bool hook(struct frame *frame)
{
    if (frame->cs & 3 || frame->rip != PLACE + 0x100)
        return false;
    fault.frame = *frame;
    frame->rip = *(uint64_t *)frame->rsp;
    frame->rsp += 8;
    return true;
}

void test(void)
{
    uint64_t page = page_new();
    const uint64_t all = PTE_P | PTE_W | PTE_U;

    trap_hook = hook;
    memset(at(page), 0xc3, PAGE_SIZE); /* ret: to user_finish from user mode */
    map(PLACE, page, 0);
    entry = entry_in(kernel_root, PLACE, 1);
    table = entry_in(kernel_root, PLACE, 2);
    *(uint64_t *)(USER_STACK - 8) = (uint64_t)user_finish;
    one("none", 0, all);
    one("read-only", PTE_P, all);
    one("writable", PTE_P | PTE_W, all);
    one("read-only, NX", PTE_P | PTE_NX, all);
    one("writable, NX", PTE_P | PTE_W | PTE_NX, all);
    one("user, read-only", PTE_P | PTE_U, all);
    one("user, writable", all, all);
    one("user, writable, NX", all | PTE_NX, all);
    one("read-only above", all, PTE_P | PTE_U);
    one("kernel above", all, PTE_P | PTE_W);
    one("NX above", all, all | PTE_NX);
    one("none above", all, PTE_W | PTE_U);
    one("user, writable", all, all);
}
