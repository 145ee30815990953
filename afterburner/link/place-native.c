/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The place "native": bare hardware. No site is bound there, and the guest's own entry stays. */
#include "cli/exit-codes.h"
#include "link/guests.h"
#include "link/place.h"

static int add_native(struct composition *composition)
{
    composition_explain(composition, "  native: no site is bound; the guest's entry and notes are "
                                     "as they were");
    if (!guests_boot_bare(composition->guest))
        composition_explain(composition, "  native: the guest has no PVH entry note, so loaders of "
                                         "ELF images cannot boot it on bare hardware (Linux: "
                                         "CONFIG_PVH=y)");
    return EXIT_CODE_OK;
}

const struct link_place link_place_native = {.name = "native", .add = add_native};
