/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: segment registers show the real privilege level, and loads of them go to the hypervisor's
 * tables, without a trap.
 * Expected: each register shows the selector that was loaded, by mov, push, pop, lss, lfs or lgs; a
 * selector that the manual forbids raises #GP, #SS or #NP with that selector, at the instruction,
 * and the register stays; 64-bit kernel code may have a null SS. */
#include "guest.h"

#define READ(name)                                                                                 \
    ({                                                                                             \
        uint64_t value_ = ~0ul;                                                                    \
        asm volatile("movl %%" name ", %k0" : "=r"(value_));                                       \
        value_;                                                                                    \
    })

static void load(const char *name, uint32_t selector)
{
    TRY("movl %0, %%ds", ::"r"(selector) : "memory");
    print("DS, ");
    outcome(name);
}

static void load_stack(const char *name, uint32_t selector)
{
    TRY_PADDED("movl %0, %%ss", ::"r"(selector) : "memory");
    print("SS, ");
    outcome(name);
}

struct far32 {
    uint32_t offset;
    uint16_t selector;
} __attribute__((packed));
struct far16 {
    uint16_t offset, selector;
};

void test(void)
{
    uint64_t value = ~0ul, pushed;
    struct far32 far32 = {0x89abcdef, 11 * 8};
    struct far16 far16 = {0x1234, 12 * 8};
    uint16_t word = 0x5555;

    show("CS", READ("cs"));
    show("SS", READ("ss"));
    show("DS", READ("ds"));
    show("ES", READ("es"));
    show("FS", READ("fs"));
    show("GS", READ("gs"));
    asm volatile("movw %%cs, %w0" : "+r"(value));
    show("16 bits leave the rest", value);
    value = ~0ul;
    asm volatile("movw %%ss, %0" : "+m"(value));
    show("memory gets two bytes", value);
    asm volatile("movq %%ss, %0" : "=r"(value));
    show("64 bits", value);

    gdt[11] = 0x00cf93000000ffff;             /* kernel data */
    gdt[12] = 0x00cf91000000ffff;             /* read-only */
    gdt[13] = 0x00cf13000000ffff;             /* not present */
    gdt[14] = 0x00cf99000000ffff;             /* code, not readable */
    gdt[15] = 0x00cf9b000000ffff;             /* code, readable */
    gdt[16] = 0x00cf93000000ffff | 3ul << 45; /* user data */
    gdt[17] = 0x00cf9f000000ffff;             /* code, conforming and readable */
    load("kernel data", 11 * 8);
    show("DS", READ("ds"));
    load("RPL 3", 11 * 8 + 3);
    show("DS", READ("ds"));
    load("read-only data", 12 * 8);
    load("data that is not present", 13 * 8);
    show("DS", READ("ds"));
    load("code only to execute", 14 * 8);
    load("readable code", 15 * 8);
    load("user data", 16 * 8);
    load("user data, RPL 3", 16 * 8 + 3);
    load("conforming code, RPL 3", 17 * 8 + 3);
    load("a TSS", TSS_SELECTOR);
    load("behind the GDT", 0x100);
    load("an LDT that is none", 0x0c);
    load("0", 0);
    load("3, which is null, too", 3);
    show("DS", READ("ds"));
    load("0", 0);

    load_stack("kernel data", 11 * 8);
    show("SS", READ("ss"));
    load_stack("null", 0);
    show("SS", READ("ss"));
    TRY("ud2", ::: "memory");
    show("SS in a frame", fault.frame.ss);
    load_stack("RPL 3", 11 * 8 + 3);
    load_stack("read-only data", 12 * 8);
    load_stack("data that is not present", 13 * 8);
    gdt[18] = 0x00cf13000000ffff;
    load_stack("code", 15 * 8);
    load_stack("user data, RPL 3", 16 * 8 + 3);
    load_stack("behind the GDT", 0x100);
    load_stack("as before", KERNEL_SS);
    show("SS", READ("ss"));

    asm volatile("movl %0, %%fs; movl %0, %%gs; movl %0, %%es" ::"r"(11 * 8));
    show("ES", READ("es"));
    show("FS", READ("fs"));
    show("GS", READ("gs"));
    asm volatile("movq %%rsp, %1; pushq %%fs; subq %%rsp, %1; popq %0"
                 : "=r"(value), "=&r"(pushed)::"memory");
    show("push of FS", value);
    show("bytes", pushed);
    asm volatile("movq %%rsp, %1; pushw %%gs; subq %%rsp, %1; popw %w0"
                 : "=r"(word), "=&r"(pushed)::"memory");
    show("push of GS, 16 bits", word);
    show("bytes", pushed);
    asm volatile("pushq $0; popq %%fs; pushw $0; popw %%gs" ::: "memory");
    show("pop to FS", READ("fs"));
    show("pop to GS, 16 bits", READ("gs"));
    TRY("pushq %1; movq %%rsp, %0\n803: popq %%gs\n804: addq $8, %%rsp" EXPECT("803b", "804b",
                                                                               0) "\n805:",
        : "=&r"(value)
        : "r"(13ul * 8)
        : "memory");
    outcome("pop to GS of what is not present");
    check("RSP in the frame is that before it", fault.frame.rsp == value);

    asm volatile("movq $-1, %0; lfs %1, %k0" : "=&r"(value) : "m"(far32));
    show("lfs, the offset", value);
    show("FS", READ("fs"));
    value = ~0ul;
    asm volatile("lfs %1, %w0" : "+r"(value) : "m"(far16));
    show("lfs of 16 bits, the offset", value);
    far32.selector = 12 * 8;
    value = ~0ul;
    asm volatile("lgs %1, %k0" : "+r"(value) : "m"(far32));
    show("lgs of 32 bits, the offset", value);
    show("GS", READ("gs"));
    far32.selector = 0x100;
    value = 0x77;
    TRY("lgs %1, %k0", : "+r"(value) : "m"(far32));
    outcome("lgs of a bad selector");
    show("leaves the register", value);
    far32.selector = KERNEL_SS;
    asm volatile("movl %1, %%ss; lss %2, %k0" : "=&r"(value) : "r"(11 * 8), "m"(far32));
    show("lss, the offset", value);
    show("lss", READ("ss"));
    TRY("lfs (%0), %%eax", ::"r"(WINDOW) : "rax", "memory");
    outcome("lfs of no page");
    TRY("movw (%0), %%es", ::"r"(WINDOW) : "memory");
    outcome("mov of no page");
    asm volatile("movl %0, %%ds; movl %0, %%es; movl %0, %%fs; movl %0, %%gs" ::"r"(0));
}
