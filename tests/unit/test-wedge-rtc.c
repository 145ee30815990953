/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The MC146818: against the C library's calendar, a simulation second by second, and what kernels
 * do to read and set it. */
#include "helpers.h"

#include <time.h>

#include "wedge/devices.h"

#define SECOND 1000000000ULL

static uint64_t now;

static uint8_t in(uint8_t index)
{
    rtc_write(0x70, index, now);
    return rtc_read(0x71, now);
}

static void out(uint8_t index, uint8_t value)
{
    rtc_write(0x70, index, now);
    rtc_write(0x71, value, now);
}

static unsigned from_bcd(uint8_t byte)
{
    assert_in_range(byte & 15, 0, 9);
    assert_in_range(byte >> 4, 0, 9);
    return (byte >> 4) * 10U + (byte & 15);
}

static uint8_t to_bcd(unsigned number)
{
    return (uint8_t)(number / 10 << 4 | number % 10);
}

/* In the form that register B says, with the hour and its half of the day apart. */
static unsigned number(uint8_t byte)
{
    return in(0x0b) & 0x04 ? byte : from_bcd(byte);
}

static uint8_t form(unsigned value)
{
    return in(0x0b) & 0x04 ? (uint8_t)value : to_bcd(value);
}

static unsigned hour(uint8_t byte)
{
    if (in(0x0b) & 0x02)
        return number(byte);
    assert_in_range(number(byte & 0x7f), 1, 12);
    return number(byte & 0x7f) % 12 + (byte & 0x80 ? 12 : 0);
}

static uint8_t hour_form(unsigned value)
{
    if (in(0x0b) & 0x02)
        return form(value);
    return form(value % 12 ? value % 12 : 12) | (value < 12 ? 0 : 0x80);
}

static void assert_time(time_t seconds)
{
    struct tm tm;

    gmtime_r(&seconds, &tm);
    assert_int_equal(number(in(0x00)), tm.tm_sec);
    assert_int_equal(number(in(0x02)), tm.tm_min);
    assert_int_equal(hour(in(0x04)), tm.tm_hour);
    assert_int_equal(number(in(0x06)), tm.tm_wday + 1);
    assert_int_equal(number(in(0x07)), tm.tm_mday);
    assert_int_equal(number(in(0x08)), tm.tm_mon + 1);
    assert_int_equal(number(in(0x32)) * 100 + number(in(0x09)), tm.tm_year + 1900);
}

static void set_time(time_t seconds)
{
    struct tm tm;

    gmtime_r(&seconds, &tm);
    out(0x00, form((unsigned)tm.tm_sec));
    out(0x02, form((unsigned)tm.tm_min));
    out(0x04, hour_form((unsigned)tm.tm_hour));
    out(0x06, form((unsigned)tm.tm_wday + 1));
    out(0x07, form((unsigned)tm.tm_mday));
    out(0x08, form((unsigned)tm.tm_mon + 1));
    out(0x09, form((unsigned)tm.tm_year % 100));
    out(0x32, form((unsigned)tm.tm_year / 100 + 19));
}

/* How many interrupts of line 8 there are. The controllers end them by themselves. */
static unsigned interrupts(void)
{
    unsigned taken = 0;

    for (; pic_pending(); taken++)
        assert_int_equal(pic_acknowledge(), 0x38);
    return taken;
}

static void set_up(uint64_t seconds, uint64_t at)
{
    now = at;
    pic_reset();
    for (unsigned chip = 0; chip < 2; chip++) {
        uint16_t port = chip ? 0xa0 : 0x20;

        pic_write(port, 0x11);
        pic_write(port + 1, chip ? 0x38 : 0x30);
        pic_write(port + 1, chip ? 2 : 4);
        pic_write(port + 1, 0x03);
    }
    rtc_reset(seconds, now);
}

static void memory(void **state)
{
    (void)state;
    set_up(0, 0);
    assert_int_equal(in(0x0d), 0x80);
    assert_int_equal(in(0x0a), 0x26);
    assert_int_equal(in(0x0b), 0x02);
    assert_true(rtc_deadline() == UINT64_MAX);
    for (unsigned i = 0x0e; i < 0x80; i++) {
        if (i == 0x32)
            continue;
        assert_int_equal(in((uint8_t)i), 0);
        out((uint8_t)i, (uint8_t)(i * 7));
    }
    for (unsigned i = 0x0e; i < 0x80; i++)
        if (i != 0x32)
            assert_int_equal(in((uint8_t)(i | 0x80)), (uint8_t)(i * 7)); /* bit 7 is the NMI's */
    assert_int_equal(rtc_read(0x70, now), 0xff);
    out(0x0a, 0xff); /* UIP, C and D are not for writing */
    assert_int_equal(in(0x0a), 0x7f);
    out(0x0c, 0xff);
    assert_int_equal(in(0x0c), 0);
    out(0x0d, 0);
    assert_int_equal(in(0x0d), 0x80);
}

