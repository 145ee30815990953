/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the tests of the prefilter share: a text, and what becomes of it. */
#ifndef AFTERBURNER_TESTS_UNIT_PREFILTER_CHECK_H
#define AFTERBURNER_TESTS_UNIT_PREFILTER_CHECK_H

#include "as/policy.h"
#include "as/prefilter.h"
#include "helpers.h"

#define SITE           ".Lab_site {nooptimize} "
#define BEFORE         ".Lab_site_before {nooptimize} "
#define PREFIXED_1(p)  "Lab.prefixed \"{nooptimize} " p ";\",{nooptimize} "
#define PREFIXED(p, q) PREFIXED_1(p ";{nooptimize} " q)

/* What follows the section and the code size. */
#define LEAVE        ".Lab_leave;"
#define ENTER(place) ";.Lab_enter " #place
#define CODE(bits)   ";.Lab_code " #bits
#define HIDDEN       ";.Lab_hidden"

enum flags {
    PRELUDE = 1,
    DYNAMIC = 2,
    COMPILED = 4,
    FROM_FILE = 8, /* the source's name came from .file */
    CLOSED = 16,   /* .Lab_end must follow */
    ENDS = 32,     /* it has .end */
};

struct expected {
    const char *in, *out; /* out: NULL when the text stays as it is */
    int flags;
    const char *source;
};

struct mode {
    int bits, intel, alternate;
    const char *policy;
};

static const struct mode plain = {.bits = 64};

static inline struct policy *policy_of(const char *text)
{
    char path[32];
    struct policy *policy;
    int fd;

    if (!text)
        return policy_default();
    fd = memory_file(text, strlen(text), path);
    policy = policy_read(path);
    close(fd);
    assert_non_null(policy);
    return policy;
}

static inline size_t lines(const char *text, size_t size)
{
    size_t count = 0;

    for (size_t i = 0; i < size; i++)
        count += text[i] == '\n';
    return count;
}

/* `size` is the input's, which may have a NUL in it. */
static inline void check_text(const struct mode *mode, const struct expected *expected, size_t size)
{
    char *text = exact_copy(expected->in, size);
    struct policy *policy = policy_of(mode->policy);
    struct prefilter_options options = {
        .bits = mode->bits, .intel = mode->intel, .alternate = mode->alternate, .policy = policy};
    struct prefilter_result result;
    const char *out = expected->out ? expected->out : expected->in;
    int flags;

    prefilter(text, size, &options, &result);
    if (!expected->out && result.text)
        fail_msg("'%s' was changed to '%.*s'", expected->in, (int)result.size, result.text);
    if (expected->out && !result.text && strcmp(out, expected->in) != 0)
        fail_msg("'%s' was not changed, expected '%s'", expected->in, out);
    if (result.text && (result.size != strlen(out) || memcmp(result.text, out, result.size) != 0))
        fail_msg("'%s' became\n'%.*s', expected\n'%s'", expected->in, (int)result.size, result.text,
                 out);
    if (result.text)
        assert_int_equal(lines(result.text, result.size), lines(text, size));
    flags = (result.needs_prelude ? PRELUDE : 0) | (result.needs_dynamic ? DYNAMIC : 0) |
            (result.compiled ? COMPILED : 0) | (result.source_is_base ? FROM_FILE : 0) |
            (result.needs_end ? CLOSED : 0) | (result.ends ? ENDS : 0);
    if (flags != expected->flags)
        fail_msg("'%s': flags %d, expected %d", expected->in, flags, expected->flags);
    assert_string_equal(result.source, expected->source ? expected->source : "");
    free(result.text);
    free(text);
    policy_free(policy);
}

static inline void check_one(const struct mode *mode, const struct expected *expected)
{
    check_text(mode, expected, strlen(expected->in));
}

#define CHECK(mode, cases)                                                                         \
    for (size_t i = 0; i < COUNT(cases); i++)                                                      \
    check_one(mode, &(cases)[i])

#endif
