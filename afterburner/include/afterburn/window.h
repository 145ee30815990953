/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a composed image has its wedge, in every address space that the guest's kernel runs in. C
 * and assembly read this: numbers only. wedge/wedge.lds says the first once more.
 *
 * The window is the top of the 2 GB hole below the address space's last 2 GB, where kernels are
 * linked: from there on each of their sites, and those of their modules, reach it with a 32-bit
 * displacement. A kernel that runs at physical addresses early on, 2 GB lower than it is linked,
 * reaches the same distance lower: the alias, at the very end.
 */
#ifndef AFTERBURN_WINDOW_H
#define AFTERBURN_WINDOW_H

#define WEDGE_WINDOW       0xffffffff7f800000
#define WEDGE_WINDOW_SIZE  0x800000
#define WEDGE_WINDOW_ALIAS 0xffffffffff800000

#endif
