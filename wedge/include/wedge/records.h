/* SPDX-License-Identifier: BSD-2-Clause */
/* Records of sites in the guest's memory. */
#ifndef WEDGE_RECORDS_H
#define WEDGE_RECORDS_H

#include <stdint.h>

struct vcpu;

/* bind/records.c: both bind (code_add_site) the sites on the page at an address whose records they
 * find: around it, in what was allocated in one piece, whose start is given; or anywhere in the
 * same gigabyte: a module's initialization is a piece of its own, with its records in the other
 * one. */
uint64_t records_find_near(struct vcpu *vcpu, uint64_t page);
void records_find_far(struct vcpu *vcpu, uint64_t page);

#endif
