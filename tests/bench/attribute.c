/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A QEMU TCG plugin that says whose instructions the machine executed, between marks that a program
 * sets.
 *
 *     -plugin attribute.so,out=FILE[,hypercalls=ADDRESS]
 *
 * A mark is the instruction `nopl NUMBER(%rax,%rax)` with 0xcafe in the upper half of NUMBER. At
 * each FILE gets a line, the totals so far:
 *
 *     {"mark": 1, "user": N, "guest": N, "wedge": N, "hypervisor": N, "hypercalls": {"1": N, ...}}
 *
 * By address: the lower half is user mode's; Xen's own range (public/arch-x86/xen-x86_64.h: from
 * 0xffff800000000000, 8 TB) the hypervisor's; the window and its alias (afterburn/window.h) the
 * wedge's; the rest the guest kernel's. With `hypercalls`, the address of the page that Xen fills
 * in, calls are counted by their number, a slot of 32 bytes each. A SYSCALL of the guest kernel's
 * own is a hypercall, too, whose number does not show.
 *
 * Exact and, with -icount, deterministic, for the reasons that insncount.c gives. QEMU loads it
 * with its own symbols: build it with gcc -shared -fPIC. */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "afterburn/window.h"
#include "qemu-plugin-api.h"

#define HYPERVISOR_START UINT64_C(0xffff800000000000)
#define HYPERVISOR_END   UINT64_C(0xffff880000000000)
#define HYPERCALLS       64
#define HYPERCALL_SIZE   32

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_API_VERSION;

enum owner { OWNER_USER, OWNER_GUEST, OWNER_WEDGE, OWNER_HYPERVISOR, OWNER_COUNT };

static const char *const owner_names[OWNER_COUNT] = {"user", "guest", "wedge", "hypervisor"};

static uint64_t totals[OWNER_COUNT], hypercalls[HYPERCALLS], unnamed_hypercalls;
static uint64_t hypercall_page;
static FILE *output;

static enum owner owner_of(uint64_t address)
{
    if (address - WEDGE_WINDOW < WEDGE_WINDOW_SIZE || address >= WEDGE_WINDOW_ALIAS)
        return OWNER_WEDGE;
    if (address >= HYPERVISOR_START && address < HYPERVISOR_END)
        return OWNER_HYPERVISOR;
    return address >> 63 ? OWNER_GUEST : OWNER_USER;
}

static void at_mark(unsigned int vcpu_index, void *number)
{
    const char *comma = "";

    (void)vcpu_index;
    fprintf(output, "{\"mark\": %u", (unsigned int)(uintptr_t)number);
    for (int i = 0; i < OWNER_COUNT; i++)
        fprintf(output, ", \"%s\": %" PRIu64, owner_names[i], totals[i]);
    fputs(", \"hypercalls\": {", output);
    for (int i = 0; i < HYPERCALLS; i++)
        if (hypercalls[i]) {
            fprintf(output, "%s\"%d\": %" PRIu64, comma, i, hypercalls[i]);
            comma = ", ";
        }
    if (unnamed_hypercalls)
        fprintf(output, "%s\"unnamed\": %" PRIu64, comma, unnamed_hypercalls);
    fputs("}}\n", output);
}

/* Gives the number of a mark, or -1. */
static int mark_of(const struct qemu_plugin_insn *instruction)
{
    const uint8_t *bytes = qemu_plugin_insn_data(instruction);

    if (qemu_plugin_insn_size(instruction) != 8 || memcmp(bytes, "\x0f\x1f\x84", 3) != 0 ||
        bytes[6] != 0xfe || bytes[7] != 0xca)
        return -1;
    return bytes[4] | bytes[5] << 8;
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    size_t count = qemu_plugin_tb_n_insns(tb);

    (void)id;
    for (size_t i = 0; i < count; i++) {
        struct qemu_plugin_insn *instruction = qemu_plugin_tb_get_insn(tb, i);
        uint64_t address = qemu_plugin_insn_vaddr(instruction), slot = address - hypercall_page;
        int mark = mark_of(instruction);

        if (mark >= 0)
            qemu_plugin_register_vcpu_insn_exec_cb(instruction, at_mark, QEMU_PLUGIN_CB_NO_REGS,
                                                   (void *)(uintptr_t)mark);
        if (hypercall_page && slot < HYPERCALLS * HYPERCALL_SIZE && slot % HYPERCALL_SIZE == 0)
            qemu_plugin_register_vcpu_insn_exec_inline(instruction, QEMU_PLUGIN_INLINE_ADD_U64,
                                                       &hypercalls[slot / HYPERCALL_SIZE], 1);
        if (owner_of(address) == OWNER_GUEST && qemu_plugin_insn_size(instruction) == 2 &&
            memcmp(qemu_plugin_insn_data(instruction), "\x0f\x05", 2) == 0)
            qemu_plugin_register_vcpu_insn_exec_inline(instruction, QEMU_PLUGIN_INLINE_ADD_U64,
                                                       &unnamed_hypercalls, 1);
        qemu_plugin_register_vcpu_insn_exec_inline(instruction, QEMU_PLUGIN_INLINE_ADD_U64,
                                                   &totals[owner_of(address)], 1);
    }
}

static void at_exit(qemu_plugin_id_t id, void *userdata)
{
    (void)id;
    (void)userdata;
    if (fclose(output) != 0)
        fprintf(stderr, "attribute: the result is not complete: %s\n", strerror(errno));
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info,
                                           int argc, char **argv)
{
    (void)info;
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "out=", 4) == 0) {
            output = fopen(argv[i] + 4, "we");
        } else if (strncmp(argv[i], "hypercalls=", 11) == 0) {
            hypercall_page = strtoull(argv[i] + 11, NULL, 0);
        } else {
            fprintf(stderr, "attribute: %s: unknown; it takes out=FILE and hypercalls=ADDRESS\n",
                    argv[i]);
            return 1;
        }
    }
    if (!output) {
        fputs("attribute: out=FILE: give a file that can be written\n", stderr);
        return 1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, at_exit, NULL);
    return 0;
}
