/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "helpers.h"

#include "afterburn/cpuid-policy.h"

/* The lines of the table, as they stand there. */
#define SUBLEAF_EVERY CPUID_EVERY
#define SUBLEAF_0     0
#define SUBLEAF_1     1

struct line {
    uint32_t leaf;
    unsigned subleaf, which, bit;
    enum cpuid_verdict verdict;
    const char *name, *why;
};

static const struct line lines[] = {
#define CPUID_BIT(leaf, subleaf, register, bit, name, verdict, why)                                \
    {leaf, SUBLEAF_##subleaf, CPUID_##register, bit, CPUID_##verdict, #name, why},
#define CPUID_STATE(leaf, subleaf, register, bit, name, states, why)                               \
    {leaf, SUBLEAF_##subleaf, CPUID_##register, bit, CPUID_SHOW, #name, why},
#include "afterburn/cpuid-policy.def"
};

static int says(uint32_t leaf, uint32_t subleaf, enum cpuid_register which, unsigned bit)
{
    struct cpuid_masks masks = cpuid_policy(leaf, subleaf, which);

    if (masks.set >> bit & 1)
        return CPUID_SET;
    return masks.keep >> bit & 1 ? CPUID_SHOW : CPUID_HIDE;
}

static void every_line_counts(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(lines); i++) {
        unsigned subleaf = lines[i].subleaf == CPUID_EVERY ? 3 : lines[i].subleaf;

        assert_true(lines[i].bit < 32);
        assert_true(*lines[i].why);
        assert_int_equal(
            says(lines[i].leaf, subleaf, (enum cpuid_register)lines[i].which, lines[i].bit),
            lines[i].verdict);
        for (size_t k = 0; k < i; k++)
            assert_false(lines[k].leaf == lines[i].leaf && lines[k].which == lines[i].which &&
                         lines[k].bit == lines[i].bit && lines[k].subleaf == lines[i].subleaf);
    }
}

static void leaves_that_are_zero(void **state)
{
    static const uint32_t zero[] = {0x5,        0x6,        0xa,        0xb,        0xc,
                                    0xe,        0x12,       0x21,       0x40000000, 0x40000100,
                                    0x8000000a, 0x8000001f, 0x80000022, 0xc0000001, 0xffffffff};

    (void)state;
    for (size_t i = 0; i < COUNT(zero); i++)
        for (int which = CPUID_EAX; which <= CPUID_EDX; which++) {
            struct cpuid_masks masks = cpuid_policy(zero[i], 1, (enum cpuid_register)which);

            assert_int_equal(masks.keep, 0);
            assert_int_equal(masks.set, 0);
        }
}

/* What needs states of XCR0 that a place does not have is not there. */
static void states_that_a_place_lacks(void **state)
{
    const uint32_t xsave = 1u << 26, avx = 1u << 12 | 1u << 28 | 1u << 29;

    (void)state;
    assert_int_equal(cpuid_stateless(1, 0, CPUID_ECX, 0), xsave | avx);
    assert_int_equal(cpuid_stateless(1, 0, CPUID_ECX, 3), avx);
    assert_int_equal(cpuid_stateless(1, 0, CPUID_ECX, 7), 0);
    assert_int_equal(cpuid_stateless(7, 0, CPUID_EBX, 7) & (1u << 5 | 1u << 16), 1u << 16);
    assert_int_equal(cpuid_stateless(7, 0, CPUID_EBX, 0x27) & 1u << 16, 1u << 16);
    assert_int_equal(cpuid_stateless(7, 0, CPUID_EBX, 0xe7), 0);
    assert_int_equal(cpuid_stateless(7, 1, CPUID_EBX, 0), 0);
    assert_int_equal(cpuid_stateless(0x80000001, 0, CPUID_ECX, 3), 1u << 11 | 1u << 16);
    assert_int_equal(cpuid_stateless(0x80000001, 0, CPUID_ECX, 7), 0);
    assert_int_equal(cpuid_stateless(1, 0, CPUID_EDX, 0), 0);
    /* Each of them is shown where it can be. */
    for (unsigned which = CPUID_EAX; which <= CPUID_EDX; which++) {
        assert_int_equal(cpuid_stateless(1, 0, (enum cpuid_register)which, 0) &
                             ~cpuid_policy(1, 0, (enum cpuid_register)which).keep,
                         0);
        assert_int_equal(cpuid_stateless(7, 0, (enum cpuid_register)which, 0) &
                             ~cpuid_policy(7, 0, (enum cpuid_register)which).keep,
                         0);
    }
}

static void the_rest_of_a_register(void **state)
{
    (void)state;
    assert_int_equal(cpuid_policy(7, 0, CPUID_ECX).keep, 0x5f42);
    assert_int_equal(cpuid_policy(7, 1, CPUID_ECX).keep, 0);
    assert_int_equal(cpuid_policy(0xd, 0, CPUID_EAX).keep, 0xe7); /* x87, SSE, AVX, AVX-512 */
    assert_int_equal(cpuid_policy(0xd, 0, CPUID_EDX).keep, 0);
    assert_int_equal(cpuid_policy(0xd, 1, CPUID_EAX).keep, 0x7);
    assert_true(cpuid_policy(0xd, 2, CPUID_EAX).keep == UINT32_MAX);
    assert_int_equal(cpuid_policy(7, 0, CPUID_EDX).keep, 1u << 4);
    assert_int_equal(cpuid_policy(7, 0, CPUID_EAX).keep, 0);
    assert_int_equal(cpuid_policy(7, 0, CPUID_EBX).keep & 1u << 3, 1u << 3); /* BMI1 */
    assert_int_equal(cpuid_policy(7, 1, CPUID_EBX).keep, 0);
    assert_int_equal(cpuid_policy(7, 1, CPUID_EDX).keep, 0);
    assert_int_equal(cpuid_policy(0x80000021, 0, CPUID_EAX).set, 1u << 6);
    /* What nobody speaks of is shown. */
    assert_true(cpuid_policy(4, 2, CPUID_EAX).keep == UINT32_MAX);
    assert_true(cpuid_policy(1, 0, CPUID_EAX).keep == UINT32_MAX);
    assert_true(cpuid_policy(0x80000002, 0, CPUID_EBX).keep == UINT32_MAX);
}

/* What CPUID must never show, whoever rewrites the table: what sensitive instructions hang on that
 * nobody emulates. */
static void what_gates_sensitive_instructions(void **state)
{
    static const struct {
        uint32_t leaf, subleaf;
        enum cpuid_register which;
        unsigned bit;
    } gates[] = {
        {1, 0, CPUID_ECX, 3},           {1, 0, CPUID_ECX, 5},
        {1, 0, CPUID_ECX, 6},           {1, 0, CPUID_ECX, 27},
        {1, 0, CPUID_ECX, 31},          {1, 0, CPUID_EDX, 11},
        {7, 0, CPUID_EBX, 0},           {7, 0, CPUID_EBX, 2},
        {7, 0, CPUID_EBX, 10},          {7, 0, CPUID_EBX, 20},
        {7, 0, CPUID_ECX, 2},           {7, 0, CPUID_ECX, 3},
        {7, 0, CPUID_ECX, 5},           {7, 0, CPUID_ECX, 7},
        {7, 0, CPUID_ECX, 16},          {7, 0, CPUID_ECX, 22},
        {7, 0, CPUID_ECX, 23},          {7, 0, CPUID_ECX, 29},
        {7, 0, CPUID_EDX, 18},          {7, 0, CPUID_EDX, 20},
        {7, 0, CPUID_EDX, 26},          {7, 1, CPUID_EAX, 22},
        {0xd, 1, CPUID_EAX, 3},         {0x80000001, 0, CPUID_ECX, 2},
        {0x80000001, 0, CPUID_ECX, 12}, {0x80000001, 0, CPUID_ECX, 23},
        {0x80000001, 0, CPUID_ECX, 24}, {0x80000001, 0, CPUID_ECX, 28},
        {0x80000001, 0, CPUID_ECX, 29}, {0x80000001, 0, CPUID_EDX, 27},
        {0x80000008, 0, CPUID_EBX, 3},  {0x80000008, 0, CPUID_EBX, 4},
        {0x80000008, 0, CPUID_EBX, 12}, {0x8000001f, 0, CPUID_EAX, 4},
        {0xa, 0, CPUID_EAX, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(gates); i++)
        assert_int_equal(says(gates[i].leaf, gates[i].subleaf, gates[i].which, gates[i].bit),
                         CPUID_HIDE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_line_counts),
        cmocka_unit_test(leaves_that_are_zero),
        cmocka_unit_test(the_rest_of_a_register),
        cmocka_unit_test(states_that_a_place_lacks),
        cmocka_unit_test(what_gates_sensitive_instructions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
