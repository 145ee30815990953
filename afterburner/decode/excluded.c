/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "decode/excluded.h"

#include "decode/sensitive-table.h"

const struct excluded excluded_list[] = {
#define EXCLUDED(names, zydis, verdict, encoding, why)                                             \
    {names, zydis, EXCLUDED_##verdict, encoding, why},
#include "decode/excluded.def"
};
const size_t excluded_count = sizeof(excluded_list) / sizeof(excluded_list[0]);

const struct excluded *excluded_zydis(const ZydisDecodedInstruction *instruction)
{
    /* By mnemonic: index plus one, 0 for most. */
    static unsigned char index[ZYDIS_MNEMONIC_MAX_VALUE + 1];
    static int ready;

    if (!ready) {
        for (int i = 0; i <= ZYDIS_MNEMONIC_MAX_VALUE; i++) {
            const char *name = ZydisMnemonicGetString((ZydisMnemonic)i);

            for (size_t k = 0; name && k < excluded_count; k++)
                if (word_in_list(name, excluded_list[k].zydis))
                    index[i] = (unsigned char)(k + 1);
        }
        ready = 1;
    }
    return index[instruction->mnemonic] ? &excluded_list[index[instruction->mnemonic] - 1] : NULL;
}
