/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The instruction user programs prefer for a system call, and what it changes beside EAX: there is
 * only one. SYSENTER would be quicker, but forgets where it came from: user programs would have
 * to call it at one fixed place that the kernel maps for them.
 */
#ifndef HELLO_USER_GATE_H
#define HELLO_USER_GATE_H

#define PREFERRED_GATE "int $0x80"
#define GATE_CHANGES   "memory"

#endif
