/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: a root that is no memory is a kernel's end. Expected: bare hardware resets at the next
 * fetch; the wedge says what is wrong with CR3. Both times the run ends with 120. */
#include "guest.h"

void test(void)
{
    print("loads a bad CR3\n");
    cr3_write(0x7ffffff000);
}
