/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WEDGE_BOOT_H
#define WEDGE_BOOT_H

#include <stdbool.h>
#include <stdint.h>

struct vcpu;

/* What a back end was started with, in guest-physical addresses; 0 and "" where there is none. */
struct boot_parameters {
    char command_line[2048];
    uint64_t initrd_start, initrd_size;
};

/* A piece of the guest's memory map, by the numbers of ACPI's address ranges. */
#define MEMORY_RAM      1
#define MEMORY_RESERVED 2
#define MEMORY_MAP_MAX  8
struct memory_range {
    uint64_t start, size;
    uint32_t type;
};

/* boot/memory-map.c: gives the number of ranges. */
unsigned memory_map(struct memory_range ranges[MEMORY_MAP_MAX]);

/* boot/memory-map.c: pages that the wedge needs, beside `shadows` pages for shadow tables, to know
 * what it must of `pages` pages of the guest's. Has no data of its own: may be called before the
 * wedge is where it is linked. */
uint64_t wedge_memory_overhead(uint64_t pages, uint64_t shadows);

/* boot/main.c: called once by the back end, on its own tables and stack; starts the guest.
 * `backend` is set. */
void wedge_main(const struct boot_parameters *parameters) __attribute__((noreturn));

/* guests/: prepares memory and the vcpu for the guest's first instruction. */
void pvh_start(struct vcpu *vcpu, const struct boot_parameters *parameters);
void linux_start(struct vcpu *vcpu, const struct boot_parameters *parameters);

#endif
