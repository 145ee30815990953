/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "helpers.h"

#include "as/arguments.h"

#define WORDS_MAX 32

/* A command line as one string: its words end at single spaces. */
static void parse_line(struct as_arguments *arguments, const char *line)
{
    char copy[512], *words[WORDS_MAX], *cursor = copy;
    int count = 0;

    snprintf(copy, sizeof(copy), "%s", line);
    while (cursor && count < WORDS_MAX - 1)
        words[count++] = strsep(&cursor, " ");
    words[count] = NULL;
    as_arguments_parse(arguments, count, words);
}

/* The words, or the inputs only, with `|` between them. */
static void join(const struct as_arguments *arguments, int inputs, char *text, size_t capacity)
{
    size_t count = inputs ? arguments->input_count : arguments->word_count, length = 0;

    text[0] = '\0';
    for (size_t i = 0; i < count && length < capacity; i++)
        length += (size_t)snprintf(text + length, capacity - length, "%s%s", i ? "|" : "",
                                   arguments->words[inputs ? arguments->inputs[i] : i]);
}

struct expected {
    const char *line, *inputs, *output;
    int bits, only_asks, asks_version, verbose, alternate, intel, mri, lists;
    const char *dependencies;
};

static void command_lines(void **state)
{
    static const struct expected cases[] = {
        {.line = "as"},
        {.line = "as a.s", .inputs = "a.s"},
        {.line = "as -", .inputs = "-"},
        {.line = "as a.s - b.s", .inputs = "a.s|-|b.s"},
        {.line = "as -o a.o a.s", .inputs = "a.s", .output = "a.o"},
        {.line = "as a.s -o a.o", .inputs = "a.s", .output = "a.o"},
        {.line = "as a.s -oa.o", .inputs = "a.s", .output = "a.o"},
        {.line = "as -o a.o -o b.o a.s", .inputs = "a.s", .output = "b.o"},
        {.line = "as a.s -o", .inputs = "a.s"},
        {.line = "as -o - a.s", .inputs = "a.s", .output = "-"},
        {.line = "as -o -x.o a.s", .inputs = "a.s", .output = "-x.o"},
        {.line = "as --32 a.s", .inputs = "a.s", .bits = 32},
        {.line = "as -32 a.s", .inputs = "a.s", .bits = 32},
        {.line = "as --32 --64 a.s", .inputs = "a.s"},
        {.line = "as --64 --32 a.s", .inputs = "a.s", .bits = 32},
        {.line = "as --32 --x32 a.s", .inputs = "a.s"},
        {.line = "as --version", .only_asks = 1, .asks_version = 1},
        {.line = "as -version", .only_asks = 1, .asks_version = 1},
        {.line = "as --vers", .only_asks = 1, .asks_version = 1},
        {.line = "as a.s --version", .inputs = "a.s", .only_asks = 1, .asks_version = 1},
        {.line = "as -v --version", .only_asks = 1, .asks_version = 1, .verbose = 1},
        {.line = "as --version --help", .only_asks = 1, .asks_version = 1},
        {.line = "as --help --version", .only_asks = 1},
        {.line = "as --version=3 a.s", .inputs = "a.s"},
        {.line = "as --versions a.s", .inputs = "a.s"},
        {.line = "as -o --version a.s", .inputs = "a.s", .output = "--version"},
        {.line = "as -v a.s", .inputs = "a.s", .verbose = 1},
        {.line = "as --verbose a.s", .inputs = "a.s", .verbose = 1},
        {.line = "as -verb a.s", .inputs = "a.s", .verbose = 1},
        {.line = "as --ver a.s", .inputs = "a.s"}, /* either: for gas to complain about */
        {.line = "as --help", .only_asks = 1},
        {.line = "as --target-help", .only_asks = 1},
        {.line = "as --dump-config", .only_asks = 1},
        {.line = "as --alternate a.s", .inputs = "a.s", .alternate = 1},
        {.line = "as -alternate a.s", .inputs = "a.s", .alternate = 1},
        {.line = "as -msyntax=intel a.s", .inputs = "a.s", .intel = 1},
        {.line = "as -msyntax intel a.s", .inputs = "a.s", .intel = 1},
        {.line = "as -msyntax=intel -msyntax=att a.s", .inputs = "a.s"},
        {.line = "as -msyntax intel -msyntax att a.s", .inputs = "a.s"},
        {.line = "as -M a.s", .inputs = "a.s", .mri = 1},
        {.line = "as --mri a.s", .inputs = "a.s", .mri = 1},
        {.line = "as -a a.s", .inputs = "a.s", .lists = 1},
        {.line = "as -aln=a.lst a.s", .inputs = "a.s", .lists = 1},
        {.line = "as --MD a.d a.s", .inputs = "a.s", .dependencies = "a.d"},
        {.line = "as -MD a.d a.s", .inputs = "a.s", .dependencies = "a.d"},
        {.line = "as --MD=a.d a.s", .inputs = "a.s", .dependencies = "a.d"},
        {.line = "as -MD=a.d a.s", .inputs = "a.s", .dependencies = "a.d"},
        {.line = "as a.s --MD", .inputs = "a.s"},

        /* Options with a word of their own, which is no input. */
        {.line = "as -I dir -Idir a.s", .inputs = "a.s"},
        {.line = "as -Q y a.s", .inputs = "a.s"},
        {.line = "as --defsym x=1 a.s", .inputs = "a.s"},
        {.line = "as -defsym x=1 a.s", .inputs = "a.s"},
        {.line = "as --defsym=x=1 a.s", .inputs = "a.s"},
        {.line = "as --debug-prefix-map a=b a.s", .inputs = "a.s"},
        {.line = "as --hash-size 5 a.s", .inputs = "a.s"},
        {.line = "as --listing-lhs-width 1 --listing-lhs-width2 1 --listing-rhs-width 1 "
                 "--listing-cont-lines 1 a.s",
         .inputs = "a.s"},
        {.line = "as -march i386 -mtune=i686 -mmnemonic att a.s", .inputs = "a.s"},
        {.line = "as --gdwarf-cie-version 3 --size-check error --elf-stt-common no a.s",
         .inputs = "a.s"},
        {.line = "as --multibyte-handling allow --generate-missing-build-notes no a.s",
         .inputs = "a.s"},
        {.line =
             "as -malign-branch jcc -malign-branch-boundary 32 -malign-branch-prefix-size 5 a.s",
         .inputs = "a.s"},
        {.line = "as -mlfence-after-load no -mlfence-before-indirect-branch none "
                 "-mlfence-before-ret none a.s",
         .inputs = "a.s"},
        {.line = "as -mfence-as-lock-add no -momit-lock-prefix no -mrelax-relocations no "
                 "-mx86-used-note no a.s",
         .inputs = "a.s"},
        {.line = "as -mevexrcig rne -mevexlig 128 -mevexwig 0 -mvexwig 0 a.s", .inputs = "a.s"},
        {.line = "as -msse-check none -moperand-check none -mavxscalar 128 a.s", .inputs = "a.s"},
        {.line = "as a.s -I", .inputs = "a.s"},

        /* Options without one. */
        {.line = "as -mbranches-within-32B-boundaries a.s", .inputs = "a.s"},
        {.line = "as -mbranches-within-32B-boundaries -o a.o a.s",
         .inputs = "a.s",
         .output = "a.o"},
        {.line = "as -g --gdwarf-5 -W --fatal-warnings -k -n -O2 -mshared -msse2avx -mnaked-reg "
                 "--noexecstack a.s",
         .inputs = "a.s"},
        {.line = "as --compress-debug-sections a.s", .inputs = "a.s"},
        {.line = "as --unknown a.s", .inputs = "a.s"},
        {.line = "as @/nowhere/words", .inputs = "@/nowhere/words"}, /* for gas to complain about */
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct expected *expected = &cases[i];
        struct as_arguments arguments;
        char inputs[256];

        print_message("%s\n", expected->line);
        parse_line(&arguments, expected->line);
        join(&arguments, 1, inputs, sizeof(inputs));
        assert_string_equal(inputs, expected->inputs ? expected->inputs : "");
        assert_string_equal(as_arguments_output(&arguments),
                            expected->output ? expected->output : "a.out");
        assert_int_equal(arguments.bits, expected->bits ? expected->bits : 64);
        assert_int_equal(arguments.only_asks, expected->only_asks);
        assert_int_equal(arguments.asks_version, expected->asks_version);
        assert_int_equal(arguments.verbose, expected->verbose);
        assert_int_equal(arguments.alternate, expected->alternate);
        assert_int_equal(arguments.intel, expected->intel);
        assert_int_equal(arguments.mri, expected->mri);
        assert_int_equal(arguments.lists, expected->lists);
        if (expected->dependencies) {
            int is_word = 0;

            assert_string_equal(arguments.dependencies, expected->dependencies);
            /* Where gas is given another file's name instead, it must be a whole word. */
            for (size_t at = 0; at < arguments.word_count; at++)
                is_word |= arguments.words[at] == arguments.dependencies;
            assert_true(is_word);
        } else {
            assert_null(arguments.dependencies);
        }
        assert_null(arguments.words[arguments.word_count]);
        as_arguments_free(&arguments);
    }
}

