/* SPDX-License-Identifier: BSD-2-Clause */
/* What lies where in every address space that the guest's kernel runs in, beside the wedge's
 * window. C and assembly read this: numbers only. */
#ifndef WEDGE_LAYOUT_H
#define WEDGE_LAYOUT_H

#include "afterburn/window.h"

/* All of the guest's physical memory, from 0 on. */
#define WEDGE_PHYSICAL 0xfffffe8000000000

/* The per-vCPU page: the window's first. */
#define WEDGE_VCPU WEDGE_WINDOW

/* offsetof(struct wedge_image, pvh_entry), for assembly (bind.c checks it). */
#define WEDGE_IMAGE_PVH_ENTRY 68

#endif
