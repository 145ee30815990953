/* SPDX-License-Identifier: BSD-2-Clause */
/* Page tables: Xen reads ours, after it has checked each of their entries. */
#include "wedge/memory.h"
#include "wedge/print.h"
#include "xen.h"

#define QUEUE_MAX 128

/* Changes that wait, in the order in which they were made. */
static struct xen_mmu_update queue[QUEUE_MAX];
static unsigned queued;

static uint64_t table_entry(uint64_t page, uint64_t flags)
{
    return xen_frame(page) << PAGE_SHIFT | flags;
}

/* Xen shows every domain the page number of each of its frames. */
static uint64_t entry_page(uint64_t entry)
{
    return ((const uint64_t *)XEN_MACHINE_TO_PHYSICAL)[(entry & PTE_ADDRESS) >> PAGE_SHIFT];
}

/* --- Devices: the first domain may map them, and what is memory of the machine's is none.
 * --- */

#define RANGES_MAX 128
#define IS_MEMORY  1

static struct xen_memory_range machine[RANGES_MAX];
static uint32_t machine_count;

static void read_machine_map(void)
{
    struct xen_memory_map map = {.count = RANGES_MAX, .entries = machine};

    if (XEN_HYPERCALL(XEN_MEMORY_OP, XEN_MEMORY_MACHINE_MAP, &map, 0, 0) == 0)
        machine_count = map.count;
}

static uint64_t device_entry(uint64_t page, uint64_t flags)
{
    uint64_t address = page << PAGE_SHIFT;

    if (!machine_count)
        return 0; /* no first domain: there are no devices */
    for (uint32_t i = 0; i < machine_count; i++)
        if (machine[i].type == IS_MEMORY && address + PAGE_SIZE > machine[i].start &&
            address < machine[i].start + machine[i].size)
            return 0;
    return address | flags;
}

static void mmuext(unsigned command, uint64_t argument, const char *what)
{
    struct xen_mmuext_op operation = {.command = command, .argument1 = argument};

    xen_check(XEN_HYPERCALL(XEN_MMUEXT_OP, &operation, 1, 0, XEN_DOMID_SELF), what);
}

static void flush(bool translations)
{
    if (queued)
        xen_check(XEN_HYPERCALL(XEN_MMU_UPDATE, queue, queued, 0, XEN_DOMID_SELF), "mmu_update");
    queued = 0;
    if (translations)
        mmuext(XEN_MMUEXT_TLB_FLUSH, 0, "mmuext_op: flush");
}

static void write(uint64_t page, unsigned index, uint64_t entry)
{
    if (queued == QUEUE_MAX)
        flush(false);
    queue[queued++] = (struct xen_mmu_update){(xen_frame(page) << PAGE_SHIFT) + index * 8ul, entry};
}

static void map_own(uint64_t page, uint64_t flags)
{
    flush(false);
    xen_check(XEN_HYPERCALL(XEN_UPDATE_VA_MAPPING, physical(page << PAGE_SHIFT),
                            table_entry(page, flags), XEN_UVMF_INVLPG, 0),
              "update_va_mapping");
}

static void seal(uint64_t page)
{
    map_own(page, PTE_PRESENT | PTE_ACCESSED | PTE_DIRTY);
}

static void open(uint64_t page)
{
    map_own(page, PTE_PRESENT | PTE_WRITABLE | PTE_ACCESSED | PTE_DIRTY);
}

static void root_seal(uint64_t page)
{
    seal(page);
    mmuext(XEN_MMUEXT_PIN_L4, xen_frame(page), "mmuext_op: pin");
}

static void root_open(uint64_t page)
{
    flush(false);
    mmuext(XEN_MMUEXT_UNPIN, xen_frame(page), "mmuext_op: unpin");
    open(page);
}

static void root_load(uint64_t kernel_page, uint64_t user_page)
{
    struct xen_mmuext_op operations[2] = {
        {.command = XEN_MMUEXT_NEW_BASE, .argument1 = xen_frame(kernel_page)},
        {.command = XEN_MMUEXT_NEW_USER_BASE, .argument1 = user_page ? xen_frame(user_page) : 0},
    };

    flush(false);
    xen_check(XEN_HYPERCALL(XEN_MMUEXT_OP, operations, 2, 0, XEN_DOMID_SELF),
              "mmuext_op: new base");
}

static void flush_address(uint64_t address)
{
    flush(false);
    mmuext(XEN_MMUEXT_INVLPG, address, "mmuext_op: invlpg");
}

void xen_mmu_init(void)
{
    read_machine_map();
    /* The hypervisor's virtual addresses (public/arch-x86/xen-x86_64.h). */
    backend->reserved_slots_start = 256;
    backend->reserved_slots_end = 272;
    backend->table_entry = table_entry;
    backend->entry_page = entry_page;
    backend->device_entry = device_entry;
    backend->table_seal = seal;
    backend->table_open = open;
    backend->table_write = write;
    backend->table_flush = flush;
    backend->flush_address = flush_address;
    backend->root_seal = root_seal;
    backend->root_open = root_open;
    backend->root_load = root_load;
}
