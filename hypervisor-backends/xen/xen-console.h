/* SPDX-License-Identifier: BSD-2-Clause */
/* What the guest's console can be: console.c takes the first that is there. */
#ifndef BACKEND_XEN_CONSOLE_H
#define BACKEND_XEN_CONSOLE_H

#include "xen.h"

struct xen_console {
    bool (*take)(void);                           /* whether it is there; it is ours then */
    void (*log)(const char *text, size_t length); /* the wedge's words, in lines */
    void (*put)(uint8_t byte);
    bool (*has_input)(void); /* whether a byte waits; it is not taken */
    uint8_t (*get)(void);
    uint32_t (*listen)(void); /* the channel that tells of input; 0: none does */
    void (*acknowledge)(void);
};

extern const struct xen_console xen_console_com1; /* the machine's first serial port */
extern const struct xen_console xen_console_ring; /* a page shared with the first domain */

/* console-ring.c, for early.c, too: puts text into the ring of such a page, as much as it takes,
 * and tells the first domain. */
struct xen_ring;
void xen_ring_say(struct xen_ring *ring, uint32_t port, const char *text, size_t length);

/* Xen's own console. */
void xen_log(const char *text, size_t length);

/* Tells the first domain what it has not been told yet; and when that has to be. */
void xen_ring_flush(void);
uint64_t xen_ring_deadline(void);

/* Waits until all has been taken, as long as that may last. */
void xen_ring_drain(void);

#endif
