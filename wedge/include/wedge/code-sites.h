/* SPDX-License-Identifier: BSD-2-Clause */
/* The sites of code that came at run time. */
#ifndef WEDGE_CODE_SITES_H
#define WEDGE_CODE_SITES_H

#include <stddef.h>
#include <stdint.h>

struct vcpu;
struct wedge_site;

/* bind/code-sites.c */
void code_sites_init(void);

/* The site whose patch is at a physical address, and how many bytes of the span are in front of it;
 * NULL when there is none. */
const struct wedge_site *code_site_at(uint64_t physical_address, unsigned *before);

/* Binds a site whose span begins at an address, as far as that is on the page at `page`. */
void code_add_site(struct vcpu *vcpu, uint64_t address, const struct wedge_site *site,
                   uint64_t page);

/* The guest's code as it was before it was bound; gives how many bytes can be read, the others are
 * zero. */
size_t code_read(struct vcpu *vcpu, uint64_t address, uint8_t *bytes, size_t size);

/* Where the span ends of the bound site that an address is in; 0 when it is in none. */
uint64_t code_site_end(const struct vcpu *vcpu, uint64_t address);

/* Gives a page's sites up, and its bytes as they were. */
void code_sites_forget(uint64_t page);

#endif
