/* SPDX-License-Identifier: BSD-2-Clause */
/* Code that comes at run time: modules, and whatever else the guest's kernel makes executable. */
#ifndef WEDGE_CODE_H
#define WEDGE_CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vcpu;

/* bind/code.c */
void code_init(void);

/* Whether the kernel may execute a page of the guest's: it is the image's, or has been bound. */
bool code_is_bound(uint64_t page);

/* The kernel's first instruction on a page that is not bound: finds the records of its sites and
 * binds them, or ends the run. */
void code_bind(struct vcpu *vcpu, uint64_t address);

/* Nobody can execute the page any more: it may have other contents from now on. */
void code_forget(uint64_t page);

/* bind/missed.c: a sensitive instruction outside of every site trapped: says so, once for each, and
 * carries it out. Gives false when there is none at the vcpu's instruction pointer. */
bool code_emulate_missed(struct vcpu *vcpu);

#endif
