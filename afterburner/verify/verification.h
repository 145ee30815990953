/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A whole verification of one image, for every command that must know the answer. */
#ifndef AFTERBURNER_VERIFY_VERIFICATION_H
#define AFTERBURNER_VERIFY_VERIFICATION_H

#include "verify/live.h"
#include "verify/walk.h"

/* Reads the records and the guest's tables, decodes, checks, and sorts the findings. `image` must
 * outlive the verification. Gives 0 whatever was found, or an exit code (cli/exit-codes.h) after
 * one message; then there is nothing to free. */
int verification_make(const struct image *image, struct verification *verification);

/* The same, and then once more as it is when bound for a place that sites are bound for
 * (bound_place_known). `image` is as it was afterwards. */
int verification_make_bound(struct image *image, const char *place,
                            struct verification *verification);

/* What has no site and traps to the wedge at a place is no silent mistake: those findings are no
 * longer open. */
void verification_settle_trapping(struct verification *verification, const char *place);

/* Holds the guest's code in a dump against the verified image, bound if it was verified so. Gives
 * 0, or an exit code after one message. */
int verification_check_live(struct image *image, struct verification *verification,
                            struct live *live);
void verification_free(struct verification *verification);

#endif
