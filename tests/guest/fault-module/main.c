/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: a module that was not assembled through the annotator may do anything silently.
 * Expected: on bare hardware it runs; where sites are bound, code from outside the image that has a
 * sensitive instruction and no record is refused when it is first executed, before it does
 * anything: the run ends with 121, and the report has the address. */
#include "guest.h"

static const uint8_t code[] = {0x9c, 0x58, 0xc3}; /* pushfq; popq %rax; ret */

void test(void)
{
    uint64_t (*flags)(void) = (uint64_t(*)(void))WINDOW;

    map(WINDOW, page_new(), PTE_P | PTE_W);
    memset((void *)WINDOW, 0xcc, PAGE_SIZE);
    memcpy((void *)WINDOW, code, sizeof(code));
    print("calls code without records\n");
    print("it came back: %s\n", flags() & 2 ? "yes" : "no");
}
