/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The instruction user programs prefer for a system call, and what it changes beside RAX: SYSCALL
 * has to keep RIP and RFLAGS somewhere, and takes RCX and R11.
 */
#ifndef HELLO_USER_GATE_H
#define HELLO_USER_GATE_H

#define PREFERRED_GATE "syscall"
#define GATE_CHANGES   "rcx", "r11", "memory"

#endif
