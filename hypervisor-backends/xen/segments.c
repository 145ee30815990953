/* SPDX-License-Identifier: BSD-2-Clause */
/* Segments as user mode has them. The guest's kernel runs on Xen's flat segments and sees its own
 * by emulation; user mode runs on its own, from copies of the guest's GDT and LDT of which Xen
 * knows: segments of privilege level 3, and nothing else. The copies are brought up to date on the
 * way to user mode, since kernels store thread-local segments into their GDT at each switch of
 * tasks.
 */
#include "wedge/memory.h"
#include "wedge/print.h"
#include "wedge/string.h"
#include "xen.h"

#define GDT_ENTRIES 512u  /* a page; kernels have a few dozen */
#define LDT_ENTRIES 8192u /* as many as there can be */
#define PER_PAGE    512u

#define DESCRIPTOR_USER_MASK 0x0000700000000000ul /* level 3, no system segment */
#define DESCRIPTOR_PRESENT   (1ul << 47)
#define DESCRIPTOR_LONG      (1ul << 53)
#define DESCRIPTOR_CODE      (1ul << 43)
#define DESCRIPTOR_READABLE  (1ul << 41) /* of code */

/* A copy of one of the guest's tables. */
struct table {
    uint64_t page;  /* first of the own pages that hold it */
    uint64_t count; /* entries that the guest's has, as far as we copy it */
    uint64_t *seen; /* these, as they were copied; NULL: nobody remembers */
};

/* Looked at on each way to user mode, so what did not change must be passed by quickly. */
static uint64_t gdt_seen[GDT_ENTRIES];
static struct table gdt = {.seen = gdt_seen}, ldt;
static uint64_t ldt_sealed; /* of its pages, those that Xen may have seen */

#define MSR_FS_BASE        0xc0000100
#define MSR_KERNEL_GS_BASE 0xc0000102

#define NOT_LOADED 0xffffu /* is no selector that we load */

/* Processors differ in what loading a null selector makes of the base. It is not canonical. */
#define BASE_UNKNOWN (1ul << 63)

/* What Xen has loaded for us. */
static struct {
    uint64_t fs, gs_user, gs_kernel;
    uint16_t selectors[6]; /* DS and the like, as they really are */
    uint16_t gs_user_selector;
} loaded = {.selectors = {XEN_SS, 0, 0, XEN_SS, 0, 0}};

/* Whether user mode may have cleared a base that we gave it: by null selectors for null selectors.
 */
static bool is_doubted(uint64_t base, uint16_t selector)
{
    return base && base != BASE_UNKNOWN && selector <= 3;
}

/* Xen emulates it, and gives the processor's own. */
static uint64_t processors(uint32_t number)
{
    uint32_t low, high;

    asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(number));
    return (uint64_t)high << 32 | low;
}

static void bases_read(struct vcpu *vcpu)
{
    uint64_t old;

    if (is_doubted(loaded.fs, loaded.selectors[SEGMENT_FS])) {
        old = loaded.fs;
        loaded.fs = processors(MSR_FS_BASE);
        if (vcpu->fs_base == old)
            vcpu->fs_base = loaded.fs;
    }
    if (is_doubted(loaded.gs_user, loaded.gs_user_selector)) {
        old = loaded.gs_user;
        loaded.gs_user = processors(MSR_KERNEL_GS_BASE);
        /* Behind the kernel's SWAPGS, or not yet. */
        if (vcpu->kernel_gs_base == old)
            vcpu->kernel_gs_base = loaded.gs_user;
        else if (vcpu->gs_base == old)
            vcpu->gs_base = loaded.gs_user;
    }
}

static void bases_forget(void)
{
    if (is_doubted(loaded.fs, loaded.selectors[SEGMENT_FS]))
        loaded.fs = BASE_UNKNOWN;
    if (is_doubted(loaded.gs_user, loaded.gs_user_selector))
        loaded.gs_user = BASE_UNKNOWN;
}

static uint64_t *entries(const struct table *table)
{
    return physical(table->page << PAGE_SHIFT);
}

void xen_segments_init(void)
{
    uint64_t frame;

    backend->bases_read = bases_read;
    backend->bases_forget = bases_forget;
    gdt.page = backend->free_pages_start++;
    ldt.page = backend->free_pages_start;
    backend->free_pages_start += LDT_ENTRIES / PER_PAGE;
    memset(entries(&gdt), 0, GDT_ENTRIES * 8ul);
    memset(entries(&ldt), 0, LDT_ENTRIES * 8ul);
    backend->table_seal(gdt.page);
    frame = xen_frame(gdt.page);
    xen_check(XEN_HYPERCALL(XEN_SET_GDT, &frame, GDT_ENTRIES, 0, 0), "set_gdt");
}

