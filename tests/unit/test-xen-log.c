/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Xen's log, as Xen 4.17.7 wrote it (tests/run/xen.sh makes it do so), and what no test can make it
 * write. */
#include "helpers.h"

#include "run/xen-log.h"

#define START "(XEN) Xen version 4.17.7\r\n(XEN) Freed 656kB init memory\r\n"
#define DUMP(instruction)                                                                          \
    "(XEN) d0v0 Unhandled: vec 14, #PF[0002]\r\n"                                                  \
    "(XEN) Domain 0 (vcpu#0) crashed on cpu#0:\r\n"                                                \
    "(XEN) ----[ Xen-4.17.7  x86_64  debug=n  Not tainted ]----\r\n"                               \
    "(XEN) RIP:    e033:[<" instruction ">]\r\n"
#define CRASHED "(XEN) Hardware Dom0 crashed: rebooting machine in 5 seconds.\r\n"
#define PANIC                                                                                      \
    "(XEN) ****************************************\r\n"                                           \
    "(XEN) Panic on CPU 0:\r\n"

struct expected {
    const char *text;
    enum xen_log_end end;
    bool complete;
};

static void check_all(const struct expected *cases, size_t count, bool first_is_ours)
{
    for (size_t i = 0; i < count; i++) {
        struct xen_log whole = {.first_is_ours = first_is_ours}, pieces = whole;
        size_t length = strlen(cases[i].text);
        int patience;

        xen_log_start(&whole);
        xen_log_start(&pieces);
        patience = xen_log_receive(&whole, cases[i].text, length);
        for (size_t at = 0; at < length; at++)
            xen_log_receive(&pieces, cases[i].text + at, 1);
        if (first_is_ours) {
            /* Only its words end the run: what else is known is looked at behind. */
            if (whole.complete)
                assert_int_equal(patience, 0);
            xen_log_finish(&whole);
            xen_log_finish(&pieces);
        }
        if (whole.end != cases[i].end || whole.complete != cases[i].complete)
            fail_msg("case %zu gives %d, %d: %s", i, whole.end, whole.complete, cases[i].text);
        assert_int_equal(pieces.end, whole.end);
        assert_int_equal(pieces.complete, whole.complete);
        if (whole.end == XEN_LOG_END_NONE)
            assert_int_equal(patience, -1);
        else if (whole.complete)
            assert_int_equal(patience, 0);
        else
            assert_in_range(patience, 1, 5000);
        xen_log_free(&whole);
        xen_log_free(&pieces);
    }
}

