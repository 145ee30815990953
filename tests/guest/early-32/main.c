/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: a kernel starts in 32-bit protected mode without paging, where sites run at physical
 * addresses and no handler is there yet to catch what goes wrong. Expected: the sensitive
 * instructions of that time do what they do there. They run before everything else (code.S); here
 * is only what they gave. */
#include "guest.h"

extern uint32_t results[], result_count;
extern const char result_names[];

void test(void)
{
    const char *name = result_names;

    for (unsigned i = 0; i < result_count; i++) {
        show(name, results[i]);
        while (*name++)
            ;
    }
}