/* The copy's descriptor of a selector; 0 when user mode may not use it. */
static uint64_t copied(uint16_t selector)
{
    const struct table *table = selector & 4 ? &ldt : &gdt;

    return selector > 3 && selector / 8u < table->count ? entries(table)[selector / 8u] : 0;
}

/* Whether DS, ES, FS or GS takes it: code only where it may be read. A selector whose descriptor
 * has become something else stays the guest's, and is not loaded. */
static bool loadable(uint16_t selector)
{
    uint64_t descriptor = copied(selector);

    return descriptor & DESCRIPTOR_PRESENT &&
           (!(descriptor & DESCRIPTOR_CODE) || descriptor & DESCRIPTOR_READABLE);
}

/* What user mode may use of a descriptor, or see of it: LAR and LSL tell of one that is not
 * present. */
static uint64_t allowed(uint64_t descriptor)
{
    return (descriptor & DESCRIPTOR_USER_MASK) == DESCRIPTOR_USER_MASK ? descriptor : 0;
}

static void update(const struct table *table, uint64_t index, uint64_t descriptor)
{
    /* Xen sets the "accessed" bit in what it takes; the processor does so, too. */
    const uint64_t accessed = 1ul << 40;
    uint64_t old = entries(table)[index];

    if ((old | accessed) == (descriptor | accessed) || old == descriptor)
        return;
    xen_check(XEN_HYPERCALL(XEN_UPDATE_DESCRIPTOR,
                            (xen_frame(table->page + index / PER_PAGE) << PAGE_SHIFT) +
                                index % PER_PAGE * 8,
                            descriptor, 0, 0),
              "update_descriptor");
    /* A segment register has what the descriptor was when it was loaded. */
    loaded.selectors[SEGMENT_DS] = loaded.selectors[SEGMENT_ES] = NOT_LOADED;
}

/* Brings a copy up to date with the guest's table of `new` entries. */
static void copy(struct vcpu *vcpu, struct table *table, uint64_t base, uint64_t new,
                 uint64_t first)
{
    uint64_t old = table->count, where = 0;
    const uint64_t *from = NULL;

    table->count = new;
    for (uint64_t i = first; i < new; i++) {
        uint64_t address = base + i * 8;

        if (!from || address % PAGE_SIZE < 8) {
            if (address % 8 || guest_walk(vcpu, address, 0, &where) ||
                where >> PAGE_SHIFT >= backend->own_pages_start) {
                uint64_t descriptor = 0, fault;

                from = NULL;
                guest_read(vcpu, address, &descriptor, 8, 0, &fault);
                if (table->seen)
                    table->seen[i] = descriptor;
                update(table, i, allowed(descriptor));
                continue;
            }
            from = (const uint64_t *)physical(where) - i;
        }
        if (table->seen && table->seen[i] == from[i])
            continue;
        if (table->seen)
            table->seen[i] = from[i];
        update(table, i, allowed(from[i]));
    }
    for (uint64_t i = new; i < old; i++) {
        if (table->seen)
            table->seen[i] = 0;
        update(table, i, 0);
    }
}

static uint64_t count_of(const struct table_register *table, uint64_t most)
{
    uint64_t count = (table->limit + 1ul) / 8;

    return count < most ? count : most;
}

static void copy_gdt(struct vcpu *vcpu)
{
    /* The first is never used. */
    copy(vcpu, &gdt, vcpu->gdt.base, count_of(&vcpu->gdt, GDT_ENTRIES), 1);
}

static void copy_ldt(struct vcpu *vcpu)
{
    uint64_t new = vcpu->ldt.selector & 0xfffc ? count_of(&vcpu->ldt, LDT_ENTRIES) : 0,
             old = ldt.count;
    struct xen_mmuext_op operation = {
        .command = XEN_MMUEXT_SET_LDT, .argument1 = (uint64_t)entries(&ldt), .argument2 = new};

    if (!new && !old)
        return;
    /* Xen takes no page as part of a table that may be written. */
    for (; ldt_sealed * PER_PAGE < new; ldt_sealed++)
        backend->table_seal(ldt.page + ldt_sealed);
    copy(vcpu, &ldt, vcpu->ldt.base, new, 0);
    if (new != old)
        xen_check(XEN_HYPERCALL(XEN_MMUEXT_OP, &operation, 1, 0, XEN_DOMID_SELF),
                  "mmuext_op: set_ldt");
}

static void set_base(unsigned which, uint64_t *old, uint64_t new)
{
    if (*old == new)
        return;
    *old = new;
    xen_check(XEN_HYPERCALL(XEN_SET_SEGMENT_BASE, which, new, 0, 0), "set_segment_base");
}

/* What a selector that was just loaded makes of the base. */
static uint64_t loaded_base(uint16_t selector)
{
    return selector > 3 ? descriptor_base(copied(selector)) : BASE_UNKNOWN;
}

/* Null selectors have a privilege level, too; what the way to user mode makes of it (AMD's
 * processors keep it, others do not), it shall do here. */
