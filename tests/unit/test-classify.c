/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "helpers.h"

#include "decode/classify.h"
#include "decode/sensitive-table.h"

/* Calls `check` for each word of a list. */
static void each_word(const char *list, const char *entry, int (*check)(const char *word))
{
    while (*list) {
        size_t length = strcspn(list, " ");
        char word[32];

        assert_in_range(length, 1, sizeof(word) - 1);
        memcpy(word, list, length);
        word[length] = '\0';
        if (!check(word))
            fail_msg("entry %s: the decoder does not know '%s'", entry, word);
        list += length;
        list += *list == ' ';
    }
}

/* One name is not Zydis's own: zydis_mnemonic() puts it right. */
static int zydis_is_corrected_to(const char *word)
{
    static const unsigned char wbnoinvd[] = {0xf3, 0x0f, 0x09};
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    ZydisDecodedInstruction instruction;
    ZydisDecoder decoder;

    zydis_open(&decoder, 64);
    assert_true(ZYAN_SUCCESS(
        ZydisDecoderDecodeFull(&decoder, wbnoinvd, sizeof(wbnoinvd), &instruction, operands)));
    return strcmp(zydis_mnemonic(&instruction), word) == 0;
}

static int zydis_knows(const char *word)
{
    for (int i = 0; i <= ZYDIS_MNEMONIC_MAX_VALUE; i++) {
        const char *name = ZydisMnemonicGetString((ZydisMnemonic)i);

        if (name && strcmp(name, word) == 0)
            return 1;
    }
    return zydis_is_corrected_to(word);
}

static csh capstone;

static int capstone_knows(const char *word)
{
    for (unsigned int i = 1; i < X86_INS_ENDING; i++) {
        const char *name = cs_insn_name(capstone, i);

        if (name && strcmp(name, word) == 0)
            return 1;
    }
    return 0;
}

static void decoders_know_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sensitive_entry_count; i++) {
        const struct sensitive_entry *entry = &sensitive_entries[i];

        each_word(entry->zydis, entry->name, zydis_knows);
        if (strcmp(entry->capstone, "-") != 0)
            each_word(entry->capstone, entry->name, capstone_knows);
    }
    assert_false(zydis_knows("nosuch"));
    assert_false(capstone_knows("nosuch"));
}

/* Where the table says "-", a Capstone that has learnt the instruction must be used. */
static void capstone_lacks_what_the_table_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < sensitive_entry_count; i++)
        if (strcmp(sensitive_entries[i].capstone, "-") == 0 &&
            capstone_knows(sensitive_entries[i].zydis))
            fail_msg("Capstone knows %s by now: name it in the table", sensitive_entries[i].zydis);
}

static void numbers(void **state)
{
    char used[256] = {0};

    (void)state;
    for (size_t i = 0; i < sensitive_entry_count; i++) {
        int number = sensitive_entries[i].number;

        assert_in_range(number, 1, 255);
        assert_false(used[number]);
        used[number] = 1;
        assert_ptr_equal(sensitive_entry_by_number(number), &sensitive_entries[i]);
        assert_string_equal(sensitive_name(number), sensitive_entries[i].name);
    }
    assert_null(sensitive_entry_by_number(0));
    assert_null(sensitive_entry_by_number(-1));
    assert_string_equal(sensitive_name(255), "?");
}

