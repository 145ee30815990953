/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fuzzes the prefilter. The first byte chooses options (its letter in a seed: @ none, A 32 bits, B
 * .altmacro from the start, D Intel syntax, H a policy with rules; they add up), the rest is the
 * text.
 *
 * Properties, beside what the sanitizers see:
 *  - no line is lost or gained;
 *  - the result is NULL or differs from the input;
 *  - nothing is said twice, and nothing is lost but for comments, blanks and separators;
 *  - its own output goes through it again. */
#include <ctype.h>

#include "as/policy.h"
#include "as/prefilter.h"
#include "fuzz.h"

enum options {
    OPTION_32 = 1,
    OPTION_ALTERNATE = 2,
    OPTION_INTEL = 4,
    OPTION_RULES = 8,
};

static const char rules[] = "section .text off \"user code\"\n"
                            "section .text.* on\n"
                            "section .user** off\n"
                            "code16 on\n";

static struct policy *policy_for(int chosen)
{
    static struct policy *policies[2];
    int with_rules = (chosen & OPTION_RULES) != 0;

    if (!policies[with_rules]) {
        char path[32];
        int fd = memory_file(rules, sizeof(rules) - 1, path);

        policies[with_rules] = with_rules ? policy_read(path) : policy_default();
        close(fd);
    }
    return policies[with_rules];
}

static size_t count_newlines(const char *text, size_t size)
{
    size_t count = 0;

    for (size_t i = 0; i < size; i++)
        count += text[i] == '\n';
    return count;
}

static int has(const char *text, size_t size, const char *word)
{
    size_t length = strlen(word);

    for (size_t i = 0; i + length <= size; i++)
        if (strncasecmp(text + i, word, length) == 0)
            return 1;
    return 0;
}

/* How often each character stands in a text; blanks and separators are not counted. */
static void count_characters(const char *text, size_t size, long counts[256])
{
    for (size_t i = 0; i < size; i++)
        if (!isspace((unsigned char)text[i]) && text[i] != ';')
            counts[(unsigned char)text[i]]++;
}

/* The length of a call of a macro that follows section or code size, at the text's start; else 0.
 */
static size_t follower(const char *text, size_t size)
{
    static const char *const calls[] = {".Lab_leave",     ".Lab_hidden", ".Lab_enter .Lab_place",
                                        ".Lab_enter ",    ".Lab_push ",  ".Lab_pop",
                                        ".Lab_swap",      ".Lab_code ",  ".if .Lab_bits-",
                                        ".Lab_data_row ", ".else",       ".endif"};
    static const char inherited[] = "+((.Lab_place>>2)-((.Lab_place>>3)*2))*4";

    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        size_t length = strlen(calls[i]);

        if (size < length || memcmp(text, calls[i], length) != 0)
            continue;
        while (length < size && isdigit((unsigned char)text[length]))
            length++;
        if (size - length >= sizeof(inherited) - 1 &&
            memcmp(text + length, inherited, sizeof(inherited) - 1) == 0)
            length += sizeof(inherited) - 1;
        return length;
    }
    return 0;
}

/* The length of what stands around the parts of a prefixed instruction, at the text's start; else
 * 0.
 */
static size_t around_prefixed(const char *text, size_t size)
{
    static const char *const parts[] = {"Lab.prefixed_before \"", "Lab.prefixed \"",
                                        "\",{nooptimize} ", "{nooptimize} "};

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (size >= strlen(parts[i]) && memcmp(text, parts[i], strlen(parts[i])) == 0)
            return strlen(parts[i]);
    return 0;
}

/* Takes what the prefilter inserted out of the counts again. Gives 1 when it rewrote a data
 * directive. */
