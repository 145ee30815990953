/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What becomes of sensitive instructions that nobody emulates, where an image is bound. */
#ifndef AFTERBURNER_VERIFY_PLACE_RULES_H
#define AFTERBURNER_VERIFY_PLACE_RULES_H

/* Why an entry of the table does there what the wedge would make it do; NULL when it does not. */
const char *place_harmless_why(const char *place, int entry);

/* Whether it traps to the wedge, which emulates it then. */
int place_traps(const char *place, int entry);

#endif
