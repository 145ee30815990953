/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What Linux 6.1 writes over its own code besides alternatives: arch/x86/kernel/{jump_label,
 * static_call,alternative,ftrace}.c. */
#include <string.h>

#include "verify/guests/guest.h"

enum {
    CALL = 0xe8,
    JUMP = 0xe9,
    JUMP_SHORT = 0xeb,
    RETURN = 0xc3,
    INT3 = 0xcc,
};

static const unsigned char nop_2[] = {0x66, 0x90}, nop_5[] = {0x0f, 0x1f, 0x44, 0x00, 0x00},
                           give_0[] = {0x2e, 0x2e, 0x2e, 0x31, 0xc0}, /* cs cs cs xor %eax, %eax */
    go_back[] = {RETURN, INT3, INT3, INT3, INT3}, lfence[] = {0x0f, 0xae, 0xe8};

#define IS(bytes, form) (memcmp(bytes, form, sizeof(form)) == 0)

/* Where a call or jump of 5 bytes goes. */
static uint64_t far_target(uint64_t address, const unsigned char *bytes)
{
    int32_t distance;

    memcpy(&distance, bytes + 1, sizeof(distance));
    return address + 5 + (uint64_t)(int64_t)distance;
}

/* A nop or a jump to the label's target, as long as what is in the image. */
static unsigned int jump_label(const struct guest_patch *patch, const unsigned char *image,
                               const unsigned char *live)
{
    if (image[0] == JUMP_SHORT || IS(image, nop_2))
        return IS(live, nop_2) ||
                       (live[0] == JUMP_SHORT &&
                        patch->address + 2 + (uint64_t)(int64_t)(int8_t)live[1] == patch->target)
                   ? 2
                   : 0;
    if (image[0] == JUMP || IS(image, nop_5))
        return IS(live, nop_5) ||
                       (live[0] == JUMP && far_target(patch->address, live) == patch->target)
                   ? 5
                   : 0;
    return 0;
}

/* A call or a tail call of whatever function, nothing, a return, or what gives 0. */
static unsigned int static_call(const struct guest_patch *patch, const unsigned char *live,
                                uint64_t *leads)
{
    if (live[0] == CALL || live[0] == JUMP) {
        *leads = far_target(patch->address, live);
        return 5;
    }
    return IS(live, nop_5) || IS(live, give_0) || IS(live, go_back) ? 5 : 0;
}

/* An indirect call or jump of a register, after an lfence perhaps, in the room that the branch to
 * the thunk had; int3 and nops behind. */
static unsigned int retpoline(const unsigned char *image, const unsigned char *live)
{
    unsigned int room = image[0] == 0x2e ? 6 : 5, at = IS(live, lfence) ? 3 : 0;

    if (image[room - 5] != CALL && image[room - 5] != JUMP)
        return 0;
    at += live[at] == 0x2e;
    at += live[at] == 0x41;
    if (live[at] != 0xff || ((live[at + 1] & 0xf8) != 0xd0 && (live[at + 1] & 0xf8) != 0xe0))
        return 0;
    for (at += 2; at < room && live[at] == INT3;)
        at++;
    if (room - at == 2 && IS(live + at, nop_2))
        at += 2;
    if (room - at == 3 && memcmp(live + at, "\x0f\x1f\x00", 3) == 0)
        at += 3;
    if (room - at == 1 && live[at] == 0x90)
        at++;
    return at == room ? room : 0;
}

unsigned int linux_patch_explains(const struct guest_patch *patch, const unsigned char *image,
                                  const unsigned char *live, size_t size, uint64_t *leads)
{
    if (patch->kind == PATCH_LOCK)
        return size >= 1 && image[0] == 0xf0 && live[0] == 0x3e;
    if (size < 8)
        return 0;
    switch (patch->kind) {
    case PATCH_JUMP_LABEL:
        return jump_label(patch, image, live);
    case PATCH_STATIC_CALL:
        return static_call(patch, live, leads);
    case PATCH_RETPOLINE:
        return retpoline(image, live);
    case PATCH_RETURN:
        return image[0] == JUMP && IS(live, go_back) ? 5 : 0;
    default: /* PATCH_TRACE_CALL */
        return (image[0] == CALL || IS(image, nop_5)) && IS(live, nop_5) ? 5 : 0;
    }
}
