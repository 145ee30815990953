/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A QEMU TCG plugin that counts the guest's instructions.
 *
 *     -plugin insncount.so,out=FILE[,entry=ADDRESS[-ADDRESS]][,until=ADDRESS]...[,upper=ADDRESS]
 *
 * At QEMU's end FILE gets one line:
 *
 *     {"entry": "0x1000000", "reached": true, "all": N, "kernel": N, "user": N}
 *
 * Counting starts with the first execution of an instruction at `entry` (or in the range, its end
 * excluded), that instruction included; without `entry`, with the machine's first. For a Linux
 * bzImage entry=0x1000000, where startup_64 of vmlinux is entered, leaves firmware and decompressor
 * out. Counting ends, and QEMU with it, where an instruction at one of the addresses `until` would
 * begin, for guests that do not end by themselves. "kernel" are the instructions at addresses in
 * the upper half, which begins at `upper` (default: 64-bit code's), and before the first of those
 * all others: a kernel enters itself at a low, identity-mapped address. What follows in the lower
 * half is "user".
 *
 * Exact: every translated instruction carries its own addition, done when it begins. A per-block
 * addition would be cheaper still, but wrong whenever a fault leaves a block in the middle. An
 * instruction that faults and is retried counts each time, and so does each iteration of a rep
 * prefix. When QEMU translates an instruction again only to repeat its device access
 * (cpu_io_recompile), it leaves instruction callbacks out, so nothing counts twice for a reason
 * that is not the guest's.
 *
 * Deterministic with -icount: the only inputs that could vary are when interrupts arrive and what
 * clocks read. Under -icount both come from the virtual clock, which is the number of executed
 * instructions; QEMU ends a block exactly where the next timer is due, and runs all processors in
 * turn in one thread, which is also why the unlocked additions are safe. Without -icount the count
 * is still exact for one processor, but differs from run to run.
 *
 * QEMU loads it with its own symbols: build it with gcc -shared -fPIC. */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "qemu-plugin-api.h"

#define UNTIL_MOST 8

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_API_VERSION;

static uint64_t entry_first;
static uint64_t entry_end = UINT64_MAX; /* excluded */
static uint64_t upper_half = UINT64_C(1) << 63;
static uint64_t until[UNTIL_MOST];
static size_t until_count;
static bool reached;    /* the entry has been executed */
static bool upper_seen; /* and after it an instruction in the upper half */
static const char *output_name;
static FILE *output;

/* Running totals since the machine's start; an addition cannot be switched on and off. */
static uint64_t lower_total;
static uint64_t upper_total;
/* What they were when counting began, and what the lower one was at the first instruction of the
 * upper half. */
static uint64_t lower_at_entry;
static uint64_t upper_at_entry;
static uint64_t lower_at_upper;

static void at_entry(unsigned int vcpu_index, void *userdata)
{
    (void)vcpu_index;
    (void)userdata;
    if (reached)
        return;
    reached = true;
    lower_at_entry = lower_total;
    upper_at_entry = upper_total;
}

static void at_upper(unsigned int vcpu_index, void *userdata)
{
    (void)vcpu_index;
    (void)userdata;
    if (upper_seen || !reached)
        return;
    upper_seen = true;
    lower_at_upper = lower_total;
}

/* at_exit does the rest. */
static void at_until(unsigned int vcpu_index, void *userdata)
{
    (void)vcpu_index;
    (void)userdata;
    if (reached)
        exit(0);
}

static bool is_until(uint64_t address)
{
    for (size_t i = 0; i < until_count; i++)
        if (until[i] == address)
            return true;
    return false;
}

/* QEMU makes calls before additions, so a call sees the totals without its own instruction. An
 * entry in the upper half is both: its two calls come in the order of their registration. */
static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    size_t count = qemu_plugin_tb_n_insns(tb);

    (void)id;
    for (size_t i = 0; i < count; i++) {
        struct qemu_plugin_insn *instruction = qemu_plugin_tb_get_insn(tb, i);
        uint64_t address = qemu_plugin_insn_vaddr(instruction);
        bool upper = address >= upper_half;

        /* Once their moment has passed no new calls are planted; the few old ones return at once.
         */
        if (!reached && address >= entry_first && address < entry_end)
            qemu_plugin_register_vcpu_insn_exec_cb(instruction, at_entry, QEMU_PLUGIN_CB_NO_REGS,
                                                   NULL);
        if (is_until(address))
            qemu_plugin_register_vcpu_insn_exec_cb(instruction, at_until, QEMU_PLUGIN_CB_NO_REGS,
                                                   NULL);
        if (!upper_seen && upper)
            qemu_plugin_register_vcpu_insn_exec_cb(instruction, at_upper, QEMU_PLUGIN_CB_NO_REGS,
                                                   NULL);
        qemu_plugin_register_vcpu_insn_exec_inline(instruction, QEMU_PLUGIN_INLINE_ADD_U64,
                                                   upper ? &upper_total : &lower_total, 1);
    }
}