static uint16_t wanted(uint16_t selector)
{
    return selector <= 3 || loadable(selector) ? selector : 0;
}

/* Of FS and GS: where the selector does not stay as it is the base would be taken for lost. */
static uint16_t wanted_with(uint16_t selector, uint64_t base)
{
    return selector <= 3 && base ? 0 : wanted(selector);
}

#define LOAD(name, number)                                                                         \
    do {                                                                                           \
        uint16_t wanted_ = wanted(vcpu->selectors[number]);                                        \
        if (loaded.selectors[number] != wanted_) {                                                 \
            asm volatile("movl %0, %%" name ::"r"((uint32_t)wanted_));                             \
            loaded.selectors[number] = wanted_;                                                    \
        }                                                                                          \
    } while (0)

static void load_user_segments(struct vcpu *vcpu)
{
    uint16_t fs, gs;

    copy_gdt(vcpu);
    copy_ldt(vcpu);
    fs = wanted_with(vcpu->selectors[SEGMENT_FS], vcpu->fs_base);
    gs = wanted_with(vcpu->selectors[SEGMENT_GS], vcpu->gs_base);
    LOAD("ds", SEGMENT_DS);
    LOAD("es", SEGMENT_ES);
    if (fs != loaded.selectors[SEGMENT_FS]) {
        asm volatile("movl %0, %%fs" ::"r"((uint32_t)fs));
        loaded.selectors[SEGMENT_FS] = fs;
        loaded.fs = loaded_base(fs);
    }
    if (gs != loaded.gs_user_selector) {
        xen_check(XEN_HYPERCALL(XEN_SET_SEGMENT_BASE, XEN_SEGBASE_GS_USER_SELECTOR, gs, 0, 0),
                  "set_segment_base: gs");
        loaded.gs_user_selector = gs;
        loaded.gs_user = loaded_base(gs);
    }
    set_base(XEN_SEGBASE_GS_USER, &loaded.gs_user, vcpu->gs_base);
}

void xen_load_segments(struct vcpu *vcpu)
{
    if (vcpu->user)
        load_user_segments(vcpu);
    else
        set_base(XEN_SEGBASE_GS_KERNEL, &loaded.gs_kernel, vcpu->gs_base);
    set_base(XEN_SEGBASE_FS, &loaded.fs, vcpu->fs_base);
}

/* User mode may have loaded other selectors, and with FS and GS their bases. Those two do not stay
 * loaded: Xen would give a base other than their descriptor's away at a switch of its own. */
void xen_save_segments(struct vcpu *vcpu)
{
    uint32_t ds, es, fs, gs;

    asm volatile("movl %%ds, %0\n\tmovl %%es, %1\n\tmovl %%fs, %2\n\tmovl %%gs, %3"
                 : "=r"(ds), "=r"(es), "=r"(fs), "=r"(gs));
    if (ds != loaded.selectors[SEGMENT_DS])
        vcpu->selectors[SEGMENT_DS] = loaded.selectors[SEGMENT_DS] = (uint16_t)ds;
    if (es != loaded.selectors[SEGMENT_ES])
        vcpu->selectors[SEGMENT_ES] = loaded.selectors[SEGMENT_ES] = (uint16_t)es;
    if (fs != loaded.selectors[SEGMENT_FS]) {
        vcpu->selectors[SEGMENT_FS] = (uint16_t)fs;
        vcpu->fs_base = descriptor_base(copied((uint16_t)fs));
        loaded.selectors[SEGMENT_FS] = (uint16_t)fs;
        loaded.fs = loaded_base((uint16_t)fs);
    }
    if (loaded.selectors[SEGMENT_FS] > 3) {
        asm volatile("movl %0, %%fs" ::"r"(0));
        loaded.selectors[SEGMENT_FS] = 0;
        loaded.fs = BASE_UNKNOWN;
    }
    if (gs != loaded.gs_user_selector) {
        vcpu->selectors[SEGMENT_GS] = (uint16_t)gs;
        vcpu->gs_base = descriptor_base(copied((uint16_t)gs));
        loaded.gs_user_selector = (uint16_t)gs;
        loaded.gs_user = vcpu->gs_base;
    }
    if (loaded.gs_user_selector > 3) {
        xen_check(XEN_HYPERCALL(XEN_SET_SEGMENT_BASE, XEN_SEGBASE_GS_USER_SELECTOR, 0, 0, 0),
                  "set_segment_base: gs");
        loaded.gs_user_selector = 0;
        loaded.gs_user = 0;
    }
}

/* The code size of user mode's segment. */
unsigned xen_user_bits(uint16_t selector)
{
    uint64_t descriptor = copied(selector);

    return descriptor & DESCRIPTOR_LONG && descriptor & DESCRIPTOR_CODE ? 64 : 32;
}
