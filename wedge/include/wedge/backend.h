/* SPDX-License-Identifier: BSD-2-Clause */
/* The contract between the wedge and a hypervisor: what a back end must be able to do. Everything
 * else is the wedge's.
 *
 * Frames: guest-physical memory is numbered from 0 in pages of 4096 bytes ("page numbers"); a place
 * may have other numbers ("frames"), which only table entries hold. Times are nanoseconds since the
 * machine started. A call that fails does not return: it ends the run with a report (wedge_stop),
 * since the wedge cannot go on with a state that it does not know.
 */
#ifndef WEDGE_BACKEND_H
#define WEDGE_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vcpu;

/* How a run ends; what it is for the runner is in docs/: enum run_exit_code. */
enum backend_end {
    BACKEND_END_POWER_OFF,
    BACKEND_END_REBOOT,
    BACKEND_END_GUEST_CRASHED,
    BACKEND_END_WEDGE_STOPPED,
};

struct backend {
    const char *name;

    /* Memory. */
    uint64_t
        page_count; /* of guest-physical memory, with what the wedge keeps for itself at its end */
    uint64_t own_pages_start;  /* from here on to its end: what the guest does not see */
    uint64_t free_pages_start; /* of those, what is not used yet */

    /* Tables of pages that the place reads: 512 entries each, made of own pages. An entry is made
     * from a page number and flags of the processor's (AMD64 manual 2, 5.3). A sealed page is a
     * table, and is only written by table_write; an open one is memory. */
    uint64_t (*table_entry)(uint64_t page, uint64_t flags);
    uint64_t (*entry_page)(uint64_t entry);
    /* The same of a device's memory, which has the same numbers at the place; never of memory, 0
     * where there is no device, or none that the guest may use. Not for entry_page. */
    uint64_t (*device_entry)(uint64_t page, uint64_t flags);
    void (*table_seal)(uint64_t page);
    void (*table_open)(uint64_t page);
    void (*table_write)(uint64_t page, unsigned index,
                        uint64_t entry); /* may wait for table_flush */
    void (*table_flush)(
        bool translations); /* writes what waits; with `translations` forgets cached ones */
    void (*flush_address)(uint64_t address);
    void (*root_seal)(uint64_t page); /* like table_seal, for a table of the highest level */
    void (*root_open)(uint64_t page);
    void (*root_load)(uint64_t kernel_page, uint64_t user_page); /* 0: no root for user mode yet */

    unsigned reserved_slots_start, reserved_slots_end; /* of a root: the place's own */

    /* Tables that the back end has made, for every root of the guest's kernel (wedge/layout.h): */
    uint64_t physical_table;   /* for the slot of WEDGE_PHYSICAL, level 3 */
    uint64_t top_table;        /* for the last slot, level 3, where the guest has nothing in it */
    uint64_t window_table;     /* in that one for the window, level 2 */
    uint64_t last_table;       /* and for its last slot, with the alias */
    uint64_t window_tables[4]; /* the window's four tables of level 1; 0 where there is none */
    uint64_t
        identity_root; /* physical memory where it is, for a guest that has not turned paging on */

    /* Goes on with the guest as vcpu says; does not return. */
    void (*resume)(struct vcpu *vcpu) __attribute__((noreturn));

    /* By a load of a null selector user mode may clear a base, of which nobody hears. bases_read
     * brings vcpu's up to date; bases_forget says that one of them is written, which must reach the
     * processor though it be the value that it was given last. */
    void (*bases_read)(struct vcpu *vcpu);
    void (*bases_forget)(void);

    /* A debug register that is not DR6; one that the place refuses does nothing. */
    void (*debug_write)(unsigned number, uint64_t value);

    /* Whether user mode may read the time stamp counter: CR4.TSD is off. */
    void (*time_stamps_allow)(bool user);

    /* The bits of XCR0 that the guest may set; 0 where it cannot have XSAVE. And what it has set,
     * from now on; 0 while CR4.OSXSAVE is off (the processor's own may then stay as they were). */
    uint64_t extended_states;
    void (*extended_state_write)(uint64_t xcr0);

    /* Time and events. */
    uint64_t (*clock)(void);
    void (*timer_set)(uint64_t deadline); /* UINT64_MAX: never */
    void (*wait)(void);                   /* until an event comes; called with interrupts off */
    void (*events)(void);                 /* takes what came: console input */

    /* Ports that no device of the wedge has, and the guest's console. */
    uint32_t (*port_read)(uint16_t port, int width);
    void (*port_write)(uint16_t port, int width, uint32_t value);
    void (*guest_console)(uint8_t byte);
    uint64_t (*wall_clock)(void); /* seconds since 1970 */

    void (*log)(const char *text, size_t length); /* the wedge's own words */
    void (*end)(enum backend_end how) __attribute__((noreturn));
};

extern struct backend *backend; /* the one we run on */

#endif
