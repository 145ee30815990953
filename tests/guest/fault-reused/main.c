/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: a page that had harmless code may get other code, whatever happened to it between.
 * Expected: code is looked at again after its page was not executable for a while, here by way of
 * user mode's: on bare hardware it runs; where sites are bound, the run ends with 121 before it
 * does anything. */
#include "guest.h"

static const uint8_t code[] = {0x9c, 0x58, 0xc3}; /* pushfq; popq %rax; ret */

void test(void)
{
    uint64_t (*function)(void) = (uint64_t(*)(void))WINDOW, frame = page_new();

    map(WINDOW, frame, PTE_P | PTE_W);
    memset((void *)WINDOW, 0xc3, PAGE_SIZE);
    function();
    *entry_in(kernel_root, WINDOW, 1) |= PTE_U;
    invlpg(WINDOW);
    unmap(WINDOW);
    memcpy(at(frame), code, sizeof(code));
    map(WINDOW, frame, PTE_P | PTE_W);
    print("calls code without records\n");
    print("it came back: %s\n", function() & 2 ? "yes" : "no");
}