static void calendar(void **state)
{
    (void)state;
    srandom(146818);
    for (unsigned round = 0; round < 4000; round++) {
        time_t seconds = random() * 2 % 7000000000; /* into 2106 */

        set_up((uint64_t)seconds, (uint64_t)random());
        /* In each form, set by the guest as soon as the form is not the first one. */
        if (round % 4) {
            out(0x0b, (uint8_t)((round % 4 & 2 ? 0x04 : 0) | (round % 4 & 1 ? 0x00 : 0x02)));
            set_time(seconds);
        }
        for (unsigned i = 0; i < 8; i++) {
            uint64_t more = (uint64_t)random() % (1ULL << (1 + 4 * i));

            assert_time(seconds);
            seconds += (time_t)more;
            now += more * SECOND;
        }
    }
    /* The ends of centuries, and no 29 February in 2100. */
    for (unsigned i = 0; i < 8; i++) {
        static const time_t ends[] = {946684799,  951782399,   951868799,  4102444799,
                                      4107542399, 13569465599, 1709251199, 68169599};

        set_up((uint64_t)ends[i], 0);
        assert_time(ends[i]);
        now += SECOND;
        assert_time(ends[i] + 1);
    }
}

/* Registers that hold no time make some time, and nothing worse. */
static void nonsense(void **state)
{
    (void)state;
    srandom(1);
    for (unsigned round = 0; round < 20000; round++) {
        set_up(1000, 0);
        out(0x0b, random() & 0x06);
        for (unsigned i = 0; i < 10; i++)
            out((uint8_t)i, random() % 4 ? (uint8_t)random() : 0);
        out(0x32, random() % 4 ? (uint8_t)random() : 0);
        now += (uint64_t)random() % (1ULL << random() % 60);
        in(0);
        now += 86400 * SECOND;
        assert_in_range(number(in(0x00)), 0, 59);
        assert_in_range(number(in(0x02)), 0, 59);
        assert_in_range(hour(in(0x04)), 0, 23);
        assert_in_range(number(in(0x06)), 1, 7);
        assert_in_range(number(in(0x07)), 1, 31);
        assert_in_range(number(in(0x08)), 1, 12);
        assert_in_range(number(in(0x09)), 0, 99);
        assert_in_range(number(in(0x32)), 0, 99);
    }
}

static void weekday_is_a_counter(void **state)
{
    (void)state;
    set_up(0, 0);
    out(0x06, 7); /* it was a Thursday: 5 */
    now += 86400 * SECOND;
    assert_int_equal(in(0x06), 1);
    now += 86400 * SECOND * 12;
    assert_int_equal(in(0x06), 6);
}

static void update_in_progress(void **state)
{
    unsigned on = 0;

    (void)state;
    set_up(100, 7777);
    for (unsigned i = 0; i < 10000; i++, now += 100000)
        on += in(0x0a) >> 7;
    assert_in_range(on, 22, 23); /* 2228 microseconds of each second */
    now = 7777 + 5 * SECOND - 1;
    assert_int_equal(in(0x0a), 0xa6);
    assert_int_equal(in(0x00), to_bcd(104 % 60));
    now++;
    assert_int_equal(in(0x0a), 0x26);
    assert_int_equal(in(0x00), to_bcd(105 % 60));
    /* Between the end of UIP and its next start the time does not change: what readers rely on. */
    now += SECOND - 2228000 - 1;
    assert_int_equal(in(0x0a), 0x26);
    assert_int_equal(in(0x00), to_bcd(105 % 60));
    now++;
    assert_int_equal(in(0x0a), 0xa6);
    out(0x0b, 0x82);
    assert_int_equal(in(0x0a), 0x26);
}

/* Linux, mc146818_set_time: stops updates and the divider, writes, and starts them again. The next
 * second begins half a second later. */
