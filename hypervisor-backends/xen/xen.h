/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of this back end share. */
#ifndef BACKEND_XEN_H
#define BACKEND_XEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi.h"
#include "wedge/vcpu.h"

/* A hypercall of up to five arguments, through the page that Xen filled in. Gives what Xen gives: 0
 * or more, or -errno. */
#define XEN_HYPERCALL(number, a, b, c, d)                                                          \
    ({                                                                                             \
        long result_;                                                                              \
        uint64_t a_ = (uint64_t)(a), b_ = (uint64_t)(b), c_ = (uint64_t)(c);                       \
        register uint64_t d_ asm("r10") = (uint64_t)(d);                                           \
        asm volatile("call wedge_xen_hypercall_page + %c[offset]"                                  \
                     : "=a"(result_), "+D"(a_), "+S"(b_), "+d"(c_), "+r"(d_)                       \
                     : [offset] "i"((number)*XEN_HYPERCALL_SIZE)                                   \
                     : "rcx", "r8", "r9", "r11", "memory");                                        \
        result_;                                                                                   \
    })

/* What boot code leaves for the rest: numbers of pages, and of frames in p2m. */
struct xen_boot {
    uint64_t page_count, own_pages_start, free_pages_start;
    uint64_t p2m_page;            /* first page of the copy of Xen's list of frames */
    uint64_t start_info_page;     /* with the offset of the structure in it: 0 */
    uint64_t tables_page, tables; /* Xen's own boot tables */
    uint64_t window_pages;        /* the wedge's, with its tables */
    uint64_t physical_table, top_table, window_table, last_table, identity_root;
    uint64_t window_tables[4];
    bool first_domain;     /* the machine's devices are ours; else there are none */
    uint64_t console_page; /* of another domain, with its event channel */
    uint32_t console_channel;
};
extern struct xen_boot xen_boot;

extern struct backend xen_backend;
extern const uint64_t *xen_p2m;

static inline uint64_t xen_frame(uint64_t page)
{
    return xen_p2m[page];
}

static inline struct xen_vcpu_info *xen_vcpu_info(void)
{
    return (struct xen_vcpu_info *)vcpu_page.backend;
}

/* The page that Xen shares with us, behind the wedge in the window. */
struct xen_shared_info *xen_shared_info(void);

/* mmu.c, event.c, registers.c, time.c, ports.c, console.c: their part of struct backend. */
void xen_mmu_init(void);
void xen_event_init(void);
void xen_registers_init(void);
void xen_time_init(void);
void xen_ports_init(void);
void xen_console_init(void);

/* ports.c: the machine's, for the first domain. */
uint32_t xen_port_read(uint16_t port, int width);
void xen_port_write(uint16_t port, int width, uint32_t value);

/* console.c: ends the domain. */
void xen_end(uint32_t reason) __attribute__((noreturn));

/* event.c: the channel of a virtual IRQ, or of one of the machine's; it may wake the guest from now
 * on. The latter gives 0 where Xen refuses. */
uint32_t xen_bind_virq(uint32_t virq);
uint32_t xen_bind_irq(uint32_t irq);
void xen_unmask(uint32_t port);
/* Whether an event came on a channel; it is taken then. */
bool xen_take_event(uint32_t port);

/* console.c: input of the guest's. The channel that tells of it is 0 where there is none. */
extern uint32_t xen_console_port;
void xen_console_event(void); /* something came */
void xen_console_input(void); /* hands the guest's serial port what it takes */
void xen_console_input_init(void);

/* segments.c: brings the real segment registers to what the vcpu's mode has, and takes over what
 * user mode made of them. */
void xen_segments_init(void);
void xen_load_segments(struct vcpu *vcpu);
void xen_save_segments(struct vcpu *vcpu);
unsigned xen_user_bits(uint16_t selector);

/* entry.S */
void xen_go(const uint64_t *frame) __attribute__((noreturn)); /* flags, rip, cs, rflags, rsp, ss */
void xen_go_here(const uint64_t *frame, int enable) __attribute__((noreturn)); /* rip and so on */
extern char xen_event_entry[], xen_failsafe_entry[], xen_syscall_entry[], xen_syscall32_entry[];
extern char xen_sysenter_entry[];
extern char xen_trap_stack_top[];
struct xen_trap_entry {
    uint64_t vector, address;
};
extern const struct xen_trap_entry xen_trap_entries[];
extern const uint64_t xen_trap_entry_count;

/* Ends the run when a hypercall failed: the back end does not know its own state any more. */
void xen_check(long result, const char *what);

#endif