static void ends(void **state)
{
    static const struct expected cases[] = {
        {"", XEN_LOG_END_NONE, false},
        {START, XEN_LOG_END_NONE, false},
        {START "(XEN) Hardware Dom0 halted: halting machine\r\n", XEN_LOG_END_POWER_OFF, true},
        {START "(XEN) Hardware Dom0 shutdown: rebooting machine\r\n", XEN_LOG_END_RESET, true},
        {START "(XEN) Hardware Dom0 shutdown: watchdog rebooting machine\r\n", XEN_LOG_END_RESET,
         true},
        {START "(XEN) Hardware domain 0 did unsupported soft reset, rebooting.\r\n",
         XEN_LOG_END_RESET, true},
        {START CRASHED, XEN_LOG_END_GUEST_CRASHED, true},
        /* A line that Xen has not ended yet says nothing. */
        {START "(XEN) Hardware Dom0 crashed: ", XEN_LOG_END_NONE, false},
        {START DUMP("ffffffff81000000"), XEN_LOG_END_GUEST_CRASHED, false},
        {START DUMP("ffffffff81000000") CRASHED, XEN_LOG_END_GUEST_CRASHED, true},
        /* Another domain's crash is not the run's end. */
        {START "(XEN) Domain 1 (vcpu#0) crashed on cpu#0:\r\n", XEN_LOG_END_NONE, false},
        /* The wedge's window and its alias, and their edges. */
        {START DUMP("ffffffff7f800000"), XEN_LOG_END_WEDGE_STOPPED, false},
        {START DUMP("ffffffff7fffffff"), XEN_LOG_END_WEDGE_STOPPED, false},
        {START DUMP("ffffffff7f7fffff"), XEN_LOG_END_GUEST_CRASHED, false},
        {START DUMP("ffffffff80000000"), XEN_LOG_END_GUEST_CRASHED, false},
        {START DUMP("ffffffffff800000"), XEN_LOG_END_WEDGE_STOPPED, false},
        {START DUMP("ffffffffff7fffff"), XEN_LOG_END_GUEST_CRASHED, false},
        /* The wedge's own words. */
        {START "wedge: stopped: guest\r\n", XEN_LOG_END_GUEST_CRASHED, false},
        {START "wedge: stopped: guest tables\r\n", XEN_LOG_END_WEDGE_STOPPED, false},
        {START "wedge: stopped\r\n" CRASHED, XEN_LOG_END_WEDGE_STOPPED, true},
        {START "wedge: stopped: guest\r\n" DUMP("ffffffff7f800000"), XEN_LOG_END_GUEST_CRASHED,
         false},
        {START "wedge: not stopped\r\n", XEN_LOG_END_NONE, false},
        {START "a guest's line: wedge: stopped\r\n", XEN_LOG_END_NONE, false},
        /* Xen's end, which overrides. */
        {START PANIC "(XEN) FATAL TRAP: vec 2, NMI[0000]\r\n", XEN_LOG_END_XEN_CRASHED, false},
        {START PANIC "(XEN) FATAL PAGE FAULT\r\n(XEN) Reboot in five seconds...\r\n",
         XEN_LOG_END_XEN_CRASHED, true},
        {START PANIC "(XEN) x\r\n(XEN) Manual reset required ('noreboot' specified)\r\n",
         XEN_LOG_END_XEN_CRASHED, true},
        {START "(XEN) Xen BUG at mm.c:1234\r\n", XEN_LOG_END_XEN_CRASHED, false},
        {START "(XEN) Assertion 'page' failed at arch/x86/mm.c:1234\r\n", XEN_LOG_END_XEN_CRASHED,
         false},
        {START "(XEN) *** DOUBLE FAULT ***\r\n", XEN_LOG_END_XEN_CRASHED, false},
        {START DUMP("ffffffff81000000") PANIC, XEN_LOG_END_XEN_CRASHED, false},
        {START "(XEN) Xen WARN at mm.c:1234\r\n(XEN) ----[ Xen-4.17.7  x86_64 ]----\r\n",
         XEN_LOG_END_NONE, false},
        {START "(XEN) [2024-01-01 00:00:00] Panic on CPU 1:\r\n", XEN_LOG_END_XEN_CRASHED, false},
        {START "wedge: half a line(XEN) Panic on CPU 1:\r\n", XEN_LOG_END_XEN_CRASHED, false},
        /* No domain. */
        {PANIC "(XEN) Could not construct domain 0\r\n", XEN_LOG_END_NOT_BUILT, false},
        {PANIC "(XEN) Domain 0 allocation is too small for kernel image\r\n", XEN_LOG_END_NOT_BUILT,
         false},
    };

    (void)state;
    check_all(cases, COUNT(cases), false);
}

