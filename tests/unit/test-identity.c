/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "helpers.h"

#include "as/identity.h"

static void function_names(void **state)
{
    static const struct {
        const char *symbol, *name;
    } cases[] = {
        {"start", "start"},
        {"", ""},
        {"f.isra.0", "f"},
        {"f.isra", "f"},
        {"f.constprop.1", "f"},
        {"f.part.12", "f"},
        {"f.cold", "f"},
        {"f.llvm.1234567890", "f"},
        {"f.isra.0.constprop.0.cold", "f"},
        {"f.part.0.isra.0", "f"},
        {"f.cold.part.3", "f"},
        {"f.colder", "f.colder"},
        {"f.parts.0", "f.parts.0"},
        {"f.local", "f.local"},
        {"fcold", "fcold"},
        {".cold", ".cold"},
        {".text.cold", ".text"},
        {"f.0", "f.0"},
    };
    char name[64], tiny[4];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        identity_function_name(cases[i].symbol, name, sizeof(name));
        assert_string_equal(name, cases[i].name);
    }
    identity_function_name("long_name.isra.0", tiny, sizeof(tiny));
    assert_string_equal(tiny, "lon");
}

static void check_path(const char *path, const char *output, const char *directory,
                       const char *expected)
{
    char *normal = identity_source_path(path, output, directory);

    if (strcmp(normal, expected) != 0)
        fail_msg("'%s' to '%s' in '%s': '%s', expected '%s'", path, output, directory, normal,
                 expected);
    free(normal);
}

