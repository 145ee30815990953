/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The machine a case runs on: a plain 64-bit kernel's descriptor tables, every optional feature of
 * the processor switched on (an instruction behind a disabled feature is #UD in both rings and
 * would tell nothing), no feature switched on that takes instructions away from ring 3 (UMIP, TSD),
 * so that what differs does so by the architecture. */
#include "guest.h"

#define CR0_WANTED 0x80010033u /* PG WP NE ET MP PE: no EM, no TS */

enum cr4 {
    CR4_PAE = 1u << 5,
    CR4_OSFXSR = 1u << 9,
    CR4_OSXMMEXCPT = 1u << 10,
    CR4_FSGSBASE = 1u << 16,
    CR4_OSXSAVE = 1u << 18,
    CR4_PKE = 1u << 22,
};

enum efer {
    EFER_SCE = 1u << 0,
    EFER_LME = 1u << 8,
    EFER_LMA = 1u << 10,
    EFER_SVME = 1u << 12,
};

#define TIMER_VECTOR      0x20
#define TIMER_PERIOD      10000000u /* QEMU's local APIC counts nanoseconds: 10 ms */
#define BREAKPOINT_VECTOR 3

struct __attribute__((packed)) task_state {
    uint32_t reserved0;
    uint64_t rsp[3];
    uint64_t reserved1;
    uint64_t ist[7];
    uint64_t reserved2;
    uint16_t reserved3;
    uint16_t io_map;
};

struct gate {
    uint16_t offset_low;
    uint16_t selector;
    uint8_t ist;
    uint8_t type;
    uint16_t offset_middle;
    uint32_t offset_high;
    uint32_t reserved;
};

#define GDT_ENTRIES 13

static uint64_t gdt[GDT_ENTRIES];
static uint64_t gdt_wanted[GDT_ENTRIES];
static struct gate idt[256];
static struct task_state tss;
static uint64_t ldt[2];
static _Alignas(16) uint8_t interrupt_stack[4096];
static _Alignas(4096) uint8_t vm_host_save[4096]; /* vmrun wants a page for the host's state */
static struct sweep_outcome baseline;

/* System-segment descriptors take two entries in 64-bit mode. */
static void set_system_descriptor(unsigned selector, const void *base, uint32_t limit,
                                  unsigned type)
{
    uint64_t address = (uintptr_t)base;
    unsigned entry = selector / 8;

    gdt_wanted[entry] = (limit & 0xffff) | (address & 0xffffff) << 16 |
                        (uint64_t)(0x80 | type) << 40 | (address >> 24 & 0xff) << 56;
    gdt_wanted[entry + 1] = address >> 32;
}

static void set_up_descriptors(void)
{
    /* Accessed already, so that a load leaves no trace in the table. */
    gdt_wanted[SWEEP_KERNEL_CODE_64 / 8] = 0x00af9b000000ffff;
    gdt_wanted[SWEEP_KERNEL_DATA / 8] = 0x00cf93000000ffff;
    gdt_wanted[SWEEP_KERNEL_CODE_32 / 8] = 0x00cf9b000000ffff;
    gdt_wanted[SWEEP_USER_CODE_32 / 8] = 0x00cffb000000ffff;
    gdt_wanted[SWEEP_USER_DATA / 8] = 0x00cff3000000ffff;
    gdt_wanted[SWEEP_USER_CODE_64 / 8] = 0x00affb000000ffff;
    set_system_descriptor(SWEEP_LDT, ldt, sizeof(ldt) - 1, 2);
    set_system_descriptor(SWEEP_TSS, &tss, sizeof(tss) - 1, 9);
    set_system_descriptor(SWEEP_TSS_FREE, &tss, sizeof(tss) - 1, 9);

    tss.ist[0] = (uintptr_t)(interrupt_stack + sizeof(interrupt_stack));
    tss.rsp[0] = tss.ist[0];
    tss.io_map = sizeof(tss); /* beyond the limit: no port is open to ring 3 */

    for (unsigned vector = 0; vector < 256; vector++) {
        uint64_t stub = (uintptr_t)vector_stubs + 16 * vector;
        /* Only int3, which ends the cases, may be raised by ring 3's own instruction. */
        idt[vector] = (struct gate){
            .offset_low = stub,
            .selector = SWEEP_KERNEL_CODE_64,
            .ist = 1,
            .type = vector == BREAKPOINT_VECTOR ? 0xee : 0x8e,
            .offset_middle = stub >> 16,
            .offset_high = stub >> 32,
        };
    }
}

