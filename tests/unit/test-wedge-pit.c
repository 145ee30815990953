/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The 8254: its data sheet's modes, and how kernels calibrate with it. */
#include "pit-ports.h"

static void reset_is_silent(void **state)
{
    (void)state;
    set_up(1);
    out(0x61, 0x0f);
    set_up(12345);
    assert_true(pit_deadline() == UINT64_MAX);
    assert_int_equal(in(0x61) & 0x0f, 0);
    assert_int_equal(in(0x61) & 0x2f, 0);
    now += 3600 * SECOND;
    pit_run(now);
    assert_int_equal(ticks(), 0);
    assert_int_equal(in(0x43), 0xff);
}

static void terminal_count(void **state)
{
    uint64_t start;

    (void)state;
    set_up(0);
    start = pulses_until(now);
    program(0, 0, 1000);
    assert_int_equal(status(0), 0x70); /* OUT low, null count */
    assert_true(pit_deadline() == time_of(start + 1001));
    wait_pulses(1);
    assert_int_equal(status(0), 0x30);
    assert_int_equal(latched(0), 1000);
    wait_pulses(999);
    assert_int_equal(latched(0), 1);
    pit_run(now);
    assert_int_equal(ticks(), 0);
    now = time_of(start + 1001) - 1;
    pit_run(now);
    assert_int_equal(ticks(), 0);
    now++;
    pit_run(now);
    assert_int_equal(ticks(), 1);
    assert_int_equal(status(0), 0xb0);
    assert_int_equal(latched(0), 0);
    assert_true(pit_deadline() == UINT64_MAX);
    wait_pulses(1);
    assert_int_equal(latched(0), 0xffff); /* it goes on, once round and no second interrupt */
    wait_pulses(0x20000 + 5);
    assert_int_equal(latched(0), 0xfffa);
    assert_int_equal(ticks(), 0);
    /* The first byte of a new count stops it and lowers OUT; the second starts it. */
    out(0x40, 0x05);
    assert_int_equal(status(0), 0x30);
    wait_pulses(10);
    assert_int_equal(latched(0), 0xfffa);
    assert_true(pit_deadline() == UINT64_MAX);
    out(0x40, 0x00);
    wait_pulses(6);
    pit_run(now);
    assert_int_equal(ticks(), 1);
    assert_int_equal(ticks(), 0);
    /* A request that nobody took goes with OUT. */
    out(0x40, 0x05);
    out(0x40, 0x00);
    wait_pulses(6);
    pit_run(now);
    assert_true(pic_pending());
    out(0x40, 0x05);
    assert_int_equal(ticks(), 0);
}

static void rate(void **state)
{
    uint64_t start;

    (void)state;
    set_up(777);
    start = pulses_until(now);
    program(0, 2, 5);
    ticks(); /* OUT rose with the control word */
    assert_int_equal(status(0), 0xf4);
    for (unsigned i = 1; i < 100; i++) {
        static const uint8_t counts[] = {5, 4, 3, 2, 1};

        go_to_pulse(start + i);
        pit_run(now);
        assert_true(pit_deadline() == time_of(start + 1 + (i + 4) / 5 * 5));
        assert_int_equal(ticks(), i > 1 && i % 5 == 1);
        assert_int_equal(latched(0), counts[(i - 1) % 5]);
        assert_int_equal(status(0), i % 5 ? 0xb4 : 0x34);
    }
    /* A new count takes over at the end of the cycle. */
    set_up(0);
    start = pulses_until(now);
    program(0, 2, 100);
    ticks();
    go_to_pulse(start + 51);
    assert_int_equal(latched(0), 50);
    out(0x40, 20);
    out(0x40, 0);
    assert_int_equal(status(0), 0xf4);
    assert_int_equal(latched(0), 50);
    assert_true(pit_deadline() == time_of(start + 101));
    go_to_pulse(start + 101);
    assert_int_equal(latched(0), 20);
    assert_int_equal(status(0), 0xb4);
    assert_true(pit_deadline() == time_of(start + 121));
}

