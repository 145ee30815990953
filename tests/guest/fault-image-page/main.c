/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: kernels give the memory of what only starts them back, and modules are loaded into it: what
 * was the image's is not to be trusted for ever. Expected: as of any code without records
 * (fault-module): on bare hardware it runs; where sites are bound, the run ends with 121 before it
 * does anything. */
#include "guest.h"

static const uint8_t code[] = {0x9c, 0x58, 0xc3}; /* pushfq; popq %rax; ret */
static uint8_t page[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));

void test(void)
{
    uint64_t (*flags)(void) = (uint64_t(*)(void))WINDOW;

    memset(page, 0xcc, sizeof(page));
    memcpy(page, code, sizeof(code));
    map(WINDOW, physical_of(page), PTE_P);
    print("calls code without records\n");
    print("it came back: %s\n", flags() & 2 ? "yes" : "no");
}