static void load_descriptor_tables(void)
{
    struct pseudo_descriptor gdtr = {sizeof(gdt) - 1, (uintptr_t)gdt};
    struct pseudo_descriptor idtr = {sizeof(idt) - 1, (uintptr_t)idt};

    __asm__ volatile("lgdt %0; lidt %1" ::"m"(gdtr), "m"(idtr));
}

/* The table's own bytes too: ltr sets the busy bit. */
static void restore_descriptors(void)
{
    for (unsigned i = 0; i < GDT_ENTRIES; i++)
        gdt[i] = gdt_wanted[i];
}

static void load_task_register(void)
{
    __asm__ volatile("ltr %w0" ::"r"(SWEEP_TSS));
}

static void load_data_segments(void)
{
    __asm__ volatile(
        "mov %0, %%ds; mov %0, %%es; mov %0, %%fs; mov %0, %%gs" ::"r"(SWEEP_USER_DATA));
}

static void set_up_msrs(void)
{
    write_msr(MSR_EFER, read_msr(MSR_EFER) | EFER_SCE | EFER_SVME);
    write_msr(MSR_VM_HSAVE_PA, (uintptr_t)vm_host_save);
    /* sysret's selectors are derived from bits 63:48, syscall's from bits 47:32. */
    write_msr(MSR_STAR, (uint64_t)SWEEP_USER_CODE_32 << 48 | (uint64_t)SWEEP_KERNEL_CODE_64 << 32);
    write_msr(MSR_LSTAR, (uintptr_t)entry_syscall);
    write_msr(MSR_CSTAR, (uintptr_t)entry_syscall);
    write_msr(MSR_SFMASK, 0x200);
    write_msr(MSR_SYSENTER_CS, SWEEP_KERNEL_CODE_64);
    write_msr(MSR_SYSENTER_ESP, (uintptr_t)(interrupt_stack + sizeof(interrupt_stack)));
    write_msr(MSR_SYSENTER_EIP, (uintptr_t)entry_sysenter);
    /* Distinct values, so that swapgs and the base instructions show. */
    write_msr(MSR_FS_BASE, 0x1000);
    write_msr(MSR_GS_BASE, 0x2000);
    write_msr(MSR_KERNEL_GS_BASE, 0x3000);
}

static void set_up_features(void)
{
    uint32_t leaf[4];
    uint64_t cr4 = CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_OSXSAVE;

    cpuid(7, 0, leaf);
    if (leaf[1] & 1)
        cr4 |= CR4_FSGSBASE;
    if (leaf[2] & 1 << 3)
        cr4 |= CR4_PKE;
    __asm__ volatile("mov %0, %%cr4" ::"r"(cr4));
    __asm__ volatile("mov %0, %%cr0" ::"r"((uint64_t)CR0_WANTED));

    cpuid(13, 0, leaf);
    __asm__ volatile("xsetbv" ::"c"(0), "a"(leaf[0]), "d"(leaf[3]));
    __asm__ volatile("mov %0, %%dr6; mov %1, %%dr7" ::"r"(0xffff0ff0ul), "r"(0x400ul));
}

/* A periodic tick: it wakes what waits for an interrupt, and ends what never ends. The 8259s stay
 * masked. */