/* Parts of the record format: an old image must be read right for ever. */
static void numbers_stay(void **state)
{
    static const struct {
        int number;
        const char *name;
    } cases[] = {
        {1, "cli"},    {2, "sti"},    {4, "popf"},     {13, "iret"},           {23, "in"},
        {27, "lgdt"},  {33, "sldt"},  {53, "far_ret"}, {38, "mov_to_control"}, {45, "pop_segment"},
        {66, "rdmsr"}, {73, "cpuid"}, {98, "vmcall"},  {109, "invlpga"},       {124, "enqcmds"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_string_equal(sensitive_name(cases[i].number), cases[i].name);
}

static void samples(void **state)
{
    char sampled[256] = {0};

    (void)state;
    for (size_t i = 0; i < sensitive_sample_count; i++) {
        const struct sensitive_entry *entry =
            sensitive_entry_by_number(sensitive_samples[i].number);

        assert_non_null(entry);
        assert_int_equal(sensitive_samples[i].modes & ~SENSITIVE_BITS_ANY, 0);
        if (!(sensitive_samples[i].modes & entry->modes))
            fail_msg("entry %s: sample '%s' is for a mode it does not have", entry->name,
                     sensitive_samples[i].text);
        sampled[entry->number] |= (char)sensitive_samples[i].modes;
    }
    for (size_t i = 0; i < sensitive_entry_count; i++)
        if ((sensitive_entries[i].modes & ~sampled[sensitive_entries[i].number]) != 0)
            fail_msg("entry %s: a mode has no sample", sensitive_entries[i].name);
}

static void word_lists(void **state)
{
    (void)state;
    assert_true(word_in_list("a", "a"));
    assert_true(word_in_list("bc", "a bc d"));
    assert_true(word_in_list("d", "a bc d"));
    assert_false(word_in_list("b", "a bc d"));
    assert_false(word_in_list("bcd", "a bc d"));
    assert_false(word_in_list("a", ""));
    assert_false(word_in_list("", "a b"));
}

struct code {
    int bits;
    size_t size;
    unsigned char bytes[15];
    size_t length;
    int kind;
};

static const struct code codes[] = {
    {64, 1, {0xfa}, 1, SENSITIVE_cli},
    {32, 1, {0xfa}, 1, SENSITIVE_cli},
    {16, 1, {0xfa}, 1, SENSITIVE_cli},
    {64, 2, {0xfb, 0xf4}, 1, SENSITIVE_sti},
    {64, 3, {0x0f, 0x01, 0xca}, 3, SENSITIVE_clac},
    {64, 2, {0xf3, 0x6c}, 2, SENSITIVE_ins},
    {64, 1, {0x9c}, 1, SENSITIVE_pushf},
    {64, 2, {0x66, 0x9d}, 2, SENSITIVE_popf},
    {64, 2, {0x48, 0xcf}, 2, SENSITIVE_iret},
    {64, 3, {0x48, 0x0f, 0x07}, 3, SENSITIVE_sysret},

    /* mov, push and pop by their operands. */
    {64, 3, {0x0f, 0x22, 0xd8}, 3, SENSITIVE_mov_to_control},
    {64, 3, {0x0f, 0x20, 0xd8}, 3, SENSITIVE_mov_from_control},
    {64, 4, {0x45, 0x0f, 0x22, 0xc1}, 4, SENSITIVE_mov_to_control},
    {64, 3, {0x0f, 0x23, 0xf8}, 3, SENSITIVE_mov_to_debug},
    {64, 3, {0x0f, 0x21, 0xf0}, 3, SENSITIVE_mov_from_debug},
    {64, 2, {0x8e, 0xd8}, 2, SENSITIVE_mov_to_segment},
    {64, 2, {0x8e, 0x00}, 2, SENSITIVE_mov_to_segment},
    {64, 2, {0x8c, 0xc8}, 2, SENSITIVE_mov_from_segment},
    {64, 2, {0x8c, 0x17}, 2, SENSITIVE_mov_from_segment},
    {64, 2, {0x0f, 0xa0}, 2, SENSITIVE_push_segment},
    {64, 2, {0x0f, 0xa9}, 2, SENSITIVE_pop_segment},
    {32, 1, {0x0e}, 1, SENSITIVE_push_segment},
    {32, 1, {0x07}, 1, SENSITIVE_pop_segment},
    {64, 2, {0x89, 0xd8}, 2, SENSITIVE_NONE},
    {64, 3, {0x65, 0x8b, 0x00}, 3, SENSITIVE_NONE}, /* gs is a prefix here, no operand */
    {64, 1, {0x50}, 1, SENSITIVE_NONE},
    {64, 1, {0x58}, 1, SENSITIVE_NONE},

    /* Far or near. */
    {64, 2, {0xff, 0x28}, 2, SENSITIVE_far_jmp},
    {64, 2, {0xff, 0x20}, 2, SENSITIVE_NONE},
    {64, 2, {0xff, 0x18}, 2, SENSITIVE_far_call},
    {64, 2, {0xff, 0x10}, 2, SENSITIVE_NONE},
    {32, 7, {0xea, 1, 2, 3, 4, 5, 6}, 7, SENSITIVE_far_jmp},
    {64, 5, {0xe9, 1, 2, 3, 4}, 5, SENSITIVE_NONE},
    {64, 2, {0x48, 0xcb}, 2, SENSITIVE_far_ret},
    {64, 1, {0xc3}, 1, SENSITIVE_NONE},

    /* Where the mode decides. */
    {32, 2, {0xc5, 0x08}, 2, SENSITIVE_lds},
    {32, 2, {0x63, 0xc1}, 2, SENSITIVE_arpl},
    {64, 2, {0x63, 0xc1}, 2, SENSITIVE_NONE}, /* movsxd */

    /* Innocuous neighbours. */
    {64, 1, {0x90}, 1, SENSITIVE_NONE},
    {64, 2, {0xf3, 0x90}, 2, SENSITIVE_NONE},
    {64, 1, {0xcc}, 1, SENSITIVE_NONE},
    {64, 2, {0x0f, 0x0b}, 2, SENSITIVE_NONE},
    {64, 2, {0xcd, 0x80}, 2, SENSITIVE_int},
    {64, 3, {0x0f, 0xae, 0xf0}, 3, SENSITIVE_NONE},
    {64, 2, {0x0f, 0x09}, 2, SENSITIVE_wbinvd},
    {64, 3, {0xf3, 0x0f, 0x09}, 3, SENSITIVE_wbnoinvd},

    /* Not an instruction, or not all of it. */
    {64, 0, {0}, 0, SENSITIVE_NONE},
    {64, 1, {0x0f}, 0, SENSITIVE_NONE},
    {64, 2, {0x0f, 0x01}, 0, SENSITIVE_NONE},
    {64, 1, {0x06}, 0, SENSITIVE_NONE},
    {64, 2, {0x0f, 0x04}, 0, SENSITIVE_NONE},
};

static void bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(codes); i++) {
        size_t length = 99;
        int kind = classify_bytes(codes[i].bytes, codes[i].size, codes[i].bits, &length, NULL);

        if (kind != codes[i].kind || length != codes[i].length)
            fail_msg("case %zu (%d bits, %02x %02x %02x): %s of %zu bytes, expected %s of %zu", i,
                     codes[i].bits, codes[i].bytes[0], codes[i].bytes[1], codes[i].bytes[2],
                     kind ? sensitive_name(kind) : "innocuous", length,
                     codes[i].kind ? sensitive_name(codes[i].kind) : "innocuous", codes[i].length);
        assert_int_equal(classify_bytes(codes[i].bytes, codes[i].size, codes[i].bits, NULL, NULL),
                         codes[i].kind);
    }
}