static void setting(void **state)
{
    uint8_t control, select;

    (void)state;
    set_up(1000000, 123);
    now += 20 * SECOND + SECOND / 3;
    control = in(0x0b);
    out(0x0b, control | 0x80);
    select = in(0x0a);
    out(0x0a, select | 0x70);
    now += 10 * SECOND;
    set_time(1700000000);
    now += 10 * SECOND;
    assert_time(1700000000);
    out(0x0b, control);
    now += 10 * SECOND;
    assert_time(1700000000);
    assert_int_equal(in(0x0a), 0x76);
    out(0x0a, select);
    now += SECOND / 2 - 1;
    assert_int_equal(in(0x0a), 0xa6);
    assert_time(1700000000);
    now++;
    assert_int_equal(in(0x0a), 0x26);
    assert_time(1700000001);
    now += SECOND - 1;
    assert_time(1700000001);
    now++;
    assert_time(1700000002);
    /* SET alone: the time stands and then goes on at the divider's next second. */
    now += SECOND / 4;
    out(0x0b, 0x92);
    assert_int_equal(in(0x0b), 0x82); /* SET clears UIE */
    now += 10 * SECOND;
    assert_time(1700000002);
    out(0x0b, 0x02);
    now += SECOND / 2;
    assert_time(1700000002);
    now += SECOND / 4;
    assert_time(1700000003);
    /* The same right after the machine's start: the divider began before it. */
    set_up(0, 0);
    out(0x0a, 0x76);
    out(0x0a, 0x26);
    out(0x0b, 0x12);
    assert_true(rtc_deadline() == SECOND / 2);
}

static void update_interrupt(void **state)
{
    (void)state;
    set_up(0, 1000);
    now += 10 * SECOND;
    assert_int_equal(in(0x0c) & 0xb0, 0x10); /* the flag is set without the enable */
    now += SECOND;
    out(0x0b, 0x12); /* an old flag asks as soon as it may */
    assert_int_equal(interrupts(), 1);
    assert_int_equal(interrupts(), 0);
    assert_true(rtc_deadline() == UINT64_MAX); /* until it was read */
    assert_int_equal(in(0x0c) & 0xbf, 0x90);
    for (unsigned i = 12; i < 1000; i++) {
        assert_true(rtc_deadline() == 1000 + i * SECOND);
        rtc_run(rtc_deadline() - 1);
        assert_int_equal(interrupts(), 0);
        now = rtc_deadline();
        rtc_run(now);
        assert_int_equal(interrupts(), 1);
        assert_int_equal(in(0x0c) & 0xbf, 0x90);
        assert_int_equal(in(0x0c), 0);
    }
    /* Late by many: one. */
    now += 100 * SECOND;
    rtc_run(now);
    assert_int_equal(interrupts(), 1);
    in(0x0c);
    /* The line falls with the read, too. */
    now += SECOND;
    rtc_run(now);
    in(0x0c);
    assert_int_equal(interrupts(), 0);
    /* SET stops it. */
    out(0x0b, 0x92);
    assert_true(rtc_deadline() == UINT64_MAX);
    now += 5 * SECOND;
    assert_int_equal(in(0x0c) & 0x30, 0);
}

static void periodic_interrupt(void **state)
{
    (void)state;
    for (unsigned rate = 1; rate < 16; rate++) {
        /* Data sheet, the table of periodic rates: in Hz for a 32768 Hz crystal. */
        static const unsigned hertz[] = {0,   256, 128, 8192, 4096, 2048, 1024, 512,
                                         256, 128, 64,  32,   16,   8,    4,    2};
        unsigned taken = 0;

        set_up(0, 54321);
        out(0x0a, (uint8_t)(0x20 | rate));
        out(0x0b, 0x42);
        while (rtc_deadline() <= 54321 + 7 * SECOND) {
            uint64_t expected =
                54321 + (uint64_t)(((unsigned __int128)(taken + 1) * SECOND + hertz[rate] - 1) /
                                   hertz[rate]);

            if (rtc_deadline() != expected)
                fail_msg("rate %u, number %u", rate, taken);
            rtc_run(rtc_deadline() - 1);
            assert_int_equal(interrupts(), 0);
            now = rtc_deadline();
            rtc_run(now);
            assert_int_equal(interrupts(), 1);
            assert_int_equal(in(0x0c) & 0xc0, 0xc0);
            taken++;
        }
        assert_int_equal(taken, 7 * hertz[rate]);
    }
    out(0x0a, 0x20);
    assert_true(rtc_deadline() == UINT64_MAX);
    now += SECOND;
    assert_int_equal(in(0x0c) & 0x40, 0);
    /* It goes on while the time is set, and not while the divider stands. */
    out(0x0a, 0x2f);
    out(0x0b, 0xc2);
    now += SECOND;
    assert_int_equal(in(0x0c), 0xc0);
    out(0x0a, 0x6f);
    assert_true(rtc_deadline() == UINT64_MAX);
    now += SECOND;
    assert_int_equal(in(0x0c), 0);
    /* The divider begins anew, half a second on; a change of the rate does not touch it. */
    out(0x0a, 0x2f);
    assert_true(rtc_deadline() == now + SECOND / 2);
    now += SECOND / 2 - 1;
    assert_int_equal(in(0x0c), 0);
    now++;
    assert_int_equal(in(0x0c), 0xc0);
    now += SECOND / 4;
    out(0x0a, 0x2e);
    assert_true(rtc_deadline() == now + SECOND / 4);
    now += SECOND / 8;
    out(0x0b, 0x12);
    out(0x0a, 0x26);
    assert_true(rtc_deadline() == now + SECOND / 2 + SECOND / 8);
}

