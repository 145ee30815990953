/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The place "native": bare hardware. No site is bound there, and the guest's own entry stays. */
#include "link/multiboot.h"
#include "link/place.h"

static int add_native(struct composition *composition)
{
    composition_explain(composition, "  native: no site is bound; the guest's entry and notes are "
                                     "as they were");
    return multiboot_prepare(composition);
}

const struct link_place link_place_native = {.name = "native", .add = add_native};