static void set_up_timer(void)
{
    volatile uint32_t *apic = (volatile uint32_t *)0xfee00000ul;

    __asm__ volatile("outb %b0, $0x21; outb %b0, $0xa1" ::"a"(0xff));
    apic[0xf0 / 4] = 0x1ff;                    /* enabled, spurious vector 255 */
    apic[0x3e0 / 4] = 0xb;                     /* divide by 1 */
    apic[0x320 / 4] = 1u << 17 | TIMER_VECTOR; /* periodic */
    apic[0x380 / 4] = TIMER_PERIOD;
}

void machine_set_up(void)
{
    set_up_descriptors();
    restore_descriptors();
    load_descriptor_tables();
    load_task_register();
    __asm__ volatile("lldt %w0" ::"r"(0));
    load_data_segments();
    set_up_msrs();
    set_up_features();
    set_up_timer();
    state_restore_extended();
    state_capture(&baseline);
}

#define CHANGED(name) (present->item[SWEEP_ITEM_##name] != baseline.item[SWEEP_ITEM_##name])
#define WANTED(name)  baseline.item[SWEEP_ITEM_##name]

#define RESTORE_CONTROL(name, register)                                                            \
    do {                                                                                           \
        if (CHANGED(name))                                                                         \
            __asm__ volatile("mov %0, %%" register ::"r"(WANTED(name)) : "memory");                \
    } while (0)

#define RESTORE_MSR(name)                                                                          \
    do {                                                                                           \
        if (CHANGED(name))                                                                         \
            write_msr(MSR_##name, WANTED(name));                                                   \
    } while (0)

/* Takes the state captured after the last run and writes what is not as it was: most cases change
 * nothing, and writes to control registers are dear (they flush the TLB). */
void machine_restore(const struct sweep_outcome *present)
{
    restore_descriptors();
    if (CHANGED(GDTR) || CHANGED(IDTR))
        load_descriptor_tables();
    if (CHANGED(TR))
        load_task_register();
    if (CHANGED(LDTR))
        __asm__ volatile("lldt %w0" ::"r"(0));

    RESTORE_MSR(EFER);
    RESTORE_CONTROL(CR0, "cr0");
    RESTORE_CONTROL(CR3, "cr3");
    RESTORE_CONTROL(CR4, "cr4");
    RESTORE_CONTROL(CR8, "cr8");
    RESTORE_CONTROL(DR0, "dr0");
    RESTORE_CONTROL(DR1, "dr1");
    RESTORE_CONTROL(DR2, "dr2");
    RESTORE_CONTROL(DR3, "dr3");
    RESTORE_CONTROL(DR6, "dr6");
    RESTORE_CONTROL(DR7, "dr7");
    if (CHANGED(XCR0))
        __asm__ volatile("xsetbv" ::"c"(0), "a"((uint32_t)WANTED(XCR0)),
                         "d"((uint32_t)(WANTED(XCR0) >> 32)));
    if (CHANGED(EXTENDED))
        state_restore_extended();

    if (CHANGED(DS) || CHANGED(ES) || CHANGED(FS) || CHANGED(GS) || CHANGED(FS_BASE) ||
        CHANGED(GS_BASE)) {
        load_data_segments();
        write_msr(MSR_FS_BASE, WANTED(FS_BASE));
        write_msr(MSR_GS_BASE, WANTED(GS_BASE));
    }
    RESTORE_MSR(KERNEL_GS_BASE);
    RESTORE_MSR(STAR);
    RESTORE_MSR(LSTAR);
    RESTORE_MSR(CSTAR);
    RESTORE_MSR(SFMASK);
    RESTORE_MSR(SYSENTER_CS);
    RESTORE_MSR(SYSENTER_ESP);
    RESTORE_MSR(SYSENTER_EIP);

    /* The global interrupt flag of SVM cannot be read, and the timer needs it. */
    __asm__ volatile("stgi");
}

const struct sweep_outcome *machine_baseline(void)
{
    return &baseline;
}
