/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the kernel and its user program agree on. The number of the call is in RAX, arguments in
 * RDI and RSI; the result comes back in RAX, negative if it is an error. In 32 bits it is EAX, EDI
 * and ESI. int $0x80 changes nothing else; SYSCALL, which x86_64 has beside it, RCX and R11.
 */
#ifndef HELLO_ABI_H
#define HELLO_ABI_H

#define SYS_WRITE  0 /* address, length: to the console; gives the length */
#define SYS_GETPID 1 /* 1 or 2 */
#define SYS_YIELD  2 /* let the other task go on */
#define SYS_TICKS  3 /* timer ticks since boot */
#define SYS_EXIT   4 /* status; does not return */

#define ERROR_ADDRESS (-14)
#define ERROR_NUMBER  (-38)

#endif
