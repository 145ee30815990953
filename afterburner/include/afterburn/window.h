/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a composed image has its wedge: the addresses that `afterburner link` may fill. They are
 * those of wedge/include/wedge/layout.h, which says why; tests/cli/link.sh compares the two. */
#ifndef AFTERBURN_WINDOW_H
#define AFTERBURN_WINDOW_H

#define WEDGE_WINDOW      0xffffffff7f800000
#define WEDGE_WINDOW_SIZE 0x800000

#endif
