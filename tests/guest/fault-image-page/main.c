/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: an image is not all code, and what is not may become code: what nobody has decoded is not to
 * be trusted because it is the image's. Expected: as of any code without records (fault-module): on
 * bare hardware it runs; where sites are bound, the run ends with 121 before it does anything. */
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
