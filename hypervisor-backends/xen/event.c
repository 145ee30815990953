/* SPDX-License-Identifier: BSD-2-Clause */
/* What Xen calls: exceptions, events, system calls of user mode; and the way back into the guest.
 *
 * Xen's event mask is the virtual interrupt flag's complement. Every entry comes with events
 * masked, and IRET takes the mask from the flags it is given.
 */
#include "wedge/layout.h"
#include "wedge/memory.h"
#include "wedge/print.h"
#include "wedge/string.h"
#include "xen-console.h"

static uint32_t timer_port;

struct xen_shared_info *xen_shared_info(void)
{
    return (struct xen_shared_info *)(WEDGE_WINDOW + (xen_boot.window_pages << PAGE_SHIFT));
}

/* --- Into the guest
 * ---------------------------------------------------------------------------------------------------
 */

/* What of the guest's flags may be the processor's. The kernel runs in ring 3, where AC would make
 * its accesses fault, and returns to itself by IRET, which NT would make fault. */
#define COMMON_FLAGS (0x200cd5ul | RFLAGS_TF | RFLAGS_IF | RFLAGS_RF | RFLAGS_FIXED)

static uint64_t real_flags(const struct vcpu *vcpu)
{
    return vcpu->user ? COMMON_FLAGS | RFLAGS_AC | RFLAGS_NT : COMMON_FLAGS;
}

/* With TS set Xen raises #NM, once. */
static bool fpu_traps;

static void load_fpu_trap(const struct vcpu *vcpu)
{
    bool traps = vcpu->cr0 & (CR0_TS | CR0_EM);

    if (traps != fpu_traps)
        xen_check(XEN_HYPERCALL(XEN_FPU_TASKSWITCH, traps, 0, 0, 0), "fpu_taskswitch");
    fpu_traps = traps;
}

static void __attribute__((noreturn)) resume(struct vcpu *vcpu)
{
    uint64_t frame[6];

    if (!vcpu->user && vcpu->bits == 16)
        wedge_stop("the guest's kernel goes on in 16-bit code, which this place does not have");
    vcpu->kept_flags =
        (uint32_t)(vcpu->rflags & (RFLAGS_IOPL | RFLAGS_NT | RFLAGS_AC) & ~real_flags(vcpu));
    xen_load_segments(vcpu);
    load_fpu_trap(vcpu);
    frame[0] = 0;
    frame[1] = vcpu->rip;
    /* Xen takes a selector of privilege level 3 for user mode's. */
    frame[2] =
        vcpu->user ? vcpu->selectors[SEGMENT_CS] : (vcpu->bits == 64 ? XEN_CS64 : XEN_CS32) - 3;
    frame[3] = (vcpu->rflags & real_flags(vcpu)) | RFLAGS_FIXED;
    frame[4] = vcpu->gpr[GPR_RSP];
    frame[5] = vcpu->user && vcpu->selectors[SEGMENT_SS] ? vcpu->selectors[SEGMENT_SS] : XEN_SS;
    if (!vcpu->user && vcpu->bits == 64) {
        frame[2] |= 3;
        xen_go_here(frame + 1, (vcpu->rflags & RFLAGS_IF) != 0);
    }
    xen_go(frame);
}

/* --- Out of the guest
 * -------------------------------------------------------------------------------------------------
 */

static bool in_wedge(uint64_t address)
{
    return address - WEDGE_WINDOW < WEDGE_WINDOW_SIZE || address >= WEDGE_WINDOW_ALIAS;
}

/* Whether the wedge's own code faulted. Xen says in the selector whether it was user mode, whose
 * jumps go anywhere, as a kernel's do that calls an error number; then it is the fetch that
 * faults. */
static bool is_wedges(const struct vcpu *vcpu, uint64_t vector)
{
    return !(vcpu->real_cs & 3) && in_wedge(vcpu->rip) &&
           !(vector == EXCEPTION_PAGE_FAULT && vcpu->fault_address == vcpu->rip);
}

/* Takes over what the guest may have changed of the processor. With a frame of Xen's: its selectors
 * are user mode's. */
static void take_state(struct vcpu *vcpu, bool frame)
{
    vcpu->rflags = (vcpu->rflags & real_flags(vcpu)) | vcpu->kept_flags;
    if (!vcpu->user)
        return;
    xen_save_segments(vcpu);
    if (frame) {
        vcpu->selectors[SEGMENT_CS] = (uint16_t)vcpu->real_cs;
        vcpu->selectors[SEGMENT_SS] = (uint16_t)vcpu->real_ss;
        vcpu->bits = (uint8_t)xen_user_bits((uint16_t)vcpu->real_cs);
    }
}