static void at_exit(qemu_plugin_id_t id, void *userdata)
{
    uint64_t lower = reached ? lower_total - lower_at_entry : 0;
    uint64_t upper = reached ? upper_total - upper_at_entry : 0;
    uint64_t user = upper_seen ? lower_total - lower_at_upper : 0;

    (void)id;
    (void)userdata;
    fprintf(output,
            "{\"entry\": \"0x%" PRIx64 "\", \"reached\": %s, \"all\": %" PRIu64
            ", \"kernel\": %" PRIu64 ", \"user\": %" PRIu64 "}\n",
            entry_first, reached ? "true" : "false", lower + upper, lower + upper - user, user);
    if (fclose(output) != 0)
        fprintf(stderr, "insncount: %s: %s\n", output_name, strerror(errno));
}

/* Takes ADDRESS or ADDRESS-ADDRESS. */
static bool parse_entry(const char *text)
{
    char *end;

    errno = 0;
    entry_first = strtoull(text, &end, 0);
    if (errno || end == text)
        return false;
    entry_end = entry_first + 1;
    if (*end == '-') {
        text = end + 1;
        entry_end = strtoull(text, &end, 0);
        if (errno || end == text || entry_end <= entry_first)
            return false;
    }
    return *end == '\0';
}

static bool parse_address(const char *text, uint64_t *address)
{
    char *end;

    errno = 0;
    *address = strtoull(text, &end, 0);
    return !errno && end != text && *end == '\0';
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info,
                                           int argc, char **argv)
{
    (void)info;
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "out=", 4) == 0) {
            output_name = strdup(argv[i] + 4);
        } else if (strncmp(argv[i], "entry=", 6) == 0) {
            if (!parse_entry(argv[i] + 6)) {
                fprintf(stderr, "insncount: %s: give an address or FIRST-END\n", argv[i]);
                return 1;
            }
        } else if (strncmp(argv[i], "until=", 6) == 0 && until_count < UNTIL_MOST) {
            if (!parse_address(argv[i] + 6, &until[until_count++])) {
                fprintf(stderr, "insncount: %s: give an address\n", argv[i]);
                return 1;
            }
        } else if (strncmp(argv[i], "upper=", 6) == 0) {
            if (!parse_address(argv[i] + 6, &upper_half)) {
                fprintf(stderr, "insncount: %s: give an address\n", argv[i]);
                return 1;
            }
        } else {
            fprintf(stderr,
                    "insncount: %s: unknown; it takes out=FILE, entry=ADDRESS, until=ADDRESS (up "
                    "to %d) and upper=ADDRESS\n",
                    argv[i], UNTIL_MOST);
            return 1;
        }
    }
    /* Opened now, so that a long run does not end without its result, nor with an older one. */
    output = output_name ? fopen(output_name, "we") : NULL;
    if (!output) {
        fprintf(stderr, "insncount: out=%s: %s\n", output_name ? output_name : "",
                output_name ? strerror(errno) : "give the file for the result");
        return 1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, at_exit, NULL);
    return 0;
}