static void square_wave(void **state)
{
    static const struct {
        uint8_t count, length;
        uint8_t counts[7], high;
    } cases[] = {
        {4, 4, {4, 2, 4, 2}, 2}, {5, 5, {4, 2, 0, 4, 2}, 3},       {2, 2, {2, 2}, 1},
        {3, 3, {2, 0, 2}, 2},    {7, 7, {6, 4, 2, 0, 6, 4, 2}, 4},
    };

    (void)state;
    for (unsigned n = 0; n < COUNT(cases); n++) {
        uint64_t start;

        set_up(999999999999);
        start = pulses_until(now);
        program(0, 3, cases[n].count);
        ticks();
        for (unsigned i = 0; i < 50; i++) {
            unsigned place = i % cases[n].length;

            go_to_pulse(start + 1 + i);
            pit_run(now);
            assert_int_equal(ticks(), i && !place);
            assert_int_equal(latched(0), cases[n].counts[place]);
            assert_int_equal(status(0), place < cases[n].high ? 0xb6 : 0x36);
            assert_true(pit_deadline() == time_of(start + 1 + i - place + cases[n].length));
        }
    }
}

static void strobes(void **state)
{
    uint64_t start;

    (void)state;
    set_up(5);
    program(0, 4, 10);
    ticks();
    start = pulses_until(now);
    assert_int_equal(status(0), 0xf8);
    assert_true(pit_deadline() == time_of(start + 12));
    go_to_pulse(start + 10);
    assert_int_equal(status(0), 0xb8);
    assert_int_equal(latched(0), 1);
    go_to_pulse(start + 11);
    assert_int_equal(status(0), 0x38);
    assert_true(pit_deadline() == time_of(start + 12));
    go_to_pulse(start + 12);
    assert_int_equal(status(0), 0xb8);
    assert_int_equal(ticks(), 1);
    assert_true(pit_deadline() == UINT64_MAX);
    /* A one-shot clock event device starts each like this, long before the last one's end or long
     * after it. */
    for (unsigned i = 0; i < 100; i++) {
        out(0x40, (uint8_t)(100 + i));
        out(0x40, 0);
        start = pulses_until(now);
        if (i % 3 == 0) {
            wait_pulses(50);
            pit_run(now);
            assert_int_equal(ticks(), 0);
            continue;
        }
        assert_true(pit_deadline() == time_of(start + 102 + i));
        now = pit_deadline() + (i % 3 == 1 ? 0 : 100000000);
        pit_run(now);
        assert_int_equal(ticks(), 1);
        assert_true(pit_deadline() == UINT64_MAX);
    }
}

static void gate(void **state)
{
    (void)state;
    set_up(0);
    /* Hardware-triggered modes start with the gate. */
    program(2, 1, 10);
    wait_pulses(100);
    assert_int_equal(status(2), 0xf2);
    assert_int_equal(in(0x61) & 0x21, 0x20);
    out(0x61, 1);
    assert_int_equal(in(0x61) & 0x21, 0x21);
    wait_pulses(1);
    assert_int_equal(in(0x61) & 0x21, 0x01);
    assert_int_equal(latched(2), 10);
    wait_pulses(5);
    out(0x61, 0); /* does not stop it */
    wait_pulses(4);
    assert_int_equal(in(0x61) & 0x21, 0x00);
    assert_int_equal(latched(2), 1);
    wait_pulses(1);
    assert_int_equal(in(0x61) & 0x21, 0x20);
    out(0x61, 1);
    wait_pulses(8);
    out(0x61, 0);
    out(0x61, 1); /* again, before the end */
    wait_pulses(10);
    assert_int_equal(in(0x61) & 0x20, 0);
    wait_pulses(1);
    assert_int_equal(in(0x61) & 0x20, 0x20);

    program(2, 5, 3);
    out(0x61, 0);
    wait_pulses(50);
    out(0x61, 1);
    wait_pulses(3);
    assert_int_equal(in(0x61) & 0x20, 0x20);
    wait_pulses(1);
    assert_int_equal(in(0x61) & 0x20, 0);
    wait_pulses(1);
    assert_int_equal(in(0x61) & 0x20, 0x20);

    /* Mode 0 waits without the gate and goes on with it. */
    out(0x61, 0);
    program(2, 0, 10);
    wait_pulses(20);
    assert_int_equal(latched(2), 10);
    out(0x61, 3);
    wait_pulses(4);
    out(0x61, 2);
    wait_pulses(20);
    assert_int_equal(latched(2), 6);
    assert_int_equal(in(0x61) & 0x23, 0x02);
    out(0x61, 1);
    wait_pulses(6);
    assert_int_equal(in(0x61) & 0x23, 0x21);

    /* The periodic ones start again; without the gate OUT is high. */
    for (unsigned mode = 2; mode < 4; mode++) {
        program(2, mode, 6);
        wait_pulses(6);
        assert_int_equal(in(0x61) & 0x20, 0);
        out(0x61, 0);
        assert_int_equal(in(0x61) & 0x20, 0x20);
        wait_pulses(30);
        assert_int_equal(in(0x61) & 0x20, 0x20);
        out(0x61, 1);
        wait_pulses(1);
        assert_int_equal(latched(2), 6);
        wait_pulses(mode == 2 ? 5 : 3);
        assert_int_equal(in(0x61) & 0x20, 0);
    }
}

