/* SPDX-License-Identifier: BSD-2-Clause */
/* The PVH entry: 32-bit, flat segments, paging off, EBX with the address of the start information
 * (Xen's public header arch-x86/hvm/start_info.h; x86/x86 HVM direct boot ABI,
 * docs/misc/pvh.pandoc). */
#include "wedge/bind.h"
#include "wedge/boot.h"
#include "wedge/memory.h"
#include "wedge/string.h"
#include "wedge/vcpu.h"

#define MAGIC 0x336ec578
#define INFORMATION                                                                                \
    0x6000 /* page in low memory, with the map and the module behind; the command line is the next \
              page */

struct start_information {
    uint32_t magic, version, flags, module_count;
    uint64_t modules, command_line, rsdp, memory_map;
    uint32_t memory_map_count, reserved;
};

struct module {
    uint64_t start, size, command_line, reserved;
};

struct map_entry {
    uint64_t start, size;
    uint32_t type, reserved;
};

void pvh_start(struct vcpu *vcpu, const struct boot_parameters *parameters)
{
    struct start_information *information = physical(INFORMATION);
    struct module *module = (struct module *)(information + 1);
    struct map_entry *map = (struct map_entry *)(module + 1);
    struct memory_range ranges[MEMORY_MAP_MAX];
    unsigned count = memory_map(ranges);

    memset(information, 0, PAGE_SIZE);
    for (unsigned i = 0; i < count; i++)
        map[i] = (struct map_entry){
            .start = ranges[i].start, .size = ranges[i].size, .type = ranges[i].type};
    *module = (struct module){.start = parameters->initrd_start, .size = parameters->initrd_size};
    *information = (struct start_information){
        .magic = MAGIC,
        .version = 1,
        .module_count = parameters->initrd_size != 0,
        .modules = INFORMATION + (uint64_t)((uint8_t *)module - (uint8_t *)information),
        .command_line = INFORMATION + PAGE_SIZE,
        .memory_map = INFORMATION + (uint64_t)((uint8_t *)map - (uint8_t *)information),
        .memory_map_count = count,
    };
    memcpy(physical(INFORMATION + PAGE_SIZE), parameters->command_line,
           strlen(parameters->command_line) + 1);

    vcpu->cr0 = CR0_PE | CR0_ET;
    vcpu->bits = 32;
    vcpu->rflags = RFLAGS_FIXED;
    vcpu->rip = wedge_image.guest_entry;
    vcpu->gpr[GPR_RBX] = INFORMATION;
    vcpu->gpr[GPR_RSP] =
        INFORMATION; /* undefined there; a valid one here, since frames may be pushed */
}
