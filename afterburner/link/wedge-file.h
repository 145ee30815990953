/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which wedge is put beside the guest. */
#ifndef AFTERBURNER_LINK_WEDGE_FILE_H
#define AFTERBURNER_LINK_WEDGE_FILE_H

/* The wedge's path: `named`, else AFTERBURNER_WEDGE, else beside an installed program or one in its
 * build folder. NULL after a message; the caller frees it. */
char *wedge_file_find(const char *named);

#endif
