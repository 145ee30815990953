/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "helpers.h"

#include "cli/json-text.h"

static void bytes(void **state)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"", ""},
        {"plain .text\\", "plain .text\\"},
        {"n\xc3\xa9w \xe2\x82\xac \xf0\x9f\x98\x80", "n\xc3\xa9w \xe2\x82\xac \xf0\x9f\x98\x80"},
        {"n\xe9w", "n\\xe9w"},
        {"\x80\xbf", "\\x80\\xbf"},
        {"\xc0\x80\xc1\xbf", "\\xc0\\x80\\xc1\\xbf"},             /* overlong */
        {"\xe0\x9f\xbf", "\\xe0\\x9f\\xbf"},                      /* overlong */
        {"\xed\xa0\x80", "\\xed\\xa0\\x80"},                      /* a surrogate */
        {"\xed\x9f\xbf\xee\x80\x80", "\xed\x9f\xbf\xee\x80\x80"}, /* beside them */
        {"\xf0\x8f\xbf\xbf", "\\xf0\\x8f\\xbf\\xbf"},             /* overlong */
        {"\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"},                 /* U+10FFFF */
        {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},             /* one more */
        {"\xf5\xff", "\\xf5\\xff"},
        {"cut \xe2\x82", "cut \\xe2\\x82"},
        {"cut \xf0\x9f\x98", "cut \\xf0\\x9f\\x98"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char *exact = exact_copy(cases[i].text, strlen(cases[i].text) + 1);
        char *text = text_as_utf8(exact);
        json_t *string = json_text(exact);

        assert_string_equal(text, cases[i].expected);
        assert_non_null(string); /* Jansson agrees that it is UTF-8 */
        assert_string_equal(json_string_value(string), cases[i].expected);
        json_decref(string);
        free(text);
        free(exact);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(bytes)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
