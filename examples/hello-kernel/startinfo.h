/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a PVH loader hands over: the address of this structure in %ebx. Source: Xen's public
 * header arch-x86/hvm/start_info.h, version 1. All addresses are physical.
 */
#ifndef HELLO_STARTINFO_H
#define HELLO_STARTINFO_H

#include <stdint.h>

#define START_INFO_MAGIC 0x336ec578
#define MEMORY_RAM       1

struct start_info {
    uint32_t magic;
    uint32_t version;
    uint32_t flags;
    uint32_t modules;
    uint64_t module_list;
    uint64_t command_line;
    uint64_t rsdp;
    uint64_t memory_map;
    uint32_t memory_map_entries;
    uint32_t reserved;
};

struct memory_map_entry {
    uint64_t start;
    uint64_t size;
    uint32_t type;
    uint32_t reserved;
};

#endif
