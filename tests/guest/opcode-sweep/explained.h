/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The checked-in explanations (explained.txt) of what sweep and table do not agree on. */
#ifndef SWEEP_EXPLAINED_H
#define SWEEP_EXPLAINED_H

#include <stdbool.h>
#include <stddef.h>

/* The first words of a line, and so what it explains. NAME is MNEMONIC[OPCODE]; without
 * the /REG an OPCODE ends in (`vmread[0f78]` for `vmread[0f78/3]`) it explains all of them.
 *
 *     differs NAME : reason               the rings differ, but the table does not have it
 *     crashes NAME : reason               ends QEMU, or never ends, in both rings: not compared
 *     length ZYDIS NAME : reason          the decoder takes it for longer or shorter than the CPU
 *     length CAPSTONE NAME : reason
 *     same ENTRY : reason                 in the table; runs, and the rings never differ
 *     undefined ENTRY : reason            in the table; #UD in both rings, always
 *     absent ENTRY : reason               in the table; no case of the sweep is it
 *     completes ENTRY : reason            PRIVILEGED in the table, yet ring 3 completes a case
 *     decoder ZYDIS MNEMONIC : reason     the decoder calls it privileged, not so the table
 *     decoder CAPSTONE MNEMONIC : reason
 *
 * Empty lines and lines that start with `#` are comments. */
enum explained_kind {
    EXPLAINED_DIFFERS,
    EXPLAINED_CRASHES,
    EXPLAINED_LENGTH_ZYDIS,
    EXPLAINED_LENGTH_CAPSTONE,
    EXPLAINED_SAME,
    EXPLAINED_UNDEFINED,
    EXPLAINED_ABSENT,
    EXPLAINED_COMPLETES,
    EXPLAINED_ZYDIS,
    EXPLAINED_CAPSTONE,
    EXPLAINED_KINDS
};

struct explained;

/* Reads the file. NULL when it cannot be read, or when a line is wrong; the reason is on standard
 * error. */
struct explained *explained_read(const char *path);
void explained_free(struct explained *explained);

/* Whether there is an explanation of that; it then counts as needed. */
bool explained_find(struct explained *explained, enum explained_kind kind, const char *name);

/* Prints each explanation of these kinds (bits 1 << kind) that was not needed; gives their number.
 */
size_t explained_report_unused(const struct explained *explained, unsigned kinds);

/* What a line of that kind starts with. */
const char *explained_kind_name(enum explained_kind kind);

#endif
