/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The place "xen": paravirtualized 64-bit guests of Xen 4.17. Sources: its public/elfnote.h and
 * public/features.h; AMD64 manual 3 for the instructions. */
#include <elf.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "afterburn/sensitive.h"
#include "cli/exit-codes.h"
#include "cli/memory.h"
#include "cli/message.h"
#include "cli/version.h"
#include "image/wedge.h"
#include "link/notes.h"
#include "link/place.h"
#include "verify/guests/guest.h"

#define STUBS_SECTION   ".wedge.stubs"
#define PATCHES_SECTION ".wedge.patches.xen"

/* --- Stubs: code of the wedge's that a bound site jumps to, one for each site. The guest's stack
 * may not be usable there, so that is left before anything is pushed. --- */

#define STUB_SIZE 24
#define INT3      0xcc

struct stub_targets {
    uint64_t rsp, stack, entry;
};

/* A 32-bit distance from the end of the instruction, which is that of the field. */
static int put_distance(unsigned char *field, uint64_t field_address, uint64_t target)
{
    int64_t distance = (int64_t)(target - (field_address + 4));
    int32_t value = (int32_t)distance;

    memcpy(field, &value, sizeof(value));
    return distance == value ? 0 : -1;
}

static int make_stub(unsigned char *stub, uint64_t address, uint32_t index,
                     const struct stub_targets *targets)
{
    static const unsigned char code[STUB_SIZE] = {
        0x48, 0x89, 0x25, 0, 0, 0, 0, /* mov %rsp, wedge_stub_rsp(%rip) */
        0x48, 0x8d, 0x25, 0, 0, 0, 0, /* lea wedge_stub_stack(%rip), %rsp */
        0x68, 0,    0,    0, 0,       /* push $index */
        0xe9, 0,    0,    0, 0,       /* jmp wedge_stub_entry */
    };

    memcpy(stub, code, sizeof(code));
    memcpy(stub + 15, &index, sizeof(index));
    return put_distance(stub + 3, address + 3, targets->rsp) < 0 ||
                   put_distance(stub + 10, address + 10, targets->stack) < 0 ||
                   put_distance(stub + 20, address + 20, targets->entry) < 0
               ? -1
               : 0;
}

/* A guest copies the replacement of an alternative over other code when the wedge has bound it. A
 * jump to a stub would go elsewhere from there, so that sites in replacements stay as they are:
 * `verify --bound` proves that they are not brought, or harmless, or trap. */
static int is_bound(const struct composition *composition, const struct site *site)
{
    return !guest_in_replacement(composition->tables, site->start);
}

static int add_stubs(struct composition *composition, uint64_t *address)
{
    size_t size = composition->site_count * STUB_SIZE;
    struct stub_targets targets;
    unsigned char *stubs;
    int code = composition_symbol(composition, "wedge_stub_rsp", &targets.rsp);

    if (code == EXIT_CODE_OK)
        code = composition_symbol(composition, "wedge_stub_stack", &targets.stack);
    if (code == EXIT_CODE_OK)
        code = composition_symbol(composition, "wedge_stub_entry", &targets.entry);
    if (code != EXIT_CODE_OK)
        return code;
    stubs = memory_allocate(size);
    memset(stubs, INT3, size);
    *address = composition_add(composition, STUBS_SECTION, PF_R | PF_X, LINK_PAGE, stubs, size);
    if (!*address)
        return EXIT_CODE_INPUT;
    for (size_t i = 0; i < composition->site_count; i++)
        if (composition->sites[i]->record.bits == 64 &&
            is_bound(composition, composition->sites[i]) &&
            make_stub(stubs + i * STUB_SIZE, *address + i * STUB_SIZE, (uint32_t)i, &targets) < 0) {
            message_error("%s: its stubs' symbols are more than 2 GB away from its window; link it "
                          "with wedge/wedge.lds",
                          composition->wedge->path);
            return EXIT_CODE_INPUT;
        }
    return EXIT_CODE_OK;
}

/* --- Patches: what binding writes --- */

/* In the virtual CPU's page, which begins with Xen's struct vcpu_info (public/xen.h). */
#define EVENT_MASK 1

/* 64-bit code jumps to the site's stub. 16- and 32-bit code does not reach the wedge: it traps, and
 * so does what the guest copies, from where a jump would lead elsewhere, and what has no room for a
 * jump. The trap is the span's
 * first byte even where the pad is in front of the instruction, since it would not fit in the one
 * byte of `sti`; what comes behind it in the span is not run. The interrupt flag is the complement
 * of the event mask byte in the virtual CPU's page: `cli` is one store. */
