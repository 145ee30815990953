/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the wedge lies in every address space that the guest's kernel runs in. C, assembly and
 * linker scripts read this: numbers only.
 *
 * The window is the top of the 2 GB hole below the address space's last 2 GB, where kernels are
 * linked: from there on each of their sites, and those of their modules, reach it with a 32-bit
 * displacement. A kernel that runs at physical addresses early on, 2 GB lower than it is linked,
 * reaches the same distance lower: the alias, at the very end.
 */
#ifndef WEDGE_LAYOUT_H
#define WEDGE_LAYOUT_H

#define WEDGE_WINDOW       0xffffffff7f800000
#define WEDGE_WINDOW_SIZE  0x800000
#define WEDGE_WINDOW_ALIAS 0xffffffffff800000

/* All of the guest's physical memory, from 0 on. */
#define WEDGE_PHYSICAL 0xfffffe8000000000

/* The per-vCPU page: the window's first. */
#define WEDGE_VCPU WEDGE_WINDOW

#endif