/* The text of an @file gives these words. */
static void words_from_files(void **state)
{
    static const struct {
        const char *text, *words;
    } cases[] = {
        {"", ""},
        {" \n\t ", ""},
        {"a b\nc\td", "|a|b|c|d"},
        {"'a b' \"c d\"", "|a b|c d"},
        {"a'b c'd\"e f\"", "|ab cde f"},
        {"'a\"b' \"c'd\"", "|a\"b|c'd"},
        {"a\\ b \\\"c \\'d \\\\e", "|a b|\"c|'d|\\e"},
        {"\"a\\\"b\" 'a\\'b'", "|a\"b|a'b"},
        {"'' \"\"", "||"},
        {"'never closed ", "|never closed "},
        {"-oout.o -o out", "|-o|out.o|-o|out"},
        {"@/nowhere/words", "|@/nowhere/words"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char path[32], line[64], words[256], expected[256];
        int fd = memory_file(cases[i].text, strlen(cases[i].text), path);
        struct as_arguments arguments;

        snprintf(line, sizeof(line), "as @%s end", path);
        snprintf(expected, sizeof(expected), "as%s|end", cases[i].words);
        parse_line(&arguments, line);
        join(&arguments, 0, words, sizeof(words));
        assert_string_equal(words, expected);
        as_arguments_free(&arguments);
        close(fd);
    }
}

static void files_in_files(void **state)
{
    char inner_path[32], outer_path[32], self_path[32], text[128], line[128], words[256],
        inputs[256];
    struct as_arguments arguments;
    int inner, outer, self;

    (void)state;
    inner = memory_file("--32 'in ner.s'", 15, inner_path);
    snprintf(text, sizeof(text), "-o x.o @%s last.s", inner_path);
    outer = memory_file(text, strlen(text), outer_path);
    snprintf(line, sizeof(line), "as first.s @%s", outer_path);
    parse_line(&arguments, line);
    join(&arguments, 0, words, sizeof(words));
    join(&arguments, 1, inputs, sizeof(inputs));
    assert_string_equal(words, "as|first.s|-o|x.o|--32|in ner.s|last.s");
    assert_string_equal(inputs, "first.s|in ner.s|last.s");
    assert_string_equal(as_arguments_output(&arguments), "x.o");
    assert_int_equal(arguments.bits, 32);
    as_arguments_free(&arguments);
    close(outer);
    close(inner);

    /* One that names itself ends, and leaves its name for gas to complain about. */
    self = memory_file("", 0, self_path);
    snprintf(text, sizeof(text), "a.s @%s", self_path);
    assert_int_equal(write(self, text, strlen(text)), (ssize_t)strlen(text));
    snprintf(line, sizeof(line), "as @%s", self_path);
    parse_line(&arguments, line);
    assert_in_range(arguments.input_count, 2, 64);
    assert_string_equal(arguments.words[1], "a.s");
    assert_int_equal(arguments.words[arguments.word_count - 1][0], '@');
    as_arguments_free(&arguments);
    close(self);
}

/* A file longer than one read. */
static void long_file(void **state)
{
    enum { WORDS = 40000 };
    char *text = malloc((size_t)WORDS * 4 + 1), path[32], line[64];
    struct as_arguments arguments;
    int fd;

    (void)state;
    for (int i = 0; i < WORDS; i++)
        snprintf(text + (size_t)i * 4, 5, "a.s ");
    fd = memory_file(text, (size_t)WORDS * 4, path);
    snprintf(line, sizeof(line), "as @%s", path);
    parse_line(&arguments, line);
    assert_int_equal(arguments.input_count, WORDS);
    as_arguments_free(&arguments);
    close(fd);
    free(text);
}

static void no_words(void **state)
{
    struct as_arguments arguments;
    char *none[] = {NULL};

    (void)state;
    as_arguments_parse(&arguments, 0, none);
    assert_int_equal(arguments.word_count, 0);
    assert_string_equal(as_arguments_output(&arguments), "a.out");
    as_arguments_free(&arguments);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(command_lines),  cmocka_unit_test(words_from_files),
        cmocka_unit_test(files_in_files), cmocka_unit_test(long_file),
        cmocka_unit_test(no_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
