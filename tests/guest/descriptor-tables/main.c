/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: the descriptor tables belong to the virtual CPU: the real registers hold the hypervisor's,
 * and sgdt, sidt, sldt and str would show them without a trap. Expected: what was loaded is what is
 * shown; selectors that cannot be loaded raise #GP or #NP with the selector, and leave the register
 * as it was; ltr marks its TSS busy; a new IDT and a new GDT hold from the next instruction on. */
#include "guest.h"

static uint64_t other_gdt[GDT_ENTRIES];
static struct gate other_idt[256];
static uint64_t ldt[4] = {0, 0x00cf93000000ffff};

static unsigned task(void)
{
    uint16_t selector;

    asm volatile("str %0" : "=r"(selector));
    return selector;
}

static unsigned local(void)
{
    uint16_t selector;

    asm volatile("sldt %0" : "=r"(selector));
    return selector;
}

asm(".text\nhook_handler_entry: movq $1, hooked(%rip); addq $2, (%rsp); iretq");
extern char hook_handler_entry[];
uint64_t hooked;

void test(void)
{
    struct table_pointer pointer = {0x1234, 0x5678}, shown = {0, 0};
    uint64_t value, keep;

    asm volatile("sgdt %0" : "=m"(shown));
    show("GDT limit", shown.limit);
    check("GDT base", shown.base == (uint64_t)gdt);
    asm volatile("sidt %0" : "=m"(shown));
    show("IDT limit", shown.limit);
    check("IDT base", shown.base == (uint64_t)idt);
    TRY("sgdt (%0)", ::"r"(WINDOW) : "memory");
    outcome("sgdt to no page");
    TRY("lgdt (%0)", ::"r"(WINDOW) : "memory");
    outcome("lgdt from no page");
    TRY("lidt (%0)", ::"r"(WINDOW) : "memory");
    outcome("lidt from no page");
    TRY("lidt (%0)", ::"r"(0x800000000000) : "memory");
    outcome("lidt from no address");
    keep = page_new();
    map(WINDOW, keep, PTE_P | PTE_W);
    TRY("sidt (%0)", ::"r"(WINDOW + PAGE_SIZE - 4) : "memory");
    outcome("sidt over the end of a page");
    unmap(WINDOW);

    memcpy(other_gdt, gdt, sizeof(gdt));
    pointer = (struct table_pointer){0x5f, (uint64_t)other_gdt};
    asm volatile("lgdt %0" ::"m"(pointer));
    asm volatile("sgdt %0" : "=m"(shown));
    show("another GDT's limit", shown.limit);
    check("another GDT's base", shown.base == (uint64_t)other_gdt);
    other_gdt[FREE_SELECTOR / 8] = 0x00cf93000000ffff;
    TRY("movl %0, %%es", ::"r"(FREE_SELECTOR));
    outcome("its last entry");
    TRY("movl %0, %%es", ::"r"(FREE_SELECTOR + 8));
    outcome("behind its limit");
    TRY("int3", ::: "memory");
    outcome("an exception with it");
    asm volatile("movl %0, %%es" ::"r"(0));
    pointer = (struct table_pointer){sizeof(gdt) - 1, (uint64_t)gdt};
    asm volatile("lgdt %0" ::"m"(pointer));

    memcpy(other_idt, idt, sizeof(idt));
    value = (uint64_t)hook_handler_entry;
    other_idt[6].offset_low = (uint16_t)value;
    other_idt[6].offset_middle = (uint16_t)(value >> 16);
    other_idt[6].offset_high = (uint32_t)(value >> 32);
    pointer = (struct table_pointer){sizeof(other_idt) - 1, (uint64_t)other_idt};
    asm volatile("lidt %0; ud2" ::"m"(pointer) : "memory");
    show("another IDT's handler ran", hooked);
    pointer = (struct table_pointer){sizeof(idt) - 1, (uint64_t)idt};
    asm volatile("lidt %0" ::"m"(pointer));
    TRY("ud2", ::: "memory");
    outcome("and the first one's again");
    pointer = (struct table_pointer){0x20 * 16 - 1, (uint64_t)idt};
    asm volatile("lidt %0" ::"m"(pointer));
    TRY("int $0x30", ::: "memory");
    check("int behind the IDT's limit raises #GP", fault.frame.vector == 13);
    check("at the instruction", !fault.behind);
    check("with the vector (TCG: n * 16 + 2)",
          fault.frame.error == 0x30 * 8 + 2 || fault.frame.error == 0x30 * 16 + 2);
    pointer = (struct table_pointer){sizeof(idt) - 1, (uint64_t)idt};
    asm volatile("lidt %0" ::"m"(pointer));

    show("LDT at first", local());
    descriptor_system(&gdt[LDT_SELECTOR / 8], (uint64_t)ldt, sizeof(ldt) - 1, 2);
    asm volatile("lldt %w0" ::"r"(LDT_SELECTOR));
    show("lldt", local());
    TRY("movl %0, %%es", ::"r"(0x0c));
    outcome("a segment of the LDT");
    TRY("movl %0, %%es", ::"r"(0x24));
    outcome("behind the LDT's limit");
    asm volatile("movl %0, %%es" ::"r"(0));
    TRY("lldt %w0", ::"r"(KERNEL_SS));
    outcome("lldt of a data segment");
    TRY("lldt %w0", ::"r"(0x0c));
    outcome("lldt of a selector of the LDT");
    TRY("lldt %w0", ::"r"(0x200));
    outcome("lldt behind the GDT");
    gdt[LDT_SELECTOR / 8] &= ~(1ul << 47);
    TRY("lldt %w0", ::"r"(LDT_SELECTOR));
    outcome("lldt of one that is not present");
    show("still", local());
    TRY("lldt %w0", ::"r"(0));
    outcome("lldt of 0");
    show("none", local());
    TRY("movl %0, %%es", ::"r"(0x0c));
    outcome("a segment of no LDT");
    value = ~0ul;
    asm volatile("sldt %k0" : "+r"(value));
    show("sldt to a 32-bit register", value);
    value = ~0ul;
    asm volatile("sldt %0" : "+m"(value));
    show("sldt to memory: two bytes", value);

    show("task register", task());
    value = ~0ul;
    asm volatile("str %q0" : "+r"(value));
    show("str to a 64-bit register", value);
    value = ~0ul;
    asm volatile("str %0" : "+m"(value));
    show("str to memory: two bytes", value);
    show("type of its TSS", gdt[TSS_SELECTOR / 8] >> 40 & 0x1f);
    TRY("ltr %w0", ::"r"(TSS_SELECTOR));
    outcome("ltr of a busy one");
    TRY("ltr %w0", ::"r"(KERNEL_SS));
    outcome("ltr of a data segment");
    descriptor_system(&gdt[FREE_SELECTOR / 8], (uint64_t)&tss, sizeof(tss) - 1, 9);
    gdt[FREE_SELECTOR / 8] &= ~(1ul << 47);
    TRY("ltr %w0", ::"r"(FREE_SELECTOR));
    outcome("ltr of one that is not present");
    show("still", task());
    gdt[FREE_SELECTOR / 8] |= 1ul << 47;
    TRY("ltr %w0", ::"r"(FREE_SELECTOR));
    outcome("ltr");
    show("new", task());
    show("type of the new one", gdt[FREE_SELECTOR / 8] >> 40 & 0x1f);
    show("type of the old one", gdt[TSS_SELECTOR / 8] >> 40 & 0x1f);
}