static int make_patch(const struct site *site, bool traps, uint64_t stub, uint64_t mask,
                      struct wedge_patch *patch)
{
    static const unsigned char store[] = {0xc6, 0x05, 0, 0, 0, 0, 1};   /* movb $1, mask(%rip) */
    static const unsigned char trap[] = {0x0f, 0x0b};                   /* ud2 */
    static const unsigned char jump[] = {0xe9, 0, 0, 0, 0, 0x66, 0x90}; /* jmp; nop of 2 bytes */

    memset(patch, 0, sizeof(*patch));
    if (traps) {
        memcpy(patch->bytes, trap, sizeof(trap));
        patch->length = sizeof(trap);
        return 0;
    }
    if (site->record.kind == SENSITIVE_cli) {
        memcpy(patch->bytes, store, sizeof(store));
        patch->length = sizeof(store);
        /* The distance counts from the instruction's end, a byte behind the field's. */
        return put_distance(patch->bytes + 2, site->start + 2 + 1, mask);
    }
    memcpy(patch->bytes, jump, sizeof(jump));
    patch->length = sizeof(jump);
    return put_distance(patch->bytes + 1, site->start + 1, stub);
}

static bool is_trap(const struct composition *composition, const struct site *site)
{
    return site->record.bits != 64 || site->record.flags & AFTERBURN_NO_ROOM ||
           guest_is_copied(composition->tables, site->start);
}

static int add_patches(struct composition *composition, uint64_t stubs)
{
    const struct image *guest = composition->guest;
    size_t size = composition->site_count * sizeof(struct wedge_patch), jumps = 0, traps = 0,
           stores = 0;
    struct wedge_patch *patches = memory_allocate(size);
    const char *wrong = NULL;
    uint64_t address, mask;
    int code = composition_symbol(composition, "vcpu_page", &mask);

    if (code != EXIT_CODE_OK) {
        free(patches);
        return code;
    }
    mask += EVENT_MASK;
    for (size_t i = 0; i < composition->site_count && !wrong; i++) {
        const struct site *site = composition->sites[i];

        memset(&patches[i], 0, sizeof(patches[i]));
        if (!is_bound(composition, site))
            continue;
        if (make_patch(site, is_trap(composition, site), stubs + i * STUB_SIZE, mask, &patches[i]) <
            0)
            wrong = "is more than 2 GB away from the wedge; link the guest into the last 2 GB of "
                    "the address space, or leave that code alone in the policy";
        else if (site->record.span < patches[i].length && site->record.flags & AFTERBURN_NO_ROOM)
            wrong =
                "is one byte without room for a patch, since its source fixes the places of its "
                "code (.org); leave that code alone in the policy, or use --wedge native";
        else if (site->record.span < patches[i].length)
            wrong = "is too short for its patch; `afterburner verify` says more";
        if (wrong)
            message_error("%s: the site at 0x%" PRIx64 " %s", guest->path, site->start, wrong);
        if (is_trap(composition, site))
            traps++;
        else if (site->record.kind == SENSITIVE_cli)
            stores++;
        else
            jumps++;
    }
    if (wrong) {
        free(patches);
        return EXIT_CODE_INPUT;
    }
    address = composition_add(composition, PATCHES_SECTION, PF_R, LINK_PAGE,
                              (unsigned char *)patches, size);
    if (!address)
        return EXIT_CODE_INPUT;
    composition_add_place(composition, "xen", address);
    composition_explain(composition,
                        "  xen: %zu sites get a jump to their stub when they are bound, %zu a "
                        "store to the event mask, %zu in 32- and 16-bit code, in code that "
                        "is copied and where there is no room a ud2",
                        jumps, stores, traps);
    if (jumps + traps + stores < composition->site_count)
        composition_explain(composition,
                            "  xen: %zu sites in replacements of alternatives stay as they are",
                            composition->site_count - jumps - traps - stores);
    return EXIT_CODE_OK;
}

/* --- Notes: how Xen's domain builder enters the image --- */

enum {
    NOTE_ENTRY = 1,
    NOTE_HYPERCALL_PAGE = 2,
    NOTE_VIRT_BASE = 3,
    NOTE_XEN_VERSION = 5,
    NOTE_GUEST_OS = 6,
    NOTE_GUEST_VERSION = 7,
    NOTE_LOADER = 8,
    NOTE_PAE_MODE = 9,
    NOTE_FEATURES = 10,
    NOTE_SUPPORTED_FEATURES = 17,
};

