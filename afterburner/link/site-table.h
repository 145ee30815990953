/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The guest's sites as the wedge knows them: struct wedge_site of afterburn/image.h. */
#ifndef AFTERBURNER_LINK_SITE_TABLE_H
#define AFTERBURNER_LINK_SITE_TABLE_H

#include "link/composition.h"

/* Sorts the guest's sites by physical address and adds the section with their table. Gives 0, or an
 * exit code after one message: a site that is not loaded, or whose record does not fit what is
 * there. */
int site_table_add(struct composition *composition, const struct records *records);

/* What a record says of a site, as the wedge has it; without a physical address. */
struct wedge_site site_table_entry(const struct afterburn_record *record);

#endif
