/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "as/mnemonics.h"

#include <ctype.h>
#include <string.h>

#include "decode/sensitive-table.h"

#define SLOT_COUNT   2048 /* a power of two, well above twice the number of mnemonics */
#define MNEMONIC_MAX 15

struct slot {
    const char *word;
    unsigned char length, meaning;
};

static struct slot slots[SLOT_COUNT];
static int ready;

static unsigned int hash(const char *word, size_t length)
{
    unsigned int value = 2166136261u; /* FNV-1a */

    for (size_t i = 0; i < length; i++)
        value = (value ^ (unsigned char)word[i]) * 16777619u;
    return value;
}

static struct slot *find(const char *word, size_t length)
{
    unsigned int at = hash(word, length);

    for (;; at++) {
        struct slot *slot = &slots[at % SLOT_COUNT];

        if (!slot->word || (slot->length == length && memcmp(slot->word, word, length) == 0))
            return slot;
    }
}

static void add_list(const char *list, enum mnemonic meaning)
{
    while (*list) {
        size_t length = strcspn(list, " ");
        struct slot *slot = find(list, length);

        slot->word = list;
        slot->length = (unsigned char)length;
        slot->meaning = (unsigned char)meaning;
        list += length;
        list += *list == ' ';
    }
}

static void prepare(void)
{
    for (size_t i = 0; i < sensitive_entry_count; i++) {
        const struct sensitive_entry *entry = &sensitive_entries[i];
        enum mnemonic meaning =
            entry->side == PAD_BEFORE ? MNEMONIC_PAD_BEFORE : MNEMONIC_SENSITIVE;

        add_list(entry->gas, meaning);
        add_list(entry->intel, meaning);
    }
    add_list("mov movw movl movq push pushw pushl pushq pop popw popl popq", MNEMONIC_MOVE);
    add_list("jmp jmpw jmpl jmpq call callw calll callq", MNEMONIC_BRANCH);
    add_list("rep repe repz repne repnz lock data16 data32 addr16 addr32 addr64 rex rex64 rex.w "
             "rex.b rex.x rex.r rex.wb "
             "rex.wr rex.wx rexw cs ds es fs gs ss word dword qword bnd notrack xacquire xrelease",
             MNEMONIC_PREFIX);
    ready = 1;
}

enum mnemonic mnemonic_look_up(const char *word, size_t length)
{
    char lower[MNEMONIC_MAX];

    if (!ready)
        prepare();
    if (length == 0 || length > sizeof(lower))
        return MNEMONIC_INNOCUOUS;
    for (size_t i = 0; i < length; i++)
        lower[i] = (char)tolower((unsigned char)word[i]);
    return (enum mnemonic)find(lower, length)->meaning;
}

const char *const special_registers[] = {
    "cs",  "ds",  "es",  "fs",  "gs",  "ss",  "cr0", "cr2", "cr3", "cr4",
    "cr8", "dr0", "dr1", "dr2", "dr3", "dr4", "dr5", "dr6", "dr7", "db0",
    "db1", "db2", "db3", "db4", "db5", "db6", "db7", NULL,
};

int special_register_exists(const char *name, int bits)
{
    return bits == 64 || strcmp(name, "cr8") != 0;
}

int operand_is_special_register(const char *text, size_t length, int intel, int bits, int *stack)
{
    char name[6];
    size_t count = 0;
    int percent = 0;

    for (size_t i = 0; i < length; i++) {
        char c = (char)tolower((unsigned char)text[i]);

        if (c == '/' && length - i > 1 && text[i + 1] == '*') { /* a comment between the operands */
            const char *close = memmem(text + i + 2, length - i - 2, "*/", 2);

            i = close ? (size_t)(close + 1 - text) : length - 1;
        } else if (c == '%' && count == 0) { /* twice where an asm template's %% survived */
            percent = 1;
        } else if (c == ' ' || c == '\t') {
            continue;
        } else if (count + 1 < sizeof(name)) {
            name[count++] = c;
        } else {
            return 0;
        }
    }
    name[count] = '\0';
    if (count < 2 || (!percent && !intel))
        return 0;
    for (const char *const *special = special_registers; *special; special++)
        if (strcmp(name, *special) == 0 && special_register_exists(name, bits)) {
            *stack |= strcmp(name, "ss") == 0;
            return 1;
        }
    return 0;
}
