/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Comparing the site identities of two images. */
#ifndef AFTERBURNER_SITES_COMPARE_H
#define AFTERBURNER_SITES_COMPARE_H

#include "image/image.h"
#include "image/records.h"

/* Prints which identities only one image has, and how many both have; as JSON when asked. Gives
 * EXIT_CODE_OK when they are the same, else EXIT_CODE_FINDINGS. */
int compare_sites_print(const struct image *old_image, const struct records *old_records,
                        const struct image *new_image, const struct records *new_records, int json);

#endif
