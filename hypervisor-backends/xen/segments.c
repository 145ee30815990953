/* SPDX-License-Identifier: BSD-2-Clause */
/* Segments as user mode has them. The guest's kernel runs on Xen's flat segments and sees its own
 * by emulation; user mode runs on its own, from a copy of the guest's GDT of which Xen knows:
 * segments of privilege level 3, and nothing else. The copy is brought up to date on the way to
 * user mode, since kernels store thread-local segments into their GDT at each switch of tasks.
 */
#include "wedge/memory.h"
#include "wedge/print.h"
#include "xen.h"

#define ENTRIES 512u /* a page; kernels have a few dozen */

#define DESCRIPTOR_USER_MASK 0x0000f00000000000ul /* present, level 3, no system segment */
#define DESCRIPTOR_LONG      (1ul << 53)
#define DESCRIPTOR_CODE      (1ul << 43)

static uint64_t table_page;
static uint64_t count; /* entries that the guest's table has, as far as we copy it */

/* What Xen has loaded for us. */
static struct {
    uint64_t fs, gs_user, gs_kernel;
    uint16_t selectors[6]; /* DS and the like, as they really are */
    uint16_t gs_user_selector;
} loaded = {.selectors = {XEN_SS, 0, 0, XEN_SS, 0, 0}};

void xen_segments_init(void)
{
    uint64_t *table, frame;

    table_page = backend->free_pages_start++;
    table = physical(table_page << PAGE_SHIFT);
    for (unsigned i = 0; i < ENTRIES; i++)
        table[i] = 0;
    backend->table_seal(table_page);
    frame = xen_frame(table_page);
    xen_check(XEN_HYPERCALL(XEN_SET_GDT, &frame, ENTRIES, 0, 0), "set_gdt");
}

static const uint64_t *copy(void)
{
    return physical(table_page << PAGE_SHIFT);
}

/* What user mode may use of a descriptor. */
static uint64_t allowed(uint64_t descriptor)
{
    return (descriptor & DESCRIPTOR_USER_MASK) == DESCRIPTOR_USER_MASK ? descriptor : 0;
}

static void update(unsigned index, uint64_t descriptor)
{
    /* Xen sets the "accessed" bit in what it takes; the processor does so, too. */
    const uint64_t accessed = 1ul << 40;

    if ((copy()[index] | accessed) == (descriptor | accessed) || copy()[index] == descriptor)
        return;
    xen_check(XEN_HYPERCALL(XEN_UPDATE_DESCRIPTOR,
                            (xen_frame(table_page) << PAGE_SHIFT) + index * 8ul, descriptor, 0, 0),
              "update_descriptor");
}

static void copy_table(struct vcpu *vcpu)
{
    uint64_t entries = (vcpu->gdt.limit + 1ul) / 8, known = count, where = 0;
    const uint64_t *from = NULL;

    if (entries > ENTRIES)
        entries = ENTRIES;
    count = entries;
    for (uint64_t i = 0; i < entries; i++) {
        uint64_t address = vcpu->gdt.base + i * 8;

        if (!from || address % PAGE_SIZE < 8) {
            if (address % 8 || guest_walk(vcpu, address, 0, &where)) {
                uint64_t descriptor = 0, fault;

                from = NULL;
                guest_read(vcpu, address, &descriptor, 8, 0, &fault);
                update((unsigned)i, i ? allowed(descriptor) : 0);
                continue;
            }
            from = (const uint64_t *)physical(where) - i;
        }
        update((unsigned)i, i ? allowed(from[i]) : 0);
    }
    for (uint64_t i = entries; i < known; i++)
        update((unsigned)i, 0);
}

static void set_base(unsigned which, uint64_t *old, uint64_t new)
{
    if (*old == new)
        return;
    *old = new;
    xen_check(XEN_HYPERCALL(XEN_SET_SEGMENT_BASE, which, new, 0, 0), "set_segment_base");
}

/* Whether user mode may load a selector: the processor would fault here otherwise. */
static bool usable(uint16_t selector)
{
    return selector > 3 && !(selector & 4) && selector / 8 < count && copy()[selector / 8];
}

#define LOAD(name, number)                                                                         \
    do {                                                                                           \
        uint16_t wanted_ = usable(vcpu->selectors[number]) ? vcpu->selectors[number] : 0;          \
        if (loaded.selectors[number] != wanted_) {                                                 \
            asm volatile("movl %0, %%" name ::"r"((uint32_t)wanted_));                             \
            loaded.selectors[number] = wanted_;                                                    \
        }                                                                                          \
    } while (0)

static void load_user_segments(struct vcpu *vcpu)
{
    uint16_t gs = usable(vcpu->selectors[SEGMENT_GS]) ? vcpu->selectors[SEGMENT_GS] : 0;

    copy_table(vcpu);
    LOAD("ds", SEGMENT_DS);
    LOAD("es", SEGMENT_ES);
    if (usable(vcpu->selectors[SEGMENT_FS])) {
        asm volatile("movl %0, %%fs" ::"r"((uint32_t)vcpu->selectors[SEGMENT_FS]));
        loaded.selectors[SEGMENT_FS] = vcpu->selectors[SEGMENT_FS];
        loaded.fs = descriptor_base(copy()[vcpu->selectors[SEGMENT_FS] / 8]);
    }
    if (gs != loaded.gs_user_selector) {
        xen_check(XEN_HYPERCALL(XEN_SET_SEGMENT_BASE, XEN_SEGBASE_GS_USER_SELECTOR, gs, 0, 0),
                  "set_segment_base: gs");
        loaded.gs_user_selector = gs;
        loaded.gs_user = gs ? descriptor_base(copy()[gs / 8]) : 0;
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
        vcpu->fs_base = usable((uint16_t)fs) ? descriptor_base(copy()[fs / 8]) : 0;
        loaded.selectors[SEGMENT_FS] = (uint16_t)fs;
        loaded.fs = vcpu->fs_base;
    }
    if (loaded.selectors[SEGMENT_FS] > 3) {
        asm volatile("movl %0, %%fs" ::"r"(0));
        loaded.selectors[SEGMENT_FS] = 0;
        loaded.fs = 0;
    }
    if (gs != loaded.gs_user_selector) {
        vcpu->selectors[SEGMENT_GS] = (uint16_t)gs;
        vcpu->gs_base = usable((uint16_t)gs) ? descriptor_base(copy()[gs / 8]) : 0;
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
    uint64_t descriptor = usable(selector) ? copy()[selector / 8] : 0;

    return descriptor & DESCRIPTOR_LONG && descriptor & DESCRIPTOR_CODE ? 64 : 32;
}
