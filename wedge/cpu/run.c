/* SPDX-License-Identifier: BSD-2-Clause */
/* What happens between two stretches of guest code: the back end comes here with why it left the
 * guest, and is told to go on. */
#include "afterburn/image.h"
#include "afterburn/sensitive.h"
#include "wedge/bind.h"
#include "wedge/code.h"
#include "wedge/devices.h"
#include "wedge/instructions.h"
#include "wedge/memory.h"
#include "wedge/print.h"
#include "wedge/vcpu.h"

/* One page for each virtual CPU; it must be the window's first. */
struct vcpu vcpu_page __attribute__((section(".data.vcpu"), aligned(PAGE_SIZE)));
_Static_assert(sizeof(struct vcpu) <= PAGE_SIZE, "one page");

/* Brings the devices up to date and says when they want to be looked at again. */
static void run_devices(void)
{
    uint64_t now = backend->clock(), deadline, other;

    backend->events();
    pit_run(now);
    rtc_run(now);
    deadline = pit_deadline();
    other = rtc_deadline();
    backend->timer_set(other < deadline ? other : deadline);
}

/* What a place pushes at most: registers and a frame. */
#define FRAME_MOST 128

static bool wants_interrupt(const struct vcpu *vcpu)
{
    return vcpu->rflags & RFLAGS_IF && !vcpu->shadow && !vcpu->stepping && pic_pending();
}

/* HLT: until an interrupt comes that may be delivered. */
static void sleep(struct vcpu *vcpu)
{
    if (!(vcpu->rflags & RFLAGS_IF))
        wedge_guest_crashed("it halts with interrupts off and would never wake up");
    vcpu->shadow = false;
    while (!pic_pending()) {
        backend->wait();
        run_devices();
    }
    vcpu->halted = false;
}

/* A place that pushes its frames on the kernel's stack must find it. In the kernel's half it is
 * always there; in the other one tables and pages may wait until they are used. */
static void keep_stack(struct vcpu *vcpu)
{
    uint64_t top = vcpu->gpr[GPR_RSP] - 1, where;

    if (vcpu->user || !shadow_stack_doubted() || !(vcpu->cr0 & CR0_PG) || top >> 47)
        return;
    for (unsigned below = 0; below <= FRAME_MOST; below += FRAME_MOST)
        if (guest_walk(vcpu, top - below, ACCESS_WRITE, &where) == 0)
            shadow_use(vcpu, top - below, true);
}

/* Between SWAPGS and what leads to user mode kernels have NOPs, or a jump over what clears the
 * processor's buffers. To stop there would cost two changes of the GS base, for nothing. */
static void emulate(struct vcpu *vcpu, const struct wedge_site *site)
{
    emulate_site(vcpu, site);
    if (site->kind == SENSITIVE_swapgs && !(vcpu->rflags & (RFLAGS_TF | RFLAGS_IF)) &&
        (site = bind_site_ahead(vcpu)) != NULL)
        emulate_site(vcpu, site);
}

void wedge_run(struct vcpu *vcpu)
{
    const struct wedge_site *site;

    for (;;) {
        if (vcpu->disturbed)
            run_devices();
        vcpu->disturbed = false;
        /* What would come straight back to us is done here. */
        if (!vcpu->halted && (site = bind_site_at(vcpu)) != NULL) {
            emulate(vcpu, site);
            continue;
        }
        if (vcpu->halted)
            sleep(vcpu);
        if (!wants_interrupt(vcpu))
            break;
        interrupt_deliver(vcpu, pic_acknowledge());
    }
    /* The shadow is one instruction long: step over that, or what waits would wait for the next
     * event. */
    vcpu->stepping |=
        vcpu->shadow && vcpu->rflags & RFLAGS_IF && pic_pending() && !(vcpu->rflags & RFLAGS_TF);
    if (vcpu->stepping)
        vcpu->rflags |= RFLAGS_TF;
    vcpu->shadow = false;
    keep_stack(vcpu);
    backend->table_flush(false);
    backend->resume(vcpu);
}