static void byte_access(void **state)
{
    (void)state;
    set_up(0);
    out(0x61, 1);
    out(0x43, 0x94); /* low byte only, mode 2 */
    out(0x42, 0x80);
    wait_pulses(0x21);
    assert_int_equal(in(0x42), 0x60);
    assert_int_equal(in(0x42), 0x60);
    out(0x43, 0xa4); /* high byte only */
    out(0x42, 0x80);
    wait_pulses(0x101);
    assert_int_equal(in(0x42), 0x7f);
    assert_int_equal(in(0x42), 0x7f);
    /* BCD. */
    out(0x43, 0xb5);
    out(0x42, 0x00);
    out(0x42, 0x10);
    wait_pulses(1);
    assert_int_equal(latched(2), 0x1000);
    wait_pulses(1);
    assert_int_equal(latched(2), 0x0999);
    wait_pulses(866);
    assert_int_equal(latched(2), 0x0133);
    wait_pulses(1000);
    assert_int_equal(latched(2), 0x0133);
    out(0x43, 0xb1);
    out(0x42, 0);
    out(0x42, 0);
    wait_pulses(1);
    assert_int_equal(latched(2), 0);
    wait_pulses(1);
    assert_int_equal(latched(2), 0x9999);
    wait_pulses(9998);
    assert_int_equal(in(0x61) & 0x20, 0);
    wait_pulses(1);
    assert_int_equal(in(0x61) & 0x20, 0x20);
    wait_pulses(2);
    assert_int_equal(latched(2), 0x9998);
    /* 0 is 65536. */
    program(0, 2, 0);
    wait_pulses(2);
    assert_int_equal(latched(0), 0xffff);
    wait_pulses(0xfffe);
    assert_int_equal(latched(0), 1);
    wait_pulses(1);
    assert_int_equal(latched(0), 0);
    /* A latched count stands until it is read, a second latch does nothing. */
    out(0x43, 0x00);
    wait_pulses(100);
    out(0x43, 0x00);
    assert_int_equal(in(0x40), 0);
    wait_pulses(0x300);
    assert_int_equal(in(0x40), 0);
    assert_int_equal(in_both(0x40), 0x10000 - 100 - 0x300);
    /* Or until the counter is programmed. */
    out(0x43, 0x00);
    program(0, 2, 0x1234);
    wait_pulses(1);
    assert_int_equal(in_both(0x40), 0x1234);
    /* Read-back of several, status before count. */
    program(2, 3, 0x2000);
    wait_pulses(0x11);
    out(0x43, 0xca);
    wait_pulses(0x100);
    assert_int_equal(in(0x42), 0xb6);
    assert_int_equal(in_both(0x42), 0x2000 - 2 * 0x10);
    assert_int_equal(in_both(0x42), 0x2000 - 2 * 0x110);
    assert_int_equal(in(0x40), 0xb4);
    assert_int_equal(in_both(0x40), 0x1234 - 0x11);
    assert_int_equal(in_both(0x40), 0x1234 - 0x111);
    /* Mode bits are shown as they were written: 7 is mode 3, and stays 7. */
    out(0x43, 0xbe);
    out(0x42, 4);
    out(0x42, 0);
    assert_int_equal(status(2), 0xfe);
    wait_pulses(3);
    assert_int_equal(status(2), 0x3e);
    /* A count of 1 is not allowed in mode 2: no storm of interrupts. */
    program(0, 2, 1);
    wait_pulses(1000);
    ticks();
    assert_in_range(pit_deadline(), now + 50000000, now + 60000000);
}