static int take_insertions_out(const char *out, size_t size, long counts[256])
{
    static const char nooptimize[] = " {nooptimize} ";
    long taken[256] = {0};
    int rewrote = 0;

    for (size_t i = 0; i < size; i++) {
        size_t left = size - i, length = 0;

        if (left > 8 && memcmp(out + i, ".purgem ", 8) == 0) {
            while (length < left && out[i + length] != ';')
                length++;
        } else if (left > 10 && memcmp(out + i, ".set .Lab_", 10) == 0) {
            length = 10;
            while (length < left &&
                   (isalpha((unsigned char)out[i + length]) || out[i + length] == ','))
                length++;
            while (length < left && isdigit((unsigned char)out[i + length]))
                length++;
        } else if ((length = follower(out + i, left)) != 0 ||
                   (length = around_prefixed(out + i, left)) != 0) {
        } else if (left > 9 && memcmp(out + i, ".Lab_site", 9) == 0) {
            length = left > 16 && memcmp(out + i, ".Lab_site_before", 16) == 0 ? 16 : 9;
            if (left - length > sizeof(nooptimize) &&
                memcmp(out + i + length, nooptimize, sizeof(nooptimize) - 1) == 0)
                length += sizeof(nooptimize) - 1;
            else
                rewrote = 1;
        } else {
            continue;
        }
        count_characters(out + i, length, taken);
        i += length - 1;
    }
    for (int i = 0; i < 256; i++)
        counts[i] -= taken[i];
    return rewrote;
}

/* Compares how often each character stands in input and output. Prefixes move to their instruction,
 * and comments between prefixes go; of a data directive that was rewritten, only characters that
 * its new form does not have are compared. */
static void check_nothing_lost(const char *in, size_t in_size, const char *out, size_t out_size)
{
    static const char in_data[] = ".byte0123456789abcdefx,BYTEACDFX";
    long before[256] = {0}, after[256] = {0};
    int rewrote, comments = has(in, in_size, "#") || has(in, in_size, "/");

    if (has(in, in_size, ".Lab") || has(in, in_size, "Lab.prefixed") ||
        has(in, in_size, "nooptimize") || has(in, in_size, ".purgem") ||
        has(in, in_size, ".afterburn_") || has(in, in_size, ".else") || has(in, in_size, ".endif"))
        return;
    count_characters(in, in_size, before);
    count_characters(out, out_size, after);
    rewrote = take_insertions_out(out, out_size, after);
    for (int i = 0; i < 256; i++) {
        REQUIRE(after[i] <= before[i] || (rewrote && i && strchr(in_data, i)),
                "nothing is said twice");
        REQUIRE(after[i] >= before[i] || rewrote || comments, "nothing is lost");
    }
}

/* One run over a text, with what must hold; gives the result's text. */
static char *check(const char *text, size_t size, const struct prefilter_options *options,
                   size_t *result_size)
{
    struct prefilter_result result;
    char *copy = exact_copy(text, size);

    prefilter(copy, size, options, &result);
    REQUIRE(memcmp(copy, text, size) == 0, "the input stays as it is");
    REQUIRE(memchr(result.source, '\0', sizeof(result.source)), "the source's name ends");
    if (result.text) {
        REQUIRE(result.size != size || memcmp(result.text, text, size) != 0,
                "a result differs from the input");
        REQUIRE(count_newlines(result.text, result.size) == count_newlines(text, size),
                "the lines stay where they are");
        check_nothing_lost(text, size, result.text, result.size);
    }
    free(copy);
    *result_size = result.size;
    return result.text;
}

static void check_blanking(const char *text, size_t size)
{
    char *copy = exact_copy(text, size), *blanked = prefilter_blank_directives(copy, size);

    if (blanked) {
        REQUIRE(memcmp(blanked, text, size) != 0, "blanking changes something");
        for (size_t i = 0; i < size; i++)
            REQUIRE(blanked[i] == text[i] || blanked[i] == ' ', "blanking leaves blanks");
    }
    free(blanked);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data + 1;
    struct prefilter_options options = {0};
    char *once, *twice;
    size_t once_size, twice_size;

    if (size == 0)
        return 0;
    size--;
    options.bits = data[0] & OPTION_32 ? 32 : 64;
    options.alternate = (data[0] & OPTION_ALTERNATE) != 0;
    options.intel = (data[0] & OPTION_INTEL) != 0;
    options.policy = policy_for(data[0]);
    once = check(text, size, &options, &once_size);
    if (once) {
        twice = check(once, once_size, &options, &twice_size);
        free(twice);
    }
    free(once);
    check_blanking(text, size);
    return 0;
}