void xen_exception(void);
void xen_site(uint64_t index, uint64_t entry);
void xen_upcall_again(void);
void xen_system_call(void);
void xen_system_call_32(void);
void xen_system_enter(void);
void xen_upcall(void);
void xen_failsafe(void);

/* Its vector is in the vcpu's scratch field. */
void xen_exception(void)
{
    struct vcpu *vcpu = &vcpu_page;
    uint64_t vector = vcpu->scratch;

    if (vector == EXCEPTION_PAGE_FAULT)
        vcpu->fault_address = xen_vcpu_info()->cr2;
    if (vector == EXCEPTION_NO_FPU)
        fpu_traps = false;
    if (vector == EXCEPTION_DEBUG) {
        vcpu->debug_status = (uint64_t)XEN_HYPERCALL(XEN_GET_DEBUGREG, 6, 0, 0, 0) & 0xe00f;
        XEN_HYPERCALL(XEN_SET_DEBUGREG, 6, 0xffff0ff0, 0, 0);
    }
    if (is_wedges(vcpu, vector))
        wedge_stop("the wedge itself raised exception %lu at %016lx (+0x%lx), address %016lx",
                   vector, vcpu->rip, vcpu->rip - WEDGE_WINDOW, vcpu->fault_address);
    take_state(vcpu, true);
    wedge_exception(vcpu, (unsigned)vector);
}

void xen_site(uint64_t index, uint64_t entry)
{
    struct vcpu *vcpu = &vcpu_page;

    vcpu->rflags &= ~(uint64_t)RFLAGS_IF;
    if (!vcpu->stub_mask || vcpu->stub_enabled)
        vcpu->rflags |= RFLAGS_IF;
    vcpu->stub_enabled = 0;
    take_state(vcpu, false);
    wedge_site(vcpu, (uint32_t)index, entry >= WEDGE_WINDOW_ALIAS);
}

/* The selectors of such a frame are made up. */
void xen_system_call(void)
{
    take_state(&vcpu_page, false);
    vcpu_page.bits = 64;
    wedge_system_call(&vcpu_page);
}

void xen_system_call_32(void)
{
    take_state(&vcpu_page, false);
    vcpu_page.bits = 32;
    wedge_system_call(&vcpu_page);
}

/* Neither selectors nor the instruction and stack pointers are user mode's. */
void xen_system_enter(void)
{
    take_state(&vcpu_page, false);
    wedge_system_enter(&vcpu_page);
}

void xen_upcall(void)
{
    take_state(&vcpu_page, true);
    wedge_event(&vcpu_page);
}

/* An event on the way into the guest: the virtual CPU is whole. */
void xen_upcall_again(void)
{
    wedge_event(&vcpu_page);
}

void xen_failsafe(void)
{
    wedge_stop("Xen could not return to the guest: a segment register is not as it was");
}

/* --- Events
 * -----------------------------------------------------------------------------------------------------------
 */

bool xen_take_event(uint32_t port)
{
    uint64_t *pending = &xen_shared_info()->evtchn_pending[port / 64], bit = 1ul << port % 64;

    if (!(__atomic_load_n(pending, __ATOMIC_SEQ_CST) & bit))
        return false;
    __atomic_and_fetch(pending, ~bit, __ATOMIC_SEQ_CST);
    return true;
}

static void take_events(void)
{
    struct xen_vcpu_info *info = xen_vcpu_info();

    info->evtchn_upcall_pending = 0;
    __atomic_exchange_n(&info->evtchn_pending_sel, 0, __ATOMIC_SEQ_CST);
    xen_take_event(timer_port);
    if (xen_console_port && xen_take_event(xen_console_port))
        xen_console_event();
    xen_console_input();
    if (backend->clock() >= xen_ring_deadline())
        xen_ring_flush();
}

static void wait(void)
{
    uint32_t ports[] = {timer_port, xen_console_port};
    struct xen_sched_poll poll = {.ports = ports, .nr_ports = xen_console_port ? 2 : 1};

    xen_ring_flush();
    xen_check(XEN_HYPERCALL(XEN_SCHED_OP, XEN_SCHEDOP_POLL, &poll, 0, 0), "sched_op: poll");
}

void xen_unmask(uint32_t port)
{
    __atomic_and_fetch(&xen_shared_info()->evtchn_mask[port / 64], ~(1ul << port % 64),
                       __ATOMIC_SEQ_CST);
}