/* Linux, pit_calibrate_tsc: counter 2 in mode 0, and the end is seen in port 0x61. */
static void calibrate_by_out(void **state)
{
    unsigned loops = 0;
    uint64_t start;

    (void)state;
    set_up(1234567891);
    out(0x61, (uint8_t)((in(0x61) & ~0x02) | 0x01));
    out(0x43, 0xb0);
    out(0x42, 11932 & 0xff);
    out(0x42, 11932 >> 8);
    start = now;
    while (!(in(0x61) & 0x20)) {
        loops++;
        now += 1000;
    }
    assert_in_range(loops, 10000, 10002);
    assert_in_range(now - start, 10000000, 10003000);
}

/* Linux, quick_pit_calibrate: the high byte steps each 256 pulses. */
static void calibrate_by_count(void **state)
{
    unsigned reads;

    (void)state;
    set_up(42);
    out(0x61, (uint8_t)((in(0x61) & ~0x02) | 0x01));
    out(0x43, 0xb0);
    out(0x42, 0xff);
    out(0x42, 0xff);
    wait_pulses(2);
    for (unsigned byte = 0xff; byte > 0xc0; byte--) {
        for (reads = 0; in(0x42), in(0x42) == byte; reads++)
            now += 1000;
        assert_in_range(reads, 210, 216);
        in(0x42);
        assert_int_equal(in(0x42), byte - 1);
    }
}

static void missed_ticks(void **state)
{
    uint64_t start;

    (void)state;
    for (unsigned mode = 2; mode < 4; mode++) {
        set_up(0);
        program(0, mode, 1193);
        ticks();
        start = pulses_until(now);
        for (unsigned i = 1; i <= 1000; i++) {
            /* Late, and by chance in the low half, too. */
            go_to_pulse(start + 1 + 1193 * (10 * i) + i);
            pit_run(now);
            assert_int_equal(ticks(), 1);
            pit_run(now);
            assert_int_equal(ticks(), 0);
            assert_int_equal(pit_missed(), 9 * i);
            assert_true(pit_deadline() == time_of(start + 1 + 1193 * (10 * i + 1)));
        }
        go_to_pulse(start + 1 + 1193 * 10002);
        pit_run(now);
        assert_int_equal(ticks(), 1);
        assert_int_equal(pit_missed(), 9001);
        /* Interrupts off for less than a period, but longer than OUT is high. */
        pit_run(pit_deadline());
        now = pit_deadline() - 1;
        pit_run(now);
        assert_int_equal(ticks(), 1);
    }
}

/* Each deadline, for hours; and the state after a month. */
static void no_drift(void **state)
{
    uint64_t start, pulse;

    (void)state;
    set_up(3);
    program(0, 2, 11932);
    ticks();
    start = pulses_until(now) + 1;
    for (uint64_t i = 1; i < 2000000; i++) {
        now = pit_deadline();
        if (now != time_of(start + i * 11932))
            fail_msg("tick %lu at %lu", (unsigned long)i, (unsigned long)now);
        pit_run(now);
        if (ticks() != 1)
            fail_msg("tick %lu", (unsigned long)i);
    }
    for (unsigned days = 30; days < 40000; days *= 2) {
        now = days * 86400 * SECOND + 987654321;
        pulse = pulses_until(now);
        assert_int_equal(latched(0), 11932 - (pulse - start) % 11932);
        assert_true(pit_deadline() == time_of(pulse + 11932 - (pulse - start) % 11932));
    }
}

static void refresh_toggles(void **state)
{
    unsigned changes = 0;
    uint8_t last;

    (void)state;
    set_up(0);
    last = in(0x61) & 0x10;
    for (unsigned i = 0; i < 100000; i++) {
        now += 1000;
        changes += (in(0x61) & 0x10) != last;
        last = in(0x61) & 0x10;
    }
    assert_in_range(changes, 6620, 6635); /* 15.1 microseconds each */
    out(0x61, 0xff);
    assert_int_equal(in(0x61) & 0xcf, 0x0f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reset_is_silent),
        cmocka_unit_test(terminal_count),
        cmocka_unit_test(rate),
        cmocka_unit_test(square_wave),
        cmocka_unit_test(strobes),
        cmocka_unit_test(gate),
        cmocka_unit_test(byte_access),
        cmocka_unit_test(calibrate_by_out),
        cmocka_unit_test(calibrate_by_count),
        cmocka_unit_test(missed_ticks),
        cmocka_unit_test(no_drift),
        cmocka_unit_test(refresh_toggles),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
