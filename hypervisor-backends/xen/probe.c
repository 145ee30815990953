/* SPDX-License-Identifier: BSD-2-Clause */
/* The first C on the wedge's own tables: gives Xen's boot memory back to the guest, registers what
 * Xen calls, and starts the wedge. */
#include "wedge/boot.h"
#include "wedge/memory.h"
#include "wedge/print.h"
#include "wedge/string.h"
#include "xen.h"

const uint64_t *xen_p2m;

struct backend xen_backend = {.name = "xen"};
struct backend *backend = &xen_backend;

static struct boot_parameters parameters;

void xen_main(void);

void xen_check(long result, const char *what)
{
    if (result < 0)
        wedge_stop("hypercall %s failed: error %ld", what, -result);
}

/* Xen's own boot tables become memory like any other. */
static void drop_boot_tables(void)
{
    struct xen_mmuext_op unpin = {.command = XEN_MMUEXT_UNPIN,
                                  .argument1 = xen_frame(xen_boot.tables_page)};
    struct xen_mmu_update clear = {.pointer = (xen_frame(xen_boot.top_table) << PAGE_SHIFT) +
                                              (XEN_VIRT_BASE >> 30 & 511) * 8};

    xen_check(XEN_HYPERCALL(XEN_MMU_UPDATE, &clear, 1, 0, XEN_DOMID_SELF), "mmu_update");
    xen_check(XEN_HYPERCALL(XEN_MMUEXT_OP, &unpin, 1, 0, XEN_DOMID_SELF), "mmuext_op: unpin");
    for (uint64_t i = 0; i < xen_boot.tables; i++)
        backend->table_open(xen_boot.tables_page + i);
}

static void read_parameters(void)
{
    const struct xen_start_info *start = physical(xen_boot.start_info_page << PAGE_SHIFT);

    memcpy(parameters.command_line, start->cmd_line, sizeof(start->cmd_line));
    if (start->mod_len) {
        parameters.initrd_start = start->flags & XEN_SIF_MOD_START_PFN
                                      ? start->mod_start << PAGE_SHIFT
                                      : start->mod_start - XEN_VIRT_BASE;
        parameters.initrd_size = start->mod_len;
    }
}

void xen_main(void)
{
    xen_p2m = physical(xen_boot.p2m_page << PAGE_SHIFT);
    backend->page_count = xen_boot.page_count;
    backend->own_pages_start = xen_boot.own_pages_start;
    backend->free_pages_start = xen_boot.free_pages_start;
    backend->physical_table = xen_boot.physical_table;
    backend->top_table = xen_boot.top_table;
    backend->window_table = xen_boot.window_table;
    backend->last_table = xen_boot.last_table;
    backend->identity_root = xen_boot.identity_root;
    for (unsigned i = 0; i < 4; i++)
        backend->window_tables[i] = xen_boot.window_tables[i];
    xen_time_init(); /* the console's words need the clock */
    xen_ports_init();
    xen_console_init();
    xen_mmu_init();
    xen_event_init();
    xen_registers_init();
    xen_console_input_init();
    read_parameters();
    drop_boot_tables();
    xen_segments_init();
    wedge_print("on Xen, %lu MB", backend->page_count >> 8);
    wedge_main(&parameters);
}