static void source_paths(void **state)
{
    static const struct {
        const char *path, *directory, *normal;
    } cases[] = {
        {"a.c", "/src", "a.c"},
        {"", "/src", ""},
        {"./a.c", "/src", "a.c"},
        {"././d/./a.c", "/src", "d/a.c"},
        {"d/../a.c", "/src", "a.c"},
        {"d/e/../../a.c", "/src", "a.c"},
        {"../a.c", "/src", "a.c"},
        {"../../a.c", "/src", "a.c"},
        {"d/../../a.c", "/src", "a.c"},
        {"../d/../a.c", "/src", "a.c"},
        {"d//e///a.c", "/src", "d/e/a.c"},
        {".//a.c", "/src", "a.c"},
        {"d/..//a.c", "/src", "a.c"},
        {"d../../a.c", "/src", "a.c"},
        {"..d/a.c", "/src", "..d/a.c"},
        {"d/.a/..b/...c", "/src", "d/.a/..b/...c"},
        {"d/", "/src", "d/"},
        {"/src/a.c", "/src", "a.c"},
        {"/src//d/../a.c", "/src", "a.c"},
        {"/src/./a.c", "/src", "a.c"},
        {"/srcs/a.c", "/src", "a.c"},
        {"/src", "/src", "src"},
        {"/other/a.c", "/src", "a.c"},
        {"//other/a.c", "/src", "a.c"},
        {"/other/../a.c", "/src", "a.c"},
        {"/../a.c", "/src", "a.c"},
        {"/d/../../a.c", "/src", "a.c"},
        {"/./a.c", "/src", "a.c"},
        {"/a.c", "/", "a.c"},
        {"/a.c", "", "a.c"}, /* the working directory is gone */
        {"<stdin>", "/src", "<stdin>"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        check_path(cases[i].path, "a.o", cases[i].directory, cases[i].normal);
}

/* A source elsewhere: what it has in common with the output's path. */
static void paths_elsewhere(void **state)
{
    static const struct {
        const char *path, *output, *normal;
    } cases[] = {
        {"/linux/arch/x86/kernel/head.S", "arch/x86/kernel/head.o", "arch/x86/kernel/head.S"},
        {"/linux/arch/x86/kernel/head.S", "/build/arch/x86/kernel/head.o",
         "arch/x86/kernel/head.S"},
        {"/linux/arch/x86/kernel/head.S", "./arch/x86/kernel/.tmp_head.o",
         "arch/x86/kernel/head.S"},
        {"/linux/arch/x86/kernel/head.S", "out/arch/x86/kernel/head.o", "arch/x86/kernel/head.S"},
        {"/linux/x86/kernel/head.S", "arch/x86_64/kernel/head.o", "kernel/head.S"},
        {"/linux/kernels/head.S", "kernel/head.o", "head.S"},
        {"/kernel/head.S", "kernel/head.o", "kernel/head.S"},
        {"/head.S", "kernel/head.o", "head.S"},
        {"../linux/kernel/head.S", "kernel/head.o", "kernel/head.S"},
        {"../head.S", "head.o", "head.S"},
        {"../../head.S", "../head.o", "../head.S"},
        {"kernel/head.S", "other/head.o", "kernel/head.S"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        check_path(cases[i].path, cases[i].output, "/build", cases[i].normal);
}

/* Identities outlive versions of this program: these values were computed apart from it, with XXH64
 * written in Python from the algorithm's description, over the bytes that as/identity.h names. */
static void known_values(void **state)
{
    struct identity_counter *counter = identity_counter_new();

    (void)state;
    assert_int_equal(identity_next(counter, "kernel/a.c", "start", "cli"), 0x8cc7f0fe6e5a6813u);
    assert_int_equal(identity_next(counter, "kernel/a.c", "start", "cli"), 0xa84d3068b957bcfeu);
    assert_int_equal(identity_next(counter, "kernel/a.c", "start", "sti"), 0xc1d1d682142dae32u);
    assert_int_equal(identity_next(counter, "kernel/a.c", "stop", "cli"), 0x86aa61b92f241d67u);
    assert_int_equal(identity_next(counter, "kernel/a.c", "start", "cli"), 0xf531bc1eb424a471u);
    assert_int_equal(identity_next(counter, "", "", ""), 0x694bb0caf1a4a679u);
    identity_counter_free(counter);
}

/* The parts are apart: moving a letter from one to the next is another identity. */
static void parts_are_apart(void **state)
{
    struct identity_counter *counter = identity_counter_new();
    uint64_t values[6];

    (void)state;
    values[0] = identity_next(counter, "ab", "c", "d");
    values[1] = identity_next(counter, "a", "bc", "d");
    values[2] = identity_next(counter, "ab", "", "cd");
    values[3] = identity_next(counter, "ab", "cd", "");
    values[4] = identity_next(counter, "ab", "c", "d");
    values[5] = identity_next(counter, "", "abc", "d");
    for (size_t i = 0; i < COUNT(values); i++)
        for (size_t j = 0; j < i; j++)
            assert_int_not_equal(values[i], values[j]);
    identity_counter_free(counter);
}

/* Ordinals are one object's own, and grow past the first allocation. */
static void ordinals(void **state)
{
    struct identity_counter *one = identity_counter_new(), *other = identity_counter_new();
    uint64_t first = identity_next(one, "a.c", "f", "hlt"), last = first;
    char function[16];

    (void)state;
    assert_int_equal(identity_next(other, "a.c", "f", "hlt"), first);
    for (int i = 0; i < 100; i++) {
        snprintf(function, sizeof(function), "f%d", i);
        identity_next(one, "a.c", function, "hlt");
    }
    for (int i = 1; i < 300; i++) {
        uint64_t next = identity_next(one, "a.c", "f", "hlt");

        assert_int_not_equal(next, last);
        last = next;
    }
    for (int i = 1; i < 300; i++)
        identity_next(other, "a.c", "f", "hlt");
    assert_int_equal(identity_next(one, "a.c", "f", "hlt"),
                     identity_next(other, "a.c", "f", "hlt"));
    identity_counter_free(one);
    identity_counter_free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(function_names),  cmocka_unit_test(source_paths),
        cmocka_unit_test(paths_elsewhere), cmocka_unit_test(known_values),
        cmocka_unit_test(parts_are_apart), cmocka_unit_test(ordinals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
