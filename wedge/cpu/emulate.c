/* SPDX-License-Identifier: BSD-2-Clause */
/* The instruction emulator: carries out the sensitive instruction of a site on the virtual CPU. */
#include "afterburn/image.h"
#include "afterburn/record.h"
#include "afterburn/sensitive.h"
#include "wedge/instructions.h"
#include "wedge/memory.h"
#include "wedge/time-stamp.h"
#include "wedge/vcpu.h"

static struct outcome pop_flags(struct vcpu *vcpu, const struct wedge_site *site)
{
    uint64_t change = RFLAGS_STATUS | RFLAGS_TF | RFLAGS_IF | RFLAGS_IOPL | RFLAGS_NT | RFLAGS_AC |
                      RFLAGS_ID,
             value;
    struct outcome outcome = outcome_done;

    if (!stack_peek(vcpu, 0, 1, site->width, &value, &outcome))
        return outcome;
    stack_drop(vcpu, site->width);
    change = register_truncate(change, site->width);
    vcpu->rflags = (vcpu->rflags & ~change) | (value & change) | RFLAGS_FIXED;
    return outcome_done;
}

static struct outcome set_interrupt_flag(struct vcpu *vcpu)
{
    if (!(vcpu->rflags & RFLAGS_IF))
        vcpu->shadow = true;
    vcpu->rflags |= RFLAGS_IF;
    return outcome_done;
}

static void set_pair(struct vcpu *vcpu, uint64_t value)
{
    vcpu->gpr[GPR_RAX] = (uint32_t)value;
    vcpu->gpr[GPR_RDX] = value >> 32;
}

static uint64_t get_pair(const struct vcpu *vcpu)
{
    return (uint32_t)vcpu->gpr[GPR_RAX] | vcpu->gpr[GPR_RDX] << 32;
}

static struct outcome read_msr(struct vcpu *vcpu)
{
    uint64_t value;

    if (!msr_read(vcpu, (uint32_t)vcpu->gpr[GPR_RCX], &value))
        return outcome_fault(EXCEPTION_PROTECTION, 0);
    set_pair(vcpu, value);
    return outcome_done;
}

static struct outcome write_msr(struct vcpu *vcpu)
{
    return msr_write(vcpu, (uint32_t)vcpu->gpr[GPR_RCX], get_pair(vcpu))
               ? outcome_done
               : outcome_fault(EXCEPTION_PROTECTION, 0);
}

static struct outcome read_counter(struct vcpu *vcpu)
{
    set_pair(vcpu, time_stamp());
    return outcome_done;
}

static struct outcome swap_bases(struct vcpu *vcpu)
{
    uint64_t base = vcpu->gs_base;

    vcpu->gs_base = vcpu->kernel_gs_base;
    vcpu->kernel_gs_base = base;
    return outcome_done;
}

static struct outcome invalidate(struct vcpu *vcpu, const struct wedge_site *site)
{
    uint64_t address = operand_address(vcpu, site);

    shadow_refresh(vcpu, address);
    backend->flush_address(address);
    return outcome_done;
}

static struct outcome halt(struct vcpu *vcpu)
{
    vcpu->halted = true;
    return outcome_done;
}