/* Where the first domain is ours and the guest another. */
static void ends_of_another_domain(void **state)
{
    static const struct expected cases[] = {
        {START "(XEN) Domain 1 (vcpu#0) crashed on cpu#0:\r\n", XEN_LOG_END_NONE, false},
        {START "(XEN) Domain 1 (vcpu#0) crashed on cpu#0:\r\ndom0: crashed, reason 3\r\n",
         XEN_LOG_END_GUEST_CRASHED, true},
        {START "wedge: stopped: x\r\n", XEN_LOG_END_NONE, false},
        {START "wedge: stopped: x\r\n(XEN) Hardware Dom0 halted: halting machine\r\n",
         XEN_LOG_END_POWER_OFF, true},
        {START "dom0: crashed, reason 3\r\nwedge: stopped: x\r\n", XEN_LOG_END_WEDGE_STOPPED, true},
        {START "(XEN) Domain 1 (vcpu#0) crashed on cpu#0:\r\n"
               "(XEN) RIP:    e033:[<ffffffff7f800000>]\r\ndom0: crashed, reason 3\r\n",
         XEN_LOG_END_WEDGE_STOPPED, true},
        {START DUMP("ffffffff81000000"), XEN_LOG_END_FIRST_CRASHED, false},
        {START CRASHED, XEN_LOG_END_FIRST_CRASHED, true},
        {START "(XEN) Hardware Dom0 halted: halting machine\r\n", XEN_LOG_END_POWER_OFF, true},
        {START "wedge: stopped: guest: x\r\ndom0: crashed, reason 3\r\n", XEN_LOG_END_GUEST_CRASHED,
         true},
        {START "wedge: stopped: x\r\ndom0: crashed, reason 3\r\n", XEN_LOG_END_WEDGE_STOPPED, true},
        {START "dom0: crashed, reason 4\r\n", XEN_LOG_END_GUEST_CRASHED, true},
        {START "dom0: not built: x\r\n", XEN_LOG_END_NOT_BUILT, true},
        {START "dom0: the console is open\r\n", XEN_LOG_END_NONE, false},
        {START "(XEN) d1v0 dom0: crashed\r\n", XEN_LOG_END_NONE, false},
    };
    struct xen_log log = {.first_is_ours = true};

    (void)state;
    check_all(cases, COUNT(cases), true);
    xen_log_start(&log);
    xen_log_receive(&log, "dom0: the console is op", 23);
    assert_false(log.console_open);
    xen_log_receive(&log, "en\n", 3);
    assert_true(log.console_open);
    xen_log_free(&log);
}

static void bounded(void **state)
{
    struct xen_log log = {0};
    char line[64];

    (void)state;
    xen_log_start(&log);
    for (int i = 0; i < 1000; i++) {
        snprintf(line, sizeof(line), "(XEN) line %d\r\n", i);
        xen_log_receive(&log, line, strlen(line));
    }
    assert_int_equal(log.count, 1000);
    assert_string_equal(xen_log_line(&log, 0), "(XEN) line 0");
    assert_string_equal(xen_log_text(&log, 0), "line 0");
    assert_string_equal(xen_log_text(&log, XEN_LOG_FIRST - 1), "line 99");
    assert_null(xen_log_line(&log, XEN_LOG_FIRST));
    assert_null(xen_log_line(&log, 1000 - XEN_LOG_LAST - 1));
    assert_string_equal(xen_log_text(&log, 1000 - XEN_LOG_LAST), "line 800");
    assert_string_equal(xen_log_text(&log, 999), "line 999");
    assert_null(xen_log_line(&log, 1000));
    assert_null(xen_log_line(&log, SIZE_MAX));
    xen_log_free(&log);
}

static void odd_bytes(void **state)
{
    struct xen_log log = {0};
    char *longest = malloc(3000);

    (void)state;
    xen_log_start(&log);
    xen_log_receive(&log, "\033[2Ja\tb\0c\n", 10);
    assert_string_equal(xen_log_line(&log, 0), "?[2Ja\tb?c");
    /* No line is too long: it is cut into several. */
    memset(longest, 'x', 3000);
    xen_log_receive(&log, longest, 3000);
    assert_int_equal(log.count, 3);
    assert_int_equal(strlen(xen_log_line(&log, 1)), XEN_LOG_LINE_LARGEST);
    xen_log_finish(&log);
    assert_int_equal(log.count, 4);
    assert_int_equal(strlen(xen_log_line(&log, 3)), 3000 - 2 * XEN_LOG_LINE_LARGEST);
    xen_log_finish(&log);
    assert_int_equal(log.count, 4);
    xen_log_free(&log);
    free(longest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends),
        cmocka_unit_test(ends_of_another_domain),
        cmocka_unit_test(bounded),
        cmocka_unit_test(odd_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
