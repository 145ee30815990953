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
    assert_int_equal(console_split_receive(&split, "# w", 3, &queue), -1);
    assert_int_equal(queue_length(&queue), 3);
    /* How long to wait is the log's to say. */
    assert_in_range(console_split_receive(&split, "\nwedge: stopped: x\n", 19, &queue), 1, 5000);
    assert_int_equal(log.end, XEN_LOG_END_WEDGE_STOPPED);
    queue_free(&queue);
    xen_log_free(&log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(splits),
        cmocka_unit_test(at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
