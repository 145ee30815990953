/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How a guest wants to be entered. */
#ifndef AFTERBURNER_LINK_GUESTS_H
#define AFTERBURNER_LINK_GUESTS_H

#include "link/composition.h"

/* Fills the header's protocol and guest_entry in. Gives 0, or an exit code after one message when
 * the guest follows no protocol that the wedge knows. */
int guests_detect(struct composition *composition, const struct records *records);

#endif
