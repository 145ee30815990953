/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "helpers.h"

#include "decode/classify.h"
#include "decode/excluded.h"
#include "decode/sensitive-table.h"

/* 64-bit code, as GNU as 2.40 makes it (FRED: as the manual has it). */
static const struct {
    const char *name; /* as excluded.def begins */
    size_t size;
    unsigned char bytes[6];
} samples[] = {
    {"rdssp", 4, {0xf3, 0x0f, 0x1e, 0xc8}},
    {"rdssp", 5, {0xf3, 0x48, 0x0f, 0x1e, 0xc8}},
    {"incssp", 4, {0xf3, 0x0f, 0xae, 0xe8}},
    {"incssp", 5, {0xf3, 0x48, 0x0f, 0xae, 0xe8}},
    {"saveprevssp", 4, {0xf3, 0x0f, 0x01, 0xea}},
    {"rstorssp", 4, {0xf3, 0x0f, 0x01, 0x28}},
    {"wrss", 4, {0x0f, 0x38, 0xf6, 0x08}},
    {"wrss", 5, {0x48, 0x0f, 0x38, 0xf6, 0x08}},
    {"clui, stui, testui", 4, {0xf3, 0x0f, 0x01, 0xee}},
    {"clui, stui, testui", 4, {0xf3, 0x0f, 0x01, 0xef}},
    {"clui, stui, testui", 4, {0xf3, 0x0f, 0x01, 0xed}},
    {"uiret", 4, {0xf3, 0x0f, 0x01, 0xec}},
    {"senduipi", 4, {0xf3, 0x0f, 0xc7, 0xf0}},
    {"mcommit", 4, {0xf3, 0x0f, 0x01, 0xfa}},
    {"ptwrite", 4, {0xf3, 0x0f, 0xae, 0xe0}},
    {"ptwrite", 5, {0xf3, 0x48, 0x0f, 0xae, 0x20}},
    {"wrmsrns", 3, {0x0f, 0x01, 0xc6}},
    {"rdmsrlist, wrmsrlist", 4, {0xf2, 0x0f, 0x01, 0xc6}},
    {"rdmsrlist, wrmsrlist", 4, {0xf3, 0x0f, 0x01, 0xc6}},
    {"eretu, erets, lkgs", 4, {0xf3, 0x0f, 0x01, 0xca}},
    {"eretu, erets, lkgs", 4, {0xf2, 0x0f, 0x01, 0xca}},
    {"eretu, erets, lkgs", 4, {0xf2, 0x0f, 0x00, 0xf0}},
};

/* Each sample is decoded, or not, as its exclusion says; an exclusion without a sample fails. */
static void verdicts(void **state)
{
    unsigned int seen[64] = {0};

    (void)state;
    assert_in_range(excluded_count, 1, COUNT(seen));
    for (size_t i = 0; i < COUNT(samples); i++) {
        ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
        ZydisDecodedInstruction instruction;
        ZydisDecoder decoder;
        size_t at = 0;
        int decoded;

        while (at < excluded_count && strcmp(excluded_list[at].names, samples[i].name) != 0)
            at++;
        assert_in_range(at, 0, excluded_count - 1);
        seen[at]++;
        zydis_open(&decoder, 64);
        decoded = ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, samples[i].bytes, samples[i].size,
                                                      &instruction, operands));
        if (decoded == (excluded_list[at].verdict == EXCLUDED_UNDECODABLE))
            fail_msg("sample %zu (%s): Zydis %s it", i, samples[i].name,
                     decoded ? "decodes" : "does not decode");
        if (!decoded)
            continue;
        assert_int_equal(instruction.length, samples[i].size);
        assert_int_equal(classify_zydis(&instruction, operands), SENSITIVE_NONE);
        if (excluded_zydis(&instruction) != &excluded_list[at])
            fail_msg("sample %zu (%s): Zydis calls it %s", i, samples[i].name,
                     ZydisMnemonicGetString(instruction.mnemonic));
    }
    for (size_t i = 0; i < excluded_count; i++)
        if (!seen[i])
            fail_msg("%s has no sample", excluded_list[i].names);
}

/* What has an entry in the table is not excluded. */
static void no_entry_is_excluded(void **state)
{
    (void)state;
    for (size_t i = 0; i < sensitive_entry_count; i++)
        for (size_t k = 0; k < excluded_count; k++)
            assert_false(word_in_list(sensitive_entries[i].name, excluded_list[k].zydis));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdicts),
        cmocka_unit_test(no_entry_is_excluded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
