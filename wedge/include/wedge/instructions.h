/* SPDX-License-Identifier: BSD-2-Clause */
/* The sensitive instructions, in groups: each function carries one out on the virtual CPU, from the
 * operands in its site's record. The manual's page of the instruction says what it does (AMD64
 * manual 3). */
#ifndef WEDGE_INSTRUCTIONS_H
#define WEDGE_INSTRUCTIONS_H

#include "wedge/operands.h"

/* The flags that programs change freely: CF PF AF ZF SF DF OF. */
#define RFLAGS_STATUS 0xcd5ul
#define RFLAGS_ID     0x200000ul

/* cpu/transfers.c: those that go elsewhere. */
struct outcome instruction_iret(struct vcpu *vcpu, const struct wedge_site *site);
struct outcome instruction_sysret(struct vcpu *vcpu, const struct wedge_site *site);
struct outcome instruction_sysenter(struct vcpu *vcpu);
/* The same where the processor has shown that it knows the instruction. */
struct outcome enter_by_sysenter(struct vcpu *vcpu);
struct outcome instruction_sysexit(struct vcpu *vcpu, const struct wedge_site *site);
struct outcome instruction_far_jump(struct vcpu *vcpu, const struct wedge_site *site, bool call);
struct outcome instruction_far_ret(struct vcpu *vcpu, const struct wedge_site *site);
struct outcome instruction_int(struct vcpu *vcpu, const struct wedge_site *site);

/* cpu/port-instructions.c */
struct outcome instruction_port(struct vcpu *vcpu, const struct wedge_site *site, bool in);
struct outcome instruction_port_string(struct vcpu *vcpu, const struct wedge_site *site, bool in);

/* cpu/system-registers.c: descriptor tables, control and debug registers. */
#define SYSTEM_LDT (0x02ul << 40)
#define SYSTEM_TSS (0x09ul << 40)
struct outcome instruction_load_table(struct vcpu *vcpu, const struct wedge_site *site,
                                      struct table_register *table);
struct outcome instruction_store_table(struct vcpu *vcpu, const struct wedge_site *site,
                                       const struct table_register *table);
/* LLDT and LTR: `type` is SYSTEM_LDT or SYSTEM_TSS. */
struct outcome instruction_load_system(struct vcpu *vcpu, const struct wedge_site *site,
                                       struct table_register *table, uint64_t type);
struct outcome instruction_to_control(struct vcpu *vcpu, const struct wedge_site *site);
struct outcome instruction_to_debug(struct vcpu *vcpu, const struct wedge_site *site);
struct outcome instruction_from_debug(struct vcpu *vcpu, const struct wedge_site *site);
struct outcome instruction_lmsw(struct vcpu *vcpu, const struct wedge_site *site);

/* cpu/extended-state.c */
struct outcome instruction_xsetbv(struct vcpu *vcpu);
struct outcome instruction_xgetbv(struct vcpu *vcpu);

/* cpu/segment-instructions.c */
struct outcome instruction_to_segment(struct vcpu *vcpu, const struct wedge_site *site);
struct outcome instruction_pop_segment(struct vcpu *vcpu, const struct wedge_site *site);
/* LDS, LES, LFS, LGS, LSS */
struct outcome instruction_load_far_pointer(struct vcpu *vcpu, const struct wedge_site *site,
                                            unsigned segment);
struct outcome instruction_arpl(struct vcpu *vcpu, const struct wedge_site *site);
/* LAR, LSL, VERR, VERW: what a selector may be used for. */
struct outcome instruction_examine(struct vcpu *vcpu, const struct wedge_site *site);

#endif