/* Ends what wedge_run began for the end of a shadow; the guest does not see it. */
static bool end_step(struct vcpu *vcpu)
{
    bool stepping = vcpu->stepping;

    if (stepping)
        vcpu->rflags &= ~(uint64_t)RFLAGS_TF;
    vcpu->stepping = false;
    shadow_close();
    return stepping;
}

void wedge_site(struct vcpu *vcpu, uint32_t index, bool alias)
{
    const struct wedge_site *site = bind_site(index);

    vcpu->rip = alias ? site->physical_address : bind_virtual_address(site);
    emulate(vcpu, site);
    wedge_run(vcpu);
}

void wedge_event(struct vcpu *vcpu)
{
    end_step(vcpu);
    vcpu->disturbed = true;
    wedge_run(vcpu);
}

void wedge_system_call(struct vcpu *vcpu)
{
    if (!(vcpu->efer & EFER_SCE)) {
        vcpu->rip -= 2;
        exception_deliver(vcpu, EXCEPTION_INVALID_OPCODE, false, 0);
        wedge_run(vcpu);
    }
    system_call(vcpu);
    wedge_run(vcpu);
}

/* The place does not say where user mode was: as the instruction does. */
void wedge_system_enter(struct vcpu *vcpu)
{
    struct outcome outcome = enter_by_sysenter(vcpu);

    outcome_deliver(vcpu, &outcome);
    wedge_run(vcpu);
}

void system_call(struct vcpu *vcpu)
{
    vcpu->gpr[GPR_RCX] = vcpu->rip;
    vcpu->gpr[GPR_R11] = vcpu->rflags & ~(uint64_t)RFLAGS_RF;
    vcpu->rip = vcpu->bits == 64 ? vcpu->lstar : vcpu->cstar;
    vcpu->rflags &= ~(vcpu->sfmask | RFLAGS_RF);
    vcpu->rflags |= RFLAGS_FIXED;
    vcpu->selectors[SEGMENT_CS] = (uint16_t)(vcpu->star >> 32) & 0xfffc;
    vcpu->selectors[SEGMENT_SS] = (uint16_t)(vcpu->selectors[SEGMENT_CS] + 8);
    vcpu->user = false;
    vcpu->bits = 64;
}

static bool has_error(unsigned vector)
{
    return vector < 32 && (0x60227d00u >> vector & 1); /* 8, 10-14, 17, 21, 29, 30 */
}

/* How often the same access may find what the tables do not say, with no other page fault between.
 */
#define STALE_MOST 16

static uint64_t page_faults;

/* A fault that neither the guest's tables nor ours explain: a processor may have kept a translation
 * that allowed less (AMD64 manual 2, 5.5.2). It is forgotten. */
static void stale_fault(struct vcpu *vcpu, uint64_t address, uint64_t where)
{
    static uint64_t last_rip, last_address, last_fault;
    static unsigned count;

    count = last_rip == vcpu->rip && last_address == address && last_fault + 1 == page_faults
                ? count + 1
                : 0;
    last_rip = vcpu->rip;
    last_address = address;
    last_fault = page_faults;
    if (count == STALE_MOST)
        wedge_stop("a page fault at %016lx (code %lx) that the guest's tables do not explain: "
                   "physical %lx",
                   address, vcpu->error, where);
    backend->flush_address(address);
}

