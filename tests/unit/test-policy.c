/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "helpers.h"

#include "as/policy.h"

static struct policy *policy_of(const char *text)
{
    char path[32];
    int fd = memory_file(text, strlen(text), path);
    struct policy *policy = policy_read(path);

    close(fd);
    assert_non_null(policy);
    return policy;
}

/* Whether `glob` matches `path`: a rule that switches it off does so. */
static int matches(const char *glob, const char *path)
{
    char text[512];
    struct policy *policy;
    int on;

    snprintf(text, sizeof(text), "path \"%s\" off \"test\"\n", glob);
    policy = policy_of(text);
    on = policy_path_on(policy, path);
    policy_free(policy);
    return !on;
}

static void globs(void **state)
{
    static const struct {
        const char *glob, *path;
        int matches;
    } cases[] = {
        {"a.o", "a.o", 1},
        {"a.o", "a.oo", 0},
        {"a.oo", "a.o", 0},
        {"", "", 1},
        {"", "a", 0},
        {"a", "", 0},
        {"*", "", 1},
        {"*", "a.o", 1},
        {"*", "a/b.o", 0},
        {"*.o", "a.o", 1},
        {"*.o", ".o", 1},
        {"*.o", "a.c", 0},
        {"*.o", "d/a.o", 0},
        {"d/*", "d/a", 1},
        {"d/*", "d/a/b", 0},
        {"d/*", "d", 0},
        {"d/*/c", "d/b/c", 1},
        {"d/*/c", "d/c", 0},
        {"d/*/c", "d//c", 1},
        {"**", "", 1},
        {"**", "a/b/c", 1},
        {"d/**", "d/a/b", 1},
        {"d/**", "e/d/a", 0},
        {"**/c", "a/b/c", 1},
        {"**/c", "c", 0},
        {"**c", "c", 1},
        {"a**c", "a/b/c", 1},
        {"a**c", "a/b/d", 0},
        {"***", "a/b", 1},
        {"*/**/*", "a/b/c", 1},
        {"*/**/*", "a/b", 0},
        {"**/x/*.o", "a/x/b/x/c.o", 1},
        {"**/x/*.o", "a/x/b/c.o", 0},
        {"*a*b", "aXbab", 1},
        {"*a*b", "aXbabc", 0},
        {"**a*b", "x/a/a-b", 1},
        {"**a*b", "x/a-/b", 0},
        {"?", "a", 1},
        {"?", "", 0},
        {"?", "/", 0},
        {"a?c", "abc", 1},
        {"a?c", "a/c", 0},
        {"?*", "", 0},
        {"a b", "a b", 1},
        {"[a]", "a", 0},
        {"\\*", "*", 0},
        {"A.o", "a.o", 0},
        {"./a", "a", 0}, /* the rule names paths as they are looked up: without ./ in front */
        {"a", "./a", 1},
        {"a", "././a", 1},
        {"a", "/a", 0},
        {"../a", "../a", 1},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        if (matches(cases[i].glob, cases[i].path) != cases[i].matches)
            fail_msg("glob '%s' and path '%s': expected %d", cases[i].glob, cases[i].path,
                     cases[i].matches);
}

/* Backtracking into every star at once would take longer than the universe is old. */
static void many_stars(void **state)
{
    char glob[256] = "", path[256] = "";

    (void)state;
    for (int i = 0; i < 30; i++)
        append(glob, sizeof(glob), i % 2 ? "*a" : "**a");
    append(glob, sizeof(glob), "b");
    memset(path, 'a', 200);
    alarm(20);
    assert_false(matches(glob, path));
    path[199] = 'b';
    assert_true(matches(glob, path));
    alarm(0);
}

static void last_match_wins(void **state)
{
    struct policy *policy = policy_of("path lib/** off \"user code\"\n"
                                      "path lib/keep/* on\n"
                                      "path lib/keep/not.o off \"nor this\"\n");

    (void)state;
    assert_true(policy_path_on(policy, "kernel/a.o"));
    assert_false(policy_path_on(policy, "lib/a.o"));
    assert_true(policy_path_on(policy, "lib/keep/a.o"));
    assert_false(policy_path_on(policy, "lib/keep/not.o"));
    policy_free(policy);
    policy = policy_of("path lib/keep/* on\npath lib/** off\n");
    assert_false(policy_path_on(policy, "lib/keep/a.o"));
    policy_free(policy);
}

static void subjects_are_apart(void **state)
{
    struct policy *policy = policy_of(
        "path .init off\nsection .text.user off\nsection .text.*.x off \"r\"\ncode16 on\n");

    (void)state;
    assert_false(policy_path_on(policy, ".init"));
    assert_true(policy_section_on(policy, ".init", 5));
    assert_true(policy_path_on(policy, ".text.user"));
    assert_false(policy_section_on(policy, ".text.user", 10));
    assert_false(policy_section_on(policy, ".text.user and more", 10));
    assert_true(policy_section_on(policy, ".text.user", 9));
    assert_false(policy_section_on(policy, ".text.a.x", 9));
    assert_true(policy_code16_on(policy));
    policy_free(policy);
    policy = policy_of("code16 on\ncode16 off \"the last one holds\"\n");
    assert_false(policy_code16_on(policy));
    policy_free(policy);
}

static void layout_of_a_line(void **state)
{
    struct policy *policy = policy_of("# a comment\n\n   \t\n"
                                      "  path\ta.o  off   # why\n"
                                      "path \"b b.o\" off \"two words\" # more\n"
                                      "path c.o off reason\r\n"
                                      "path d.o off \"open quote\n"
                                      "path e#.o off");

    (void)state;
    assert_false(policy_path_on(policy, "a.o"));
    assert_false(policy_path_on(policy, "b b.o"));
    assert_false(policy_path_on(policy, "c.o"));
    assert_false(policy_path_on(policy, "d.o"));
    assert_false(policy_path_on(policy, "e#.o"));
    assert_true(policy_path_on(policy, "f.o"));
    policy_free(policy);
}

static void default_policy(void **state)
{
    struct policy *policy = policy_default();

    (void)state;
    assert_true(policy_path_on(policy, "a.o"));
    assert_true(policy_section_on(policy, ".text", 5));
    assert_false(policy_code16_on(policy));
    policy_free(policy);
    policy_free(NULL);
}

static void expect_message(const char *path, const char *expected)
{
    struct capture capture = capture_start();
    struct policy *policy = policy_read(path);
    char said[512];

    capture_end(capture, said, sizeof(said));
    assert_null(policy);
    assert_string_equal(said, expected);
}

static void messages(void **state)
{
    static const struct {
        const char *text;
        int line;
        const char *message;
    } cases[] = {
        {"paht a off\n", 1, "expected path, section or code16"},
        {"\n# c\nPath a off\n", 3, "expected path, section or code16"},
        {"path\n", 1, "expected a glob pattern"},
        {"code16 on\nsection # none\n", 2, "expected a glob pattern"},
        {"path a\n", 1, "expected on or off"},
        {"path a of\n", 1, "expected on or off"},
        {"path a OFF\n", 1, "expected on or off"},
        {"code16\n", 1, "expected on or off"},
        {"code16 maybe\n", 1, "expected on or off"},
        {"path a off two words\n", 1,
         "expected nothing after the reason (a reason of several words needs quotes)"},
        {"path a off\npath b on\ncode16 on \"a\" \"b\"", 3,
         "expected nothing after the reason (a reason of several words needs quotes)"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char path[32], expected[256];
        int fd = memory_file(cases[i].text, strlen(cases[i].text), path);

        snprintf(expected, sizeof(expected), "afterburner: %s:%d: %s\n", path, cases[i].line,
                 cases[i].message);
        expect_message(path, expected);
        close(fd);
    }
    expect_message(
        "/nowhere/policy",
        "afterburner: /nowhere/policy: policy file cannot be read: No such file or directory; "
        "check --policy or AFTERBURNER_POLICY\n");
    expect_message("/proc/self",
                   "afterburner: /proc/self: policy file cannot be read: Is a directory\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(globs),
        cmocka_unit_test(many_stars),
        cmocka_unit_test(last_match_wins),
        cmocka_unit_test(subjects_are_apart),
        cmocka_unit_test(layout_of_a_line),
        cmocka_unit_test(default_policy),
        cmocka_unit_test(messages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
