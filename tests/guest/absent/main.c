/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: sensitive instructions of features that CPUID hides must not be there, rather than half
 * there, or end the run: kernels try some of them on purpose. Expected: #UD at the instruction, on
 * a processor without them. (The file `options` has the model. What QEMU's TCG cannot leave out is
 * not in the list: rdpmc, clflush, syscall.) */
#include "guest.h"

static uint8_t area[64] __attribute__((aligned(64)));

#define ONE(name, text)                                                                            \
    do {                                                                                           \
        TRY(text, ::"D"(area), "a"(area), "c"(0), "d"(0) : "memory", "cc");                        \
        outcome(name);                                                                             \
    } while (0)
/* TCG takes these for older instructions with a prefix that means nothing. */
#define UNLESS_TCG(name, text)                                                                     \
    do {                                                                                           \
        TRY(text, ::"D"(area), "a"(area), "c"(0), "d"(0) : "memory", "cc");                        \
        check(name ": #UD, or nothing on TCG",                                                     \
              fault.frame.vector == NO_FAULT || (fault.frame.vector == 6 && !fault.behind));       \
    } while (0)

void test(void)
{
    ONE("monitor", "monitor");
    ONE("mwait", "mwait");
    ONE("monitorx", "monitorx");
    ONE("mwaitx", "mwaitx");
    UNLESS_TCG("umonitor", "umonitor %%rax");
    UNLESS_TCG("umwait", "umwait %%ecx");
    UNLESS_TCG("tpause", "tpause %%ecx");
    ONE("rsm", "rsm");
    ONE("sysenter", "sysenter");
    ONE("sysexit", "sysexitq");
    ONE("rdtscp", "rdtscp");
    ONE("rdpid", "rdpid %%rsi");
    ONE("rdpru", "rdpru");
    ONE("xsetbv", "xsetbv");
    ONE("xgetbv", "xgetbv");
    ONE("xsaves", "xsaves (%%rdi)");
    ONE("xrstors", "xrstors (%%rdi)");
    ONE("stac", "stac");
    ONE("clac", "clac");
    ONE("rdpkru", "rdpkru");
    ONE("wrpkru", "wrpkru");
    ONE("rdfsbase", "rdfsbase %%rsi");
    ONE("rdgsbase", "rdgsbase %%rsi");
    ONE("wrfsbase", "wrfsbase %%rsi");
    ONE("wrgsbase", "wrgsbase %%rsi");
    ONE("setssbsy", "setssbsy");
    ONE("clrssbsy", "clrssbsy (%%rdi)");
    ONE("wruss", "wrussq %%rsi, (%%rdi)");
    ONE("invpcid", "invpcid (%%rdi), %%rcx");
    ONE("invlpgb", "invlpgb");
    ONE("tlbsync", "tlbsync");
    ONE("vmxon", "vmxon (%%rdi)");
    ONE("vmxoff", "vmxoff");
    ONE("vmlaunch", "vmlaunch");
    ONE("vmresume", "vmresume");
    ONE("vmptrld", "vmptrld (%%rdi)");
    ONE("vmptrst", "vmptrst (%%rdi)");
    ONE("vmclear", "vmclear (%%rdi)");
    ONE("vmread", "vmread %%rcx, %%rsi");
    ONE("vmwrite", "vmwrite %%rsi, %%rcx");
    ONE("vmcall", "vmcall");
    ONE("vmfunc", "vmfunc");
    ONE("invept", "invept (%%rdi), %%rcx");
    ONE("invvpid", "invvpid (%%rdi), %%rcx");
    ONE("vmrun", "vmrun");
    ONE("vmload", "vmload");
    ONE("vmsave", "vmsave");
    ONE("vmmcall", "vmmcall");
    ONE("stgi", "stgi");
    ONE("clgi", "clgi");
    ONE("skinit", "skinit");
    ONE("invlpga", "invlpga");
    ONE("getsec", "getsec");
    ONE("encls", "encls");
    ONE("enclv", "enclv");
    ONE("pconfig", "pconfig");
    ONE("loadiwkey", "loadiwkey %%xmm1, %%xmm2");
    ONE("psmash", "psmash");
    ONE("pvalidate", "pvalidate");
    ONE("rmpadjust", "rmpadjust");
    ONE("rmpupdate", "rmpupdate");
    ONE("tdcall", "tdcall");
    ONE("seamcall", "seamcall");
    ONE("seamret", "seamret");
    ONE("seamops", "seamops");
    ONE("enqcmds", "enqcmds (%%rdi), %%rcx");
    ONE("hreset", "hreset $1");
}
