/* SPDX-License-Identifier: BSD-2-Clause */
/* Following code on a page from instruction to instruction. */
#ifndef WEDGE_FLOW_H
#define WEDGE_FLOW_H

#include <stddef.h>
#include <stdint.h>

struct vcpu;

/* Gives an instruction's length, or 0 when it must not be reached. */
typedef unsigned (*flow_check)(struct vcpu *vcpu, uint64_t address, uint8_t *bytes, size_t size);

/* bind/flow.c: calls `check` for each instruction on the page that can be reached from `address` by
 * direct jumps and calls. Gives the first one that must not be reached; 0 when there is none. */
uint64_t flow_find_unbound(struct vcpu *vcpu, uint64_t address, flow_check check);

#endif