/* The builder maps physical memory from here on. */
#define VIRT_BASE 0xffffffff80000000u

#define FEATURE_DOM0 11 /* XENFEAT_dom0 */

/* A guest that knows Xen itself would be entered by the one note or the other. */
static int check_notes(const struct image *guest)
{
    static const uint32_t ours[] = {
        NOTE_ENTRY,    NOTE_HYPERCALL_PAGE, NOTE_VIRT_BASE,         NOTE_XEN_VERSION,
        NOTE_PAE_MODE, NOTE_FEATURES,       NOTE_SUPPORTED_FEATURES};
    uint64_t value;

    for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
        if (notes_find(guest, NOTE_OWNER_XEN, ours[i], &value)) {
            message_error("%s: it has notes for Xen of its own (type %u): build the guest without "
                          "support for Xen (Linux: CONFIG_XEN=n), or use --wedge native",
                          guest->path, ours[i]);
            return EXIT_CODE_INPUT;
        }
    return EXIT_CODE_OK;
}

static void add_text(struct composition *composition, struct notes *notes, uint32_t type,
                     const char *name, const char *text)
{
    notes_add(notes, NOTE_OWNER_XEN, type, text, (uint32_t)strlen(text) + 1);
    composition_explain(composition, "  + note Xen %u %s: \"%s\"", type, name, text);
}

static void add_address(struct composition *composition, struct notes *notes, uint32_t type,
                        const char *name, uint64_t address)
{
    notes_add(notes, NOTE_OWNER_XEN, type, &address, sizeof(address));
    composition_explain(composition, "  + note Xen %u %s: 0x%" PRIx64, type, name, address);
}

static int add_notes(struct composition *composition)
{
    uint32_t features = 1u << FEATURE_DOM0;
    uint64_t start, hypercalls;
    struct notes notes = {0};
    int code = check_notes(composition->guest);

    if (code == EXIT_CODE_OK)
        code = composition_symbol(composition, "wedge_xen_start", &start);
    if (code == EXIT_CODE_OK)
        code = composition_symbol(composition, "wedge_xen_hypercall_page", &hypercalls);
    if (code != EXIT_CODE_OK)
        return code;
    if (hypercalls % LINK_PAGE) {
        message_error("%s: wedge_xen_hypercall_page is not at the start of a page; align it",
                      composition->wedge->path);
        return EXIT_CODE_INPUT;
    }
    add_text(composition, &notes, NOTE_GUEST_OS, "GUEST_OS", "afterburner");
    add_text(composition, &notes, NOTE_GUEST_VERSION, "GUEST_VERSION", AFTERBURNER_VERSION);
    add_text(composition, &notes, NOTE_XEN_VERSION, "XEN_VERSION", "xen-3.0");
    add_address(composition, &notes, NOTE_VIRT_BASE, "VIRT_BASE", VIRT_BASE);
    add_address(composition, &notes, NOTE_ENTRY, "ENTRY",
                VIRT_BASE + composition_physical(composition, start));
    add_address(composition, &notes, NOTE_HYPERCALL_PAGE, "HYPERCALL_PAGE",
                VIRT_BASE + composition_physical(composition, hypercalls));
    add_text(composition, &notes, NOTE_PAE_MODE, "PAE_MODE", "yes");
    add_text(composition, &notes, NOTE_LOADER, "LOADER", "generic");
    add_text(composition, &notes, NOTE_FEATURES, "FEATURES",
             "!writable_page_tables|pae_pgdir_above_4gb");
    notes_add(&notes, NOTE_OWNER_XEN, NOTE_SUPPORTED_FEATURES, &features, sizeof(features));
    composition_explain(composition, "  + note Xen %d SUPPORTED_FEATURES: 0x%x",
                        NOTE_SUPPORTED_FEATURES, features);
    if (!composition_add(composition, WEDGE_NOTE_SECTION, PF_R, 4, notes.bytes, notes.size))
        return EXIT_CODE_INPUT;
    composition->sections[composition->section_count - 1].is_note = 1;
    return EXIT_CODE_OK;
}

static int add_xen(struct composition *composition)
{
    uint64_t stubs;
    int code = add_stubs(composition, &stubs);

    if (code == EXIT_CODE_OK)
        code = add_patches(composition, stubs);
    if (code == EXIT_CODE_OK)
        code = add_notes(composition);
    return code;
}

const struct link_place link_place_xen = {.name = "xen", .binds = 1, .add = add_xen};
