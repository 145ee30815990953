/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Does /dev/kvm work? Some machines offer one without VT-x or SVM behind it, on which only a part
 * of the architecture does; so it is tried, briefly, in a child that is ended after
 * PROBE_MILLISECONDS. */
#ifndef AFTERBURNER_DOCTOR_KVM_PROBE_H
#define AFTERBURNER_DOCTOR_KVM_PROBE_H

enum kvm_state {
    KVM_WORKS,
    KVM_ABSENT, /* there is no /dev/kvm */
    KVM_DENIED, /* this user may not open it */
    KVM_BUSY,   /* another hypervisor has the processor */
    KVM_BROKEN, /* a test failed; the detail names all that did */
};

/* Gives the state and in `*detail` one line about it, to be freed. */
enum kvm_state kvm_probe(char **detail);

#endif