/* Whether an alarm's three bytes mean this second of a day; a negative field means any. */
static bool means(const int alarm[3], unsigned second)
{
    return (alarm[0] < 0 || alarm[0] == (int)(second / 3600)) &&
           (alarm[1] < 0 || alarm[1] == (int)(second / 60 % 60)) &&
           (alarm[2] < 0 || alarm[2] == (int)(second % 60));
}

static void alarm_interrupt(void **state)
{
    (void)state;
    srandom(2);
    for (unsigned round = 0; round < 3000; round++) {
        uint64_t seconds = (uint64_t)random() % 100000000, base, passed = 0;
        int alarm[3] = {(int)(random() % 24), (int)(random() % 60), (int)(random() % 60)};
        unsigned distance = 1;

        set_up(seconds, (uint64_t)random());
        base = now;
        out(0x0b, (uint8_t)(random() & 0x06));
        set_time((time_t)seconds);
        for (unsigned i = 0; i < 3; i++) {
            if (random() % 2)
                alarm[i] = -1;
        }
        out(0x05, alarm[0] < 0 ? 0xc0 | (random() & 0x3f) : hour_form((unsigned)alarm[0]));
        out(0x03, alarm[1] < 0 ? 0xff : form((unsigned)alarm[1]));
        out(0x01, alarm[2] < 0 ? 0xc0 : form((unsigned)alarm[2]));
        out(0x0b, in(0x0b) | 0x20);
        for (unsigned i = 0; i < 3; i++) {
            while (!means(alarm, (unsigned)((seconds + passed + distance) % 86400)))
                distance++;
            passed += distance;
            distance = 1;
            assert_true(rtc_deadline() == base + passed * SECOND);
            now = rtc_deadline() - 1;
            rtc_run(now);
            assert_int_equal(interrupts(), 0);
            assert_int_equal(in(0x0c) & 0xa0, 0);
            now++;
            rtc_run(now);
            assert_int_equal(interrupts(), 1);
            assert_int_equal(in(0x0c) & 0xbf, 0xb0);
        }
        /* Found in a long absence, too, and only if it was in it. */
        while (!means(alarm, (unsigned)((seconds + passed + distance) % 86400)))
            distance++;
        now = base + (passed + distance) * SECOND - round % 2;
        assert_int_equal((in(0x0c) & 0x20) != 0, round % 2 == 0);
        assert_int_equal(interrupts(), 0);
    }
    /* A time that never comes. */
    set_up(0, 0);
    out(0x05, 0x30);
    out(0x0b, 0x22);
    assert_true(rtc_deadline() == UINT64_MAX);
    now += 1000000 * SECOND;
    assert_int_equal(in(0x0c) & 0x20, 0);
    /* Two enabled: the sooner one. */
    out(0x0b, 0x32);
    in(0x0c);
    assert_true(rtc_deadline() == now + SECOND);
    out(0x0b, 0x72);
    assert_in_range(rtc_deadline(), now + 900000, now + 1000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory),
        cmocka_unit_test(calendar),
        cmocka_unit_test(nonsense),
        cmocka_unit_test(weekday_is_a_counter),
        cmocka_unit_test(update_in_progress),
        cmocka_unit_test(setting),
        cmocka_unit_test(update_interrupt),
        cmocka_unit_test(periodic_interrupt),
        cmocka_unit_test(alarm_interrupt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