uint32_t xen_bind_virq(uint32_t virq)
{
    struct xen_evtchn_bind_virq bind = {.virq = virq};

    xen_check(XEN_HYPERCALL(XEN_EVENT_CHANNEL_OP, XEN_EVTCHNOP_BIND_VIRQ, &bind, 0, 0),
              "event_channel_op: bind_virq");
    xen_unmask(bind.port);
    return bind.port;
}

uint32_t xen_bind_irq(uint32_t irq)
{
    struct xen_physdev_map_pirq map = {.domid = XEN_DOMID_SELF,
                                       .type = XEN_MAP_PIRQ_TYPE_GSI,
                                       .index = (int32_t)irq,
                                       .pirq = (int32_t)irq};
    struct xen_physdev_setup_gsi line = {.gsi = (int32_t)irq};
    struct xen_evtchn_bind_pirq bind = {0};

    /* A line that is set up already is as it should be, or refused with the binding. */
    XEN_HYPERCALL(XEN_PHYSDEV_OP, XEN_PHYSDEVOP_SETUP_GSI, &line, 0, 0);
    if (XEN_HYPERCALL(XEN_PHYSDEV_OP, XEN_PHYSDEVOP_MAP_PIRQ, &map, 0, 0) < 0)
        return 0;
    bind.pirq = (uint32_t)map.pirq;
    if (XEN_HYPERCALL(XEN_EVENT_CHANNEL_OP, XEN_EVTCHNOP_BIND_PIRQ, &bind, 0, 0) < 0)
        return 0;
    xen_unmask(bind.port);
    return bind.port;
}

static void callback(unsigned type, const void *address, unsigned flags, const char *what)
{
    struct xen_callback_register callback = {
        .type = (uint16_t)type, .flags = (uint16_t)flags, .address = (uint64_t)address};

    xen_check(XEN_HYPERCALL(XEN_CALLBACK_OP, XEN_CALLBACKOP_REGISTER, &callback, 0, 0), what);
}

/* User mode may raise these itself. */
static bool for_user_mode(unsigned vector)
{
    return vector == EXCEPTION_BREAKPOINT || vector == EXCEPTION_OVERFLOW || vector == 0x80;
}

static void set_traps(void)
{
    struct xen_trap_info traps[40] = {{0}};

    for (uint64_t i = 0; i < xen_trap_entry_count; i++)
        traps[i] = (struct xen_trap_info){
            .vector = (uint8_t)xen_trap_entries[i].vector,
            .flags = (for_user_mode((unsigned)xen_trap_entries[i].vector) ? 3 : 0) | 4,
            .cs = XEN_CS64,
            .address = xen_trap_entries[i].address};
    xen_check(XEN_HYPERCALL(XEN_SET_TRAP_TABLE, traps, 0, 0, 0), "set_trap_table");
}

void xen_event_init(void)
{
    struct xen_register_vcpu_info place = {.mfn = 0, .offset = 0};
    /* The window's first page is the first of the wedge's copy. */
    uint64_t copy = xen_boot.p2m_page - xen_boot.window_pages;

    place.mfn = xen_frame(copy);
    xen_check(XEN_HYPERCALL(XEN_VCPU_OP, XEN_VCPUOP_REGISTER_VCPU_INFO, 0, &place, 0),
              "vcpu_op: register_vcpu_info");
    xen_vcpu_info()->evtchn_upcall_mask = 1;
    set_traps();
    callback(XEN_CALLBACK_EVENT, xen_event_entry, 0, "callback_op: event");
    callback(XEN_CALLBACK_FAILSAFE, xen_failsafe_entry, XEN_CALLBACK_MASK_EVENTS,
             "callback_op: failsafe");
    callback(XEN_CALLBACK_SYSCALL, xen_syscall_entry, XEN_CALLBACK_MASK_EVENTS,
             "callback_op: syscall");
    callback(XEN_CALLBACK_SYSCALL32, xen_syscall32_entry, XEN_CALLBACK_MASK_EVENTS,
             "callback_op: syscall32");
    callback(XEN_CALLBACK_SYSENTER, xen_sysenter_entry, XEN_CALLBACK_MASK_EVENTS,
             "callback_op: sysenter");
    xen_check(XEN_HYPERCALL(XEN_STACK_SWITCH, XEN_SS, xen_trap_stack_top, 0, 0), "stack_switch");
    timer_port = xen_bind_virq(XEN_VIRQ_TIMER);
    backend->resume = resume;
    backend->wait = wait;
    backend->events = take_events;
}
