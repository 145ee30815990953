/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The first domain that makes the image's: Debian's Linux with xl, which scripts/fetch-dom0 packs.
 */
#ifndef AFTERBURNER_RUN_DOM0_H
#define AFTERBURNER_RUN_DOM0_H

/* The folder with it: `named`, else AFTERBURNER_DOM0, else the fetched one. To be freed. NULL after
 * a message; dom0_look: without one. */
char *dom0_find(const char *named);
char *dom0_look(const char *named);

/* The command that fetches it; to be freed. */
char *dom0_remedy(void);

/* Files of that folder. */
#define DOM0_KERNEL "vmlinuz"
#define DOM0_INITRD "initrd"
#define DOM0_MARK   "made-by" /* the last that is written */

#endif
