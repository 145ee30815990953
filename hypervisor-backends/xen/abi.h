/* SPDX-License-Identifier: BSD-2-Clause */
/* The parts of Xen's interface for paravirtual 64-bit domains that we use. Source: Xen's public
 * headers (xen.h, arch-x86/xen-x86_64.h, callback.h, vcpu.h, event_channel.h, sched.h, physdev.h),
 * interface version 4.14. Assembly reads the constants.
 */
#ifndef BACKEND_XEN_ABI_H
#define BACKEND_XEN_ABI_H

/* Hypercalls. */
#define XEN_SET_TRAP_TABLE    0
#define XEN_MMU_UPDATE        1
#define XEN_SET_GDT           2
#define XEN_FPU_TASKSWITCH    5
#define XEN_SET_DEBUGREG      8
#define XEN_GET_DEBUGREG      9
#define XEN_STACK_SWITCH      3
#define XEN_UPDATE_DESCRIPTOR 10
#define XEN_MEMORY_OP         12
#define XEN_UPDATE_VA_MAPPING 14
#define XEN_XEN_VERSION       17
#define XEN_CONSOLE_IO        18
#define XEN_IRET              23
#define XEN_VCPU_OP           24
#define XEN_SET_SEGMENT_BASE  25
#define XEN_MMUEXT_OP         26
#define XEN_SCHED_OP          29
#define XEN_CALLBACK_OP       30
#define XEN_EVENT_CHANNEL_OP  32
#define XEN_PHYSDEV_OP        33

/* Where the frames of IRET go; a hypercall's code is 32 bytes. */
#define XEN_HYPERCALL_SIZE  32
#define XEN_VGCF_IN_SYSCALL 256

/* Segments that every domain has: ring 3, flat. A kernel's selector has privilege level 0 in IRET's
 * frame. */
#define XEN_CS64 0xe033
#define XEN_CS32 0xe023
#define XEN_SS   0xe02b

/* In struct vcpu_info. */
#define XEN_UPCALL_PENDING 0
#define XEN_UPCALL_MASK    1
#define XEN_CR2            16

#define XEN_VIRT_BASE           0xffffffff80000000
#define XEN_MACHINE_TO_PHYSICAL 0xffff800000000000

#ifndef __ASSEMBLER__
#include <stdint.h>

#define XEN_DOMID_SELF 0x7ff0u
#define XEN_MAGIC_SIZE 32

struct xen_start_info {
    char magic[XEN_MAGIC_SIZE];
    uint64_t nr_pages, shared_info;
    uint32_t flags;
    uint32_t padding;
    uint64_t store_mfn;
    uint32_t store_evtchn, padding2;
    uint64_t console_mfn;
    uint32_t console_evtchn, padding3;
    uint64_t pt_base, nr_pt_frames, mfn_list, mod_start, mod_len;
    int8_t cmd_line[1024];
    uint64_t first_p2m_pfn, nr_p2m_frames;
};
#define XEN_SIF_FIRST_DOMAIN  (1u << 1)
#define XEN_SIF_MOD_START_PFN (1u << 3)

struct xen_vcpu_time_info {
    uint32_t version, padding;
    uint64_t tsc_timestamp, system_time;
    uint32_t tsc_to_system_mul;
    int8_t tsc_shift;
    uint8_t flags, padding2[2];
};

struct xen_vcpu_info {
    uint8_t evtchn_upcall_pending, evtchn_upcall_mask, padding[6];
    uint64_t evtchn_pending_sel;
    uint64_t cr2, padding2;
    struct xen_vcpu_time_info time;
};
_Static_assert(sizeof(struct xen_vcpu_info) == 64, "Xen's public header xen.h");

struct xen_shared_info {
    struct xen_vcpu_info vcpu_info[32];
    uint64_t evtchn_pending[64], evtchn_mask[64];
    uint32_t wc_version, wc_sec, wc_nsec, wc_sec_hi;
};

struct xen_trap_info {
    uint8_t vector, flags; /* flags: privilege level that may use it; 4: with events masked */
    uint16_t cs;
    uint64_t address;
};

struct xen_mmu_update {
    uint64_t pointer, value;
};

