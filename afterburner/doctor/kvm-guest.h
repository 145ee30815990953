/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The probe's guest: a few instructions of machine code and what each of them must report. */
#ifndef AFTERBURNER_DOCTOR_KVM_GUEST_H
#define AFTERBURNER_DOCTOR_KVM_GUEST_H

#include <stddef.h>

#define KVM_GUEST_MEMORY      0x10000 /* bytes, at guest-physical 0 */
#define KVM_GUEST_CODE        0x8000  /* where the code is copied to */
#define KVM_GUEST_PAGE_TABLES 0x1000  /* three pages */
#define KVM_GUEST_STACK       0x7000  /* grows down from here */
#define KVM_GUEST_PORT        0x10    /* where a test writes its result */
#define KVM_GUEST_PASSED      0x01    /* the result of one that went well */

/* Selectors as syscall and sysret derive them from MSR_STAR (Intel SDM, SYSRET). */
#define KVM_GUEST_KERNEL_CS 0x08
#define KVM_GUEST_USER_BASE 0x1b /* SYSRET: CS = base + 16, SS = base + 8 */
#define KVM_GUEST_USER_CS   0x2b

#define KVM_GUEST_ITERATIONS 50000 /* of a timed loop of two instructions */
#define KVM_GUEST_EXITS      50    /* of the timed port accesses */

/* The code and its entry points; compiled into us as data. */
extern const unsigned char kvm_guest_start[], kvm_guest_end[];
extern const unsigned char kvm_guest_real[], kvm_guest_real_loop[];
extern const unsigned char kvm_guest_long[], kvm_guest_interrupt_flag[], kvm_guest_syscall[];
extern const unsigned char kvm_guest_syscall_entry[], kvm_guest_long_loop[], kvm_guest_exits[];

/* What a result other than KVM_GUEST_PASSED means. */
const char *kvm_guest_failure(unsigned int result);

#endif