/* Capstone comes to the same answers, where it knows the instruction. */
static void bytes_by_capstone(void **state)
{
    size_t compared = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(codes); i++) {
        const struct sensitive_entry *entry = sensitive_entry_by_number(codes[i].kind);
        cs_insn *instruction;
        csh handle;

        if (!codes[i].length || (entry && strcmp(entry->capstone, "-") == 0))
            continue;
        assert_int_equal(cs_open(CS_ARCH_X86,
                                 codes[i].bits == 64   ? CS_MODE_64
                                 : codes[i].bits == 32 ? CS_MODE_32
                                                       : CS_MODE_16,
                                 &handle),
                         CS_ERR_OK);
        cs_option(handle, CS_OPT_DETAIL, CS_OPT_ON);
        assert_int_equal(cs_disasm(handle, codes[i].bytes, codes[i].length, 0, 1, &instruction), 1);
        if (classify_capstone(handle, instruction) != codes[i].kind)
            fail_msg("case %zu: Capstone's %s is not %s", i, instruction->mnemonic,
                     codes[i].kind ? sensitive_name(codes[i].kind) : "innocuous");
        cs_free(instruction, 1);
        cs_close(&handle);
        compared++;
    }
    assert_in_range(compared, 40, COUNT(codes));
}

static void padding_nops(void **state)
{
    static const struct {
        int bits;
        size_t size;
        unsigned char bytes[11];
        int nop;
    } cases[] = {
        {64, 1, {0x90}, 1},
        {64, 2, {0x66, 0x90}, 1},
        {64, 3, {0x0f, 0x1f, 0x00}, 1},
        {64, 7, {0x0f, 0x1f, 0x80, 0, 0, 0, 0}, 1},
        {64, 11, {0x66, 0x66, 0x2e, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0}, 1},
        {32, 4, {0x8d, 0x74, 0x26, 0x00}, 1},       /* lea 0(%esi,%eiz,1),%esi */
        {32, 7, {0x8d, 0xb4, 0x26, 0, 0, 0, 0}, 1}, /* the same with 32 bits of zero */
        {32, 3, {0x8d, 0x76, 0x00}, 1},             /* lea 0(%esi),%esi */
        {64, 3, {0x8d, 0x76, 0x00}, 0},             /* clears the upper half there */
        {32, 3, {0x8d, 0x76, 0x01}, 0},             /* lea 1(%esi),%esi */
        {32, 3, {0x8d, 0x7e, 0x00}, 0},             /* lea 0(%esi),%edi */
        {32, 4, {0x66, 0x8d, 0x76, 0x00}, 0}, /* lea 0(%esi),%si clears nothing, but is not gas's */
        {32, 3, {0x8d, 0x34, 0x36}, 0},       /* lea (%esi,%esi),%esi */
        {64, 1, {0x93}, 0},                   /* xchg %eax,%ebx */
        {64, 2, {0x87, 0xc0}, 0},             /* xchg %eax,%eax clears the upper half */
        {64, 2, {0xf3, 0x90}, 0},             /* pause */
        {64, 1, {0xcc}, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
        ZydisDecodedInstruction instruction;
        ZydisDecoder decoder;

        zydis_open(&decoder, cases[i].bits);
        assert_true(ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, cases[i].bytes, cases[i].size,
                                                        &instruction, operands)));
        assert_int_equal(instruction.length, cases[i].size);
        if (!is_padding_nop(&instruction, operands) != !cases[i].nop)
            fail_msg("case %zu: taken for %s", i, cases[i].nop ? "no nop" : "a nop");
    }
}

static int open_capstone(void **state)
{
    (void)state;
    return cs_open(CS_ARCH_X86, CS_MODE_64, &capstone) == CS_ERR_OK ? 0 : -1;
}

static int close_capstone(void **state)
{
    (void)state;
    return cs_close(&capstone) == CS_ERR_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decoders_know_the_table),
        cmocka_unit_test(capstone_lacks_what_the_table_says),
        cmocka_unit_test(numbers),
        cmocka_unit_test(numbers_stay),
        cmocka_unit_test(samples),
        cmocka_unit_test(word_lists),
        cmocka_unit_test(bytes),
        cmocka_unit_test(bytes_by_capstone),
        cmocka_unit_test(padding_nops),
    };

    return cmocka_run_group_tests(tests, open_capstone, close_capstone);
}
