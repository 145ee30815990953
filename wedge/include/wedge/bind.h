/* SPDX-License-Identifier: BSD-2-Clause */
/* The sites of the image, bound for the place we are at. */
#ifndef WEDGE_BIND_H
#define WEDGE_BIND_H

#include <stddef.h>

#include "afterburn/image.h"

struct vcpu;

extern const volatile struct wedge_image wedge_image; /* filled in by `afterburner link` */

/* bind/bind.c: writes each site's patch into the guest's memory. `place` is a name of struct
 * wedge_place; an image without patches for it ends the run. */
void bind_all(const char *place);

const struct wedge_site *bind_site(uint32_t index);

/* The site whose first byte, or whose patch, is at the vcpu's instruction pointer; NULL when there
 * is none. Then the instruction pointer is at the span's first byte. */
const struct wedge_site *bind_site_at(struct vcpu *vcpu);

/* The same behind instructions of the image's that do nothing but lead there; the instruction
 * pointer is there then. */
const struct wedge_site *bind_site_ahead(struct vcpu *vcpu);

/* The image's site of which a copy begins at `address` in the guest's code, with UD2: the rest of
 * its span is the same, and what is in front of it or behind. NULL when there is none. */
const struct wedge_site *bind_copied_site(struct vcpu *vcpu, uint64_t address);

/* How many of a list, sorted by physical address, are below an address. */
size_t bind_sites_before(const struct wedge_site *list, size_t count, uint64_t address);

/* Where the image has a site's first byte. */
uint64_t bind_virtual_address(const struct wedge_site *site);

#endif
