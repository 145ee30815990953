/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What each decoder makes of a case, and where the table of sensitive instructions puts it. */
#ifndef SWEEP_DECODE_H
#define SWEEP_DECODE_H

#include <stdbool.h>

#include "sweep-abi.h"

struct decoded {
    bool valid; /* decodable at all; if not, the rest is 0 */
    unsigned length;
    int entry;       /* number of the table entry, 0 when innocuous */
    bool privileged; /* the decoder's own opinion */
    char mnemonic[32];
};

/* Both return a decoded with `valid` unset for what they cannot decode. */
struct decoded decode_zydis(const struct sweep_case *test);
struct decoded decode_capstone(const struct sweep_case *test);

/* Opens Capstone: 0, or -1 with the reason on standard error. Zydis needs no opening. */
int decode_open(void);
void decode_close(void);

#endif