static struct outcome carry_out(struct vcpu *vcpu, const struct wedge_site *site)
{
    switch (site->kind) {
    case SENSITIVE_cli:
        vcpu->rflags &= ~(uint64_t)RFLAGS_IF;
        return outcome_done;
    case SENSITIVE_sti:
        return set_interrupt_flag(vcpu);
    case SENSITIVE_pushf:
        return stack_push(vcpu, vcpu->rflags & ~(uint64_t)(RFLAGS_VM | RFLAGS_RF), site->width);
    case SENSITIVE_popf:
        return pop_flags(vcpu, site);
    case SENSITIVE_hlt:
        return halt(vcpu);
    case SENSITIVE_iret:
        return instruction_iret(vcpu, site);
    case SENSITIVE_sysret:
        return instruction_sysret(vcpu, site);
    case SENSITIVE_swapgs:
        return swap_bases(vcpu);
    case SENSITIVE_int:
    case SENSITIVE_int1:
    case SENSITIVE_into:
        return instruction_int(vcpu, site);
    case SENSITIVE_in:
        return instruction_port(vcpu, site, true);
    case SENSITIVE_out:
        return instruction_port(vcpu, site, false);
    case SENSITIVE_ins:
        return instruction_port_string(vcpu, site, true);
    case SENSITIVE_outs:
        return instruction_port_string(vcpu, site, false);
    case SENSITIVE_lgdt:
        return instruction_load_table(vcpu, site, &vcpu->gdt);
    case SENSITIVE_lidt:
        return instruction_load_table(vcpu, site, &vcpu->idt);
    case SENSITIVE_sgdt:
        return instruction_store_table(vcpu, site, &vcpu->gdt);
    case SENSITIVE_sidt:
        return instruction_store_table(vcpu, site, &vcpu->idt);
    case SENSITIVE_lldt:
        return instruction_load_system(vcpu, site, &vcpu->ldt, SYSTEM_LDT);
    case SENSITIVE_ltr:
        return instruction_load_system(vcpu, site, &vcpu->task, SYSTEM_TSS);
    case SENSITIVE_sldt:
        return operand_store_selector(vcpu, site, vcpu->ldt.selector);
    case SENSITIVE_str:
        return operand_store_selector(vcpu, site, vcpu->task.selector);
    case SENSITIVE_smsw:
        if (!operand_in_memory(site)) {
            register_set(vcpu, site->reg, vcpu->cr0, site->width);
            return outcome_done;
        }
        return operand_store_selector(vcpu, site, (uint16_t)vcpu->cr0);
    case SENSITIVE_lmsw:
        return instruction_lmsw(vcpu, site);
    case SENSITIVE_clts:
        vcpu->cr0 &= ~(uint64_t)CR0_TS;
        return outcome_done;
    case SENSITIVE_mov_to_control:
        return instruction_to_control(vcpu, site);
    case SENSITIVE_mov_from_control:
        register_set(vcpu, site->reg, control_read(vcpu, site->special), vcpu->bits == 64 ? 8 : 4);
        return outcome_done;
    case SENSITIVE_mov_to_debug:
        return instruction_to_debug(vcpu, site);
    case SENSITIVE_mov_from_debug:
        return instruction_from_debug(vcpu, site);
    case SENSITIVE_mov_to_segment:
        return instruction_to_segment(vcpu, site);
    case SENSITIVE_mov_from_segment:
        return operand_store_selector(vcpu, site, vcpu->selectors[site->special]);
    case SENSITIVE_push_segment:
        return stack_push(vcpu, vcpu->selectors[site->special], site->width);
    case SENSITIVE_pop_segment:
        return instruction_pop_segment(vcpu, site);
    case SENSITIVE_lds:
        return instruction_load_far_pointer(vcpu, site, SEGMENT_DS);
    case SENSITIVE_les:
        return instruction_load_far_pointer(vcpu, site, SEGMENT_ES);
    case SENSITIVE_lfs:
        return instruction_load_far_pointer(vcpu, site, SEGMENT_FS);
    case SENSITIVE_lgs:
        return instruction_load_far_pointer(vcpu, site, SEGMENT_GS);
    case SENSITIVE_lss:
        return instruction_load_far_pointer(vcpu, site, SEGMENT_SS);
    case SENSITIVE_arpl:
        return instruction_arpl(vcpu, site);
    case SENSITIVE_syscall:
        if (!(vcpu->efer & EFER_SCE))
            return outcome_undefined();
        vcpu->rip += site->span;
        system_call(vcpu);
        return outcome_jumped;
    case SENSITIVE_sysenter:
        return instruction_sysenter(vcpu);
    case SENSITIVE_sysexit:
        return instruction_sysexit(vcpu, site);
    case SENSITIVE_far_jmp:
        return instruction_far_jump(vcpu, site, false);
    case SENSITIVE_far_call:
        return instruction_far_jump(vcpu, site, true);
    case SENSITIVE_far_ret:
        return instruction_far_ret(vcpu, site);
    case SENSITIVE_lar:
    case SENSITIVE_lsl:
    case SENSITIVE_verr:
    case SENSITIVE_verw:
        return instruction_examine(vcpu, site);
    case SENSITIVE_invlpg:
        return invalidate(vcpu, site);
    case SENSITIVE_invd:
    case SENSITIVE_wbinvd:
    case SENSITIVE_wbnoinvd:
        return outcome_done; /* caches are coherent here, and nobody else's business */
    case SENSITIVE_rdmsr:
        return read_msr(vcpu);
    case SENSITIVE_wrmsr:
        return write_msr(vcpu);
    case SENSITIVE_rdtsc:
        return read_counter(vcpu);
    case SENSITIVE_cpuid:
        cpuid_emulate(vcpu);
        return outcome_done;
    case SENSITIVE_xsetbv:
        return instruction_xsetbv(vcpu);
    case SENSITIVE_xgetbv:
        return instruction_xgetbv(vcpu);
    default:
        /* CPUID says that we have none of the others; RSM is none outside system management. */
        return outcome_undefined();
    }
}

void emulate_site(struct vcpu *vcpu, const struct wedge_site *site)
{
    bool step = vcpu->rflags & RFLAGS_TF;
    struct outcome outcome;

    vcpu->site = site;
    vcpu->shadow = false;
    outcome = carry_out(vcpu, site);
    vcpu->site = NULL;
    if (!outcome_deliver(vcpu, &outcome) && !outcome.jumped)
        vcpu->rip += site->span;
    if (step && outcome.exception == EXCEPTION_NONE && !outcome.delivered && !vcpu->shadow)
        debug_step_deliver(vcpu);
}