static void page_fault(struct vcpu *vcpu)
{
    uint32_t access =
                 (vcpu->error & (ACCESS_WRITE | ACCESS_FETCH)) | (vcpu->user ? ACCESS_USER : 0),
             code;
    uint64_t address = vcpu->fault_address, where, user;

    page_faults++;
    code = guest_walk(vcpu, address, access, &where);
    if (code) {
        vcpu->cr2 = address;
        exception_deliver(vcpu, EXCEPTION_PAGE_FAULT, true, code & 0xffff);
        return;
    }
    /* What user mode may use is never bound. */
    if (access & ACCESS_FETCH && !vcpu->user && !code_is_bound(where >> PAGE_SHIFT) &&
        guest_walk(vcpu, address, ACCESS_FETCH | ACCESS_USER, &user)) {
        code_bind(vcpu, address);
        return;
    }
    if (access & ACCESS_WRITE && shadow_is_table(where >> PAGE_SHIFT)) {
        if (store_emulate(vcpu))
            return;
        /* One that we do not know: it does it itself, and we look what has become of the page. */
        if (!(vcpu->rflags & RFLAGS_TF) && shadow_open(where >> PAGE_SHIFT)) {
            vcpu->stepping = true;
            vcpu->rflags |= RFLAGS_TF;
        } else
            wedge_stop(
                "an instruction that writes to a page table, which we do not know, at %016lx",
                vcpu->rip);
        return;
    }
    if (access & ACCESS_WRITE && !vcpu->user && !(vcpu->cr0 & CR0_WP) &&
        guest_walk(vcpu, address, ACCESS_WRITE | ACCESS_USER, &where) & ACCESS_PRESENT &&
        store_emulate(vcpu))
        return;
    if (!shadow_use(vcpu, address, access & ACCESS_WRITE))
        stale_fault(vcpu, address, where);
}

/* FWAIT heeds TS only with MP. */
static bool skip_wait(struct vcpu *vcpu)
{
    uint64_t where;
    uint8_t byte;

    if (vcpu->cr0 & CR0_MP ||
        guest_read(vcpu, vcpu->rip, &byte, 1, vcpu->user ? ACCESS_USER : 0, &where) || byte != 0x9b)
        return false;
    vcpu->rip++;
    return true;
}

/* Of a step that was ours: leaves in the status what breakpoints of the guest's it met, and gives
 * whether there are any. Processors set the bits of those that are off, too (Intel manual 3, DR6).
 */
static bool breakpoint_met(struct vcpu *vcpu)
{
    vcpu->debug_status &= ~(uint64_t)DR6_STEP;
    for (unsigned i = 0; i < 4; i++)
        if (!(vcpu->dr[7] >> 2 * i & 3))
            vcpu->debug_status &= ~(1ul << i);
    return vcpu->debug_status != 0;
}

void wedge_exception(struct vcpu *vcpu, unsigned vector)
{
    bool stepped = end_step(vcpu);
    const struct wedge_site *site;

    if (vector == EXCEPTION_DEBUG) {
        if (stepped && !breakpoint_met(vcpu))
            wedge_run(vcpu);
        vcpu->dr[6] |= vcpu->debug_status;
    }
    if (vector == EXCEPTION_PAGE_FAULT) {
        page_fault(vcpu);
    } else if (vector == EXCEPTION_INVALID_OPCODE && !vcpu->user &&
               (site = bind_site_at(vcpu)) != NULL) {
        emulate_site(vcpu, site);
    } else if (vcpu->user &&
               (vector == EXCEPTION_BREAKPOINT || vector == EXCEPTION_OVERFLOW || vector >= 32)) {
        user_trap(vcpu, vector);
    } else if (vector == EXCEPTION_PROTECTION && vcpu->user) {
        user_protection(vcpu);
    } else if ((vector == EXCEPTION_NO_FPU && skip_wait(vcpu)) ||
               ((vector == EXCEPTION_PROTECTION || vector == EXCEPTION_INVALID_OPCODE) &&
                !vcpu->user && code_emulate_missed(vcpu))) {
        /* The place cannot tell TS from TS with MP; a missed instruction went on, or raised an
         * exception of its own. */
    } else {
        exception_deliver(vcpu, vector, has_error(vector), vcpu->error);
    }
    wedge_run(vcpu);
}
