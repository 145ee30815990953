/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A place that an image is composed for: one file, place-NAME.c, for each. */
#ifndef AFTERBURNER_LINK_PLACE_H
#define AFTERBURNER_LINK_PLACE_H

#include "link/composition.h"

struct link_place {
    const char *name;
    int binds; /* whether sites are bound there */
    /* Adds what this place wants: stubs, patches, notes. The guest's sites are in the composition
     * by then. Gives 0, or an exit code after one message. */
    int (*add)(struct composition *composition);
};

extern const struct link_place link_place_native, link_place_xen;

#endif
