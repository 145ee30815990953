/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "helpers.h"

#include "as/statement.h"

#define STATEMENTS_MAX 6

static void scanning(void **state)
{
    /* A statement behind labels is written here with `:` before it; a label alone is `:`. */
    static const struct {
        const char *text, *statements[STATEMENTS_MAX];
    } cases[] = {
        {"", {NULL}},
        {" \t\r\f\n;;\n ; ", {NULL}},
        {"cli", {"cli"}},
        {"  cli  \n\tsti\t\n", {"cli", "sti"}},
        {"cli;sti ; hlt", {"cli", "sti", "hlt"}},
        {"mov %eax, %ebx\r\nret\r\n", {"mov %eax, %ebx", "ret"}},

        /* Labels. */
        {"f:", {NULL}}, /* at the very end nothing follows it */
        {"f:\n", {":"}},
        {"f:;cli", {":", "cli"}},
        {"f: cli", {":cli"}},
        {"f:cli\n", {":cli"}},
        {"f :\tcli", {":cli"}},
        {"f: g: 1: cli\nsti", {":cli", "sti"}},
        {"in: in", {":in"}},
        {"1: jmp 1b", {":jmp 1b"}},
        {".L1: $x: _y: a.b$c: cli", {":cli"}},
        {"\\name: cli", {":cli"}},
        {"\\a\\()_x: \\b\\()l %eax", {":\\b\\()l %eax"}},
        {"\xc3\xa4: cli", {":cli"}},
        {"\"quoted label\": cli", {":cli"}},
        {"\"a;b:c\" : cli; sti", {":cli", "sti"}},
        {"\"not a label\" cli", {"\"not a label\" cli"}},
        {"jmp f:", {"jmp f:"}},
        {"ljmp 0x10:0x20", {"ljmp 0x10:0x20"}},
        {"a = b:", {"a = b:"}},
        {"f: /* c */ cli", {":cli"}},
        {"f:/ c; sti\ncli", {":", "cli"}},
        {"f: # c\ncli", {":", "cli"}},
        {"f:\n cli", {":", "cli"}},

        /* Comments. */
        {"# all of it; cli\nsti", {"sti"}},
        {"cli # sti; hlt\nnop", {"cli", "nop"}},
        {"cli# sti", {"cli"}},
        {"/ at the start of a line; cli\nsti", {"sti"}},
        {"  \t/ behind white space; cli\nsti", {"sti"}},
        {"cli / 2\nsti", {"cli / 2", "sti"}},
        {"cli; / behind a separator, too: don't; sti\nhlt", {"cli", "hlt"}},
        {"/* c */ / behind a comment; cli\nsti", {"sti"}},
        {"/* one */ cli /* two */ ; sti", {"cli", "sti"}},
        {"/* over\nlines; cli\n*/ sti", {"sti"}},
        {"mov /* a; b # c */ $1, %eax # e\nret", {"mov /* a; b # c */ $1, %eax", "ret"}},
        {"cli /* a newline in it\nends the statement */ sti", {"cli", "sti"}},
        {"rep /* a\n */ /* b */ insb; nop", {"rep", "insb", "nop"}},
        {"f: /* a\n */ cli", {":cli"}},
        {"cli /* \"open */ ; sti", {"cli", "sti"}},
        {"cli /* never closed\nsti", {"cli"}},
        {"/* never closed *", {NULL}},
        {"/*/ still open */ cli", {"cli"}},
        {"/**/cli", {"cli"}},
        {"/* a * b **/ cli", {"cli"}},
        {"# /* no block begins here\ncli", {"cli"}},
        {"/ /* nor here\ncli", {"cli"}},
        {"cli // no comment for x86", {"cli // no comment for x86"}},
        {"# 12 \"a;b.c\" 1\ncli", {"cli"}},
        {"#APP\ncli\n#NO_APP", {"cli"}},
        {"/", {NULL}},
        {"#", {NULL}},

        /* Strings. */
        {".ascii \"a;b#c/*d\" ; cli", {".ascii \"a;b#c/*d\"", "cli"}},
        {".ascii \"a\\\"b;c\" ; cli", {".ascii \"a\\\"b;c\"", "cli"}},
        {".ascii \"a\\\\\" ; cli", {".ascii \"a\\\\\"", "cli"}},
        {".ascii \"over\nlines; x\"\ncli", {".ascii \"over\nlines; x\"", "cli"}},
        {".ascii \"never closed; cli", {".ascii \"never closed; cli"}},
        {".ascii \"ends in a backslash\\", {".ascii \"ends in a backslash\\"}},
        {".ascii \"end \" # c", {".ascii \"end \""}},
        {"M \"a\", \"b;c\"; cli", {"M \"a\", \"b;c\"", "cli"}},

        /* Character constants. */
        {"mov $'a, %al; cli", {"mov $'a, %al", "cli"}},
        {"mov $'a', %al; cli", {"mov $'a', %al", "cli"}},
        {"mov $';, %al; cli", {"mov $';, %al", "cli"}},
        {"mov $';', %al; cli", {"mov $';', %al", "cli"}},
        {"mov $'#, %al; cli", {"mov $'#, %al", "cli"}},
        {"mov $'\", %al; cli", {"mov $'\", %al", "cli"}},
        {"mov $'\\'', %al; cli", {"mov $'\\'', %al", "cli"}},
        {"mov $'\\\\, %al; cli", {"mov $'\\\\, %al", "cli"}},
        {"mov $'\\;, %al; cli", {"mov $'\\;, %al", "cli"}},
        {".byte ' \ncli", {".byte ' ", "cli"}},
        {".byte '\ncli", {".byte '", "cli"}},
        {".byte '", {".byte '"}},
        {".byte '\\", {".byte '\\"}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t size = strlen(cases[i].text), count = 0;
        char *text = exact_copy(cases[i].text, strlen(cases[i].text));
        struct statement statement;
        struct scanner scanner;

        scanner_start(&scanner, text, size);
        for (; scanner_next(&scanner, &statement); count++) {
            const char *expected = count < STATEMENTS_MAX ? cases[i].statements[count] : NULL;
            int length = (int)(statement.end - statement.start);
            int labels = expected && *expected == ':';

            if (!expected || statement.labels != labels ||
                strlen(expected + labels) != (size_t)length ||
                memcmp(expected + labels, statement.start, (size_t)length) != 0)
                fail_msg("'%s': statement %zu is%s '%.*s', expected '%s'", cases[i].text, count,
                         statement.labels ? " labelled" : "", length, statement.start,
                         expected ? expected : "no more");
        }
        if (count < STATEMENTS_MAX && cases[i].statements[count])
            fail_msg("'%s': no statement '%s'", cases[i].text, cases[i].statements[count]);
        free(text);
    }
}

static void words(void **state)
{
    static const struct {
        const char *text, *word, *rest;
    } cases[] = {
        {"mov %eax", "mov", "%eax"},
        {"rex.w\t sysret", "rex.w", "sysret"},
        {".L$x_1@y z", ".L$x_1@y", "z"},
        {"\\insn\\()q %rax", "\\insn\\()q", "%rax"},
        {"\\insn\\()", "\\insn\\()", ""},
        {"\\(", "\\", "("},
        {"a()", "a", "()"},
        {"x=5", "x", "=5"},
        {"%eax", "", "%eax"},
        {"\xc3\xa4 b", "\xc3\xa4", "b"},
        {"rep /* c */ insb", "rep", "insb"},
        {"rep/* c *//* d */ insb", "rep", "insb"},
        {"a /* open", "a", ""},
        {"a / b", "a", "/ b"},
        {"", "", ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t size = strlen(cases[i].text);
        char *text = exact_copy(cases[i].text, strlen(cases[i].text));
        const char *at = text, *word;
        size_t length = statement_word(&at, text + size, &word);

        assert_ptr_equal(word, text);
        if (length != strlen(cases[i].word) || memcmp(word, cases[i].word, length) != 0 ||
            (size_t)(text + size - at) != strlen(cases[i].rest) ||
            memcmp(at, cases[i].rest, strlen(cases[i].rest)) != 0)
            fail_msg("'%s': the word is '%.*s', behind it '%.*s'", cases[i].text, (int)length, word,
                     (int)(text + size - at), at);
        free(text);
    }
}

static void line_markers(void **state)
{
    static const struct {
        const char *text, *source;
    } cases[] = {
        {"# 1 \"dir/a.S\"\ncli\n", "dir/a.S"},
        {"# 0 \"a b.S\"", "a b.S"},
        {"# 1 \"<built-in>\"\n", ""},
        {"# 1 \"\"\n", ""},
        {"# 1 \"open\n\"", "open"},
        {"# 1 \"open", "open"},
        {"# 1\n\"x\"", ""},
        {"# 1 x", ""},
        {"#APP \"x\"\n", ""},
        {"# x \"y\"\n", ""},
        {"\tcli\n# 1 \"late.S\"\n", ""},
        {"# 1 \"", ""},
        {"# 1", ""},
        {"", ""},
    };
    char path[64];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char *text = exact_copy(cases[i].text, strlen(cases[i].text));

        memset(path, 'x', sizeof(path));
        scanner_source(text, strlen(cases[i].text), path, sizeof(path));
        if (strcmp(path, cases[i].source) != 0)
            fail_msg("'%s': source '%s', expected '%s'", cases[i].text, path, cases[i].source);
        free(text);
    }
    scanner_source("# 1 \"too-long\"", 14, path, 4);
    assert_string_equal(path, "too");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scanning),
        cmocka_unit_test(words),
        cmocka_unit_test(line_markers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
