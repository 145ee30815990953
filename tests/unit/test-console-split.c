/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "helpers.h"

#include "run/console-split.h"

/* In one piece and byte by byte: what the user sees, and the log's lines with "|" between. */
static void check(const char *text, const char *user, const char *lines)
{
    const size_t pieces[] = {1, strlen(text) + 1};

    for (size_t k = 0; k < COUNT(pieces); k++) {
        size_t piece = pieces[k];
        struct xen_log log = {0};
        struct console_split split = {.log = &log};
        struct queue queue = {0};
        char *all = strdup("");

        xen_log_start(&log);
        for (size_t at = 0; at < strlen(text); at += piece)
            console_split_receive(&split, text + at,
                                  strlen(text + at) < piece ? strlen(text + at) : piece, &queue);
        console_split_finish(&split, &queue);
        xen_log_finish(&log);
        queue_add(&queue, "", 1);
        assert_string_equal(queue.bytes + queue.start, user);
        for (size_t i = 0; i < log.count; i++) {
            char *longer;

            assert_true(asprintf(&longer, "%s%s|", all, xen_log_line(&log, i)) > 0);
            free(all);
            all = longer;
        }
        assert_string_equal(all, lines);
        free(all);
        queue_free(&queue);
        xen_log_free(&log);
    }
}

static void splits(void **state)
{
    (void)state;
    check("", "", "");
    check("a\r\nb\r\n", "a\r\nb\r\n", "");
    check("wedge: on Xen\r\nhello\r\n", "hello\r\n", "wedge: on Xen|");
    check("hello\r\nwedge: x\r\nwedge: y\r\n~ # ", "hello\r\n~ # ", "wedge: x|wedge: y|");
    /* Not at a line's start, and what only begins like it. */
    check("the wedge: x\n", "the wedge: x\n", "");
    check(" wedge: x\n", " wedge: x\n", "");
    check("wedges\nwed\nw\nwedge:x\n", "wedges\nwed\nw\nwedge:x\n", "");
    check("wwedge: x\n", "wwedge: x\n", "");
    /* A carriage return leaves it the line's start; the end of all releases what was held. */
    check("\rwedge: x\r\n", "\r", "wedge: x|");
    check("a\nwedge", "a\nwedge", "");
    check("wedge: half", "", "wedge: half|");
}

/* A prompt is shown though its line has no end; so is a letter that the prefix does not begin with.
 */
static void at_once(void **state)
{
    struct xen_log log = {0};
    struct console_split split = {.log = &log};
    struct queue queue = {0};

    (void)state;
    xen_log_start(&log);
    console_split_receive(&split, "# w", 3, &queue);
    assert_int_equal(queue_length(&queue), 3);
    queue_free(&queue);
    xen_log_free(&log);
}

/* Lines of the two ways do not run into each other. */
static void apart(void **state)
{
    struct xen_log log = {.first_is_ours = true};
    struct console_split split = {.log = &log};
    struct queue queue = {0};

    (void)state;
    xen_log_start(&log);
    console_split_receive(&split, "wedge: stopped: not eno", 23, &queue);
    xen_log_receive(&log, "(XEN) d1v0 some", 15);
    console_split_receive(&split, "ugh\r\n", 5, &queue);
    xen_log_receive(&log, "thing\n", 6);
    assert_string_equal(xen_log_line(&log, 0), "wedge: stopped: not enough");
    assert_string_equal(xen_log_line(&log, 1), "(XEN) d1v0 something");
    xen_log_receive(&log, "dom0: crashed, reason 3\n", 24);
    xen_log_finish(&log);
    assert_int_equal(log.end, XEN_LOG_END_WEDGE_STOPPED);
    /* No line is too long. */
    console_split_receive(&split, "wedge: ", 7, &queue);
    for (int i = 0; i < 2 * XEN_LOG_LINE_LARGEST; i++)
        console_split_receive(&split, "\033", 1, &queue);
    console_split_receive(&split, "\n", 1, &queue);
    assert_int_equal(strlen(xen_log_line(&log, 3)), XEN_LOG_LINE_LARGEST);
    assert_string_equal(xen_log_line(&log, 3) + XEN_LOG_LINE_LARGEST - 3, "???");
    assert_int_equal(queue_length(&queue), 0);
    queue_free(&queue);
    xen_log_free(&log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(splits),
        cmocka_unit_test(at_once),
        cmocka_unit_test(apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
