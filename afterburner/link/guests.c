/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The boot protocols: enum wedge_protocol of afterburn/image.h. */
#include "link/guests.h"

#include <inttypes.h>
#include <string.h>

#include "cli/exit-codes.h"
#include "cli/message.h"
#include "link/notes.h"

/* Linux's 64-bit entry (arch/x86/kernel/head_64.S): what a boot loader of the 64-bit protocol would
 * jump to in an unpacked kernel. */
static int find_linux(struct composition *composition, const struct records *records)
{
    const struct image *guest = composition->guest;

    for (size_t i = 0; i < guest->symbol_count; i++) {
        uint64_t address = guest->symbols[i].address;
        const struct image_segment *segment;

        if (strcmp(guest->symbols[i].name, "startup_64") != 0 ||
            !(segment = guest_segment_at(guest, address, 1)) ||
            (address != guest->entry && records_bits_at(records, guest, guest->entry) != 64))
            continue;
        composition->header.protocol = WEDGE_PROTOCOL_LINUX;
        composition->header.guest_entry = guest_physical(segment, address);
        composition_explain(composition,
                            "  entered as Linux (64-bit) at physical 0x%" PRIx64 ", startup_64",
                            composition->header.guest_entry);
        return 1;
    }
    return 0;
}

static int find_pvh(struct composition *composition)
{
    uint64_t entry;

    if (!notes_find(composition->guest, NOTE_OWNER_XEN, NOTE_PHYS32_ENTRY, &entry) || !entry)
        return 0;
    composition->header.protocol = WEDGE_PROTOCOL_PVH;
    composition->header.guest_entry = entry;
    composition_explain(
        composition, "  entered as PVH (32-bit) at physical 0x%" PRIx64 ", the note Xen 18", entry);
    return 1;
}

int guests_detect(struct composition *composition, const struct records *records)
{
    if (find_linux(composition, records) || find_pvh(composition))
        return EXIT_CODE_OK;
    message_error(
        "%s: no boot protocol that a wedge knows: neither Linux's symbol startup_64 nor a "
        "PVH entry note (Xen, type %d); add the note (examples/hello-kernel/x86_64/boot.S)",
        composition->guest->path, NOTE_PHYS32_ENTRY);
    return EXIT_CODE_INPUT;
}
