/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The functions of QEMU's TCG plugin API, version 1, that our plugin calls. Debian's packages bring
 * no qemu-plugin.h; these declarations were written after the API's description in "QEMU TCG
 * Plugins" (https://www.qemu.org/docs/master/devel/tcg-plugins.html, QEMU 7.2). QEMU loads a plugin
 * whose qemu_plugin_version lies between the oldest version it still serves and its own. */
#ifndef AFTERBURNER_TESTS_BENCH_QEMU_PLUGIN_API_H
#define AFTERBURNER_TESTS_BENCH_QEMU_PLUGIN_API_H

#include <stddef.h>
#include <stdint.h>

#define QEMU_PLUGIN_API_VERSION 1
#define QEMU_PLUGIN_EXPORT      __attribute__((visibility("default")))

typedef uint64_t qemu_plugin_id_t;

/* A translation block and an instruction in it; valid only while the block is being translated. */
struct qemu_plugin_tb;
struct qemu_plugin_insn;
/* What QEMU tells about itself at installation. */
struct qemu_info;

/* What a callback may look at; ours look at nothing of the guest's. */
enum qemu_plugin_cb_flags { QEMU_PLUGIN_CB_NO_REGS };
/* What is done without a call: the immediate is added to the 64-bit word. */
enum qemu_plugin_op { QEMU_PLUGIN_INLINE_ADD_U64 };

typedef void (*qemu_plugin_vcpu_tb_trans_cb_t)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb);
typedef void (*qemu_plugin_vcpu_udata_cb_t)(unsigned int vcpu_index, void *userdata);
typedef void (*qemu_plugin_udata_cb_t)(qemu_plugin_id_t id, void *userdata);

/* Calls back whenever guest code is translated, which is once per block unless QEMU drops it. */
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, qemu_plugin_vcpu_tb_trans_cb_t cb);
/* Calls back when QEMU ends. */
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, qemu_plugin_udata_cb_t cb, void *userdata);

/* At each execution of an instruction, before it: a call, or an operation on *ptr. */
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
                                            qemu_plugin_vcpu_udata_cb_t cb,
                                            enum qemu_plugin_cb_flags flags, void *userdata);
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *insn,
                                                enum qemu_plugin_op op, void *ptr, uint64_t imm);

size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);

/* What the plugin has to define. A result other than 0 makes QEMU give up. */
extern int qemu_plugin_version;
int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc, char **argv);

#endif