struct xen_mmuext_op {
    uint32_t command, padding;
    uint64_t argument1, argument2;
};
#define XEN_MMU_MACHPHYS_UPDATE  1 /* in the pointer: the value is the frame's page number */
#define XEN_MMUEXT_PIN_L4        3
#define XEN_MMUEXT_UNPIN         4
#define XEN_MMUEXT_NEW_BASE      5
#define XEN_MMUEXT_TLB_FLUSH     6
#define XEN_MMUEXT_INVLPG        7
#define XEN_MMUEXT_SET_LDT       13
#define XEN_MMUEXT_NEW_USER_BASE 15

#define XEN_MEMORY_MACHINE_MAP 10
struct xen_memory_map {
    uint32_t count, padding;
    void *entries;
};
struct xen_memory_range {
    uint64_t start, size;
    uint32_t type; /* 1: memory */
} __attribute__((packed));

#define XEN_UVMF_NONE   0
#define XEN_UVMF_INVLPG 2

struct xen_callback_register {
    uint16_t type, flags;
    uint32_t padding;
    uint64_t address;
};
#define XEN_CALLBACKOP_REGISTER  0
#define XEN_CALLBACK_EVENT       0
#define XEN_CALLBACK_FAILSAFE    1
#define XEN_CALLBACK_SYSCALL     2
#define XEN_CALLBACK_NMI         4
#define XEN_CALLBACK_SYSENTER    5
#define XEN_CALLBACK_SYSCALL32   7
#define XEN_CALLBACK_MASK_EVENTS 1

#define XEN_SEGBASE_FS               0
#define XEN_SEGBASE_GS_USER          1
#define XEN_SEGBASE_GS_KERNEL        2
#define XEN_SEGBASE_GS_USER_SELECTOR 3

#define XEN_CONSOLEIO_WRITE 0
#define XEN_CONSOLEIO_READ  1

#define XEN_SCHEDOP_YIELD     0
#define XEN_SCHEDOP_SHUTDOWN  2
#define XEN_SCHEDOP_POLL      3
#define XEN_SHUTDOWN_POWEROFF 0
#define XEN_SHUTDOWN_REBOOT   1
#define XEN_SHUTDOWN_CRASH    3
/* Ours, in the numbers that Xen gives no meaning: the guest's own exit code, up to 127. */
#define XEN_SHUTDOWN_EXIT_CODE 128
struct xen_sched_poll {
    const uint32_t *ports;
    uint32_t nr_ports, padding;
    uint64_t timeout;
};

#define XEN_VCPUOP_STOP_PERIODIC_TIMER   7
#define XEN_VCPUOP_SET_SINGLESHOT_TIMER  8
#define XEN_VCPUOP_STOP_SINGLESHOT_TIMER 9
#define XEN_VCPUOP_REGISTER_VCPU_INFO    10
struct xen_register_vcpu_info {
    uint64_t mfn;
    uint32_t offset, reserved;
};
struct xen_set_singleshot_timer {
    uint64_t timeout_abs_ns;
    uint32_t flags, padding;
};

#define XEN_EVTCHNOP_BIND_VIRQ 1
#define XEN_EVTCHNOP_BIND_PIRQ 2
#define XEN_EVTCHNOP_SEND      4
#define XEN_VIRQ_TIMER         0
#define XEN_VIRQ_CONSOLE       2
struct xen_evtchn_bind_virq {
    uint32_t virq, vcpu, port;
};
struct xen_evtchn_bind_pirq {
    uint32_t pirq, flags, port;
};

#define XEN_PHYSDEVOP_SET_IOPL  6
#define XEN_PHYSDEVOP_EOI       12
#define XEN_PHYSDEVOP_MAP_PIRQ  13
#define XEN_PHYSDEVOP_SETUP_GSI 21
struct xen_physdev_map_pirq {
    uint16_t domid;
    int32_t type, index, pirq; /* type 1: a line of the I/O APICs */
    int32_t bus, devfn, entry_nr;
    uint64_t table_base;
};
#define XEN_MAP_PIRQ_TYPE_GSI 1
struct xen_physdev_setup_gsi {
    int32_t gsi;
    uint8_t triggering, polarity; /* 0: edge, active high */
};
#endif
#endif
