/* SPDX-License-Identifier: BSD-2-Clause */
/* The Motorola MC146818 real time clock with 128 bytes of memory, as a PC has it: 32768 Hz crystal,
 * the century in byte 0x32, interrupt line 8. Source: MC146818 data sheet; the divider's
 * single running position and the half second after its reset: Dallas DS12887 data sheet.
 *
 * The time is what the registers hold, in whatever form register B says; seconds that passed are
 * added to them when somebody looks. Both the seconds and the periodic interrupt count from the
 * moment when the divider chain started, so nothing drifts.
 */
#include "wedge/devices.h"

#define INDEX_PORT 0x70
#define DATA_PORT  0x71
#define SIZE       128

#define SECOND     1000000000U
#define CRYSTAL_HZ 32768U
#define DAY        86400U
#define NEVER      UINT64_MAX

enum {
    SECONDS,
    SECONDS_ALARM,
    MINUTES,
    MINUTES_ALARM,
    HOURS,
    HOURS_ALARM,
    WEEKDAY, /* Sunday is 1 */
    MONTHDAY,
    MONTH,
    YEAR,
    REGISTER_A,
    REGISTER_B,
    REGISTER_C,
    REGISTER_D,
    CENTURY = 0x32,
};

#define A_UPDATE       0x80
#define A_DIVIDER      0x70
#define A_DIVIDER_RUNS 0x20 /* for this crystal; in its other positions the chain stands */
#define A_RATE         0x0f
#define B_SET          0x80
#define B_UPDATE       0x10
#define B_BINARY       0x04
#define B_24_HOURS     0x02
#define C_REQUEST      0x80
#define C_PERIODIC     0x40 /* the enables in register B are at the same places */
#define C_ALARM        0x20
#define C_UPDATE       0x10
#define C_SOURCES      0x70
#define D_VALID        0x80

#define AFTERNOON 0x80 /* in an hour of 12 */
#define ANY       0xc0 /* in an alarm */

/* "Update cycle": UIP is on for 244 microseconds before it and the 1984 that it takes. */
#define UPDATE_TIME (244000U + 1984000U)

static uint8_t memory[SIZE];
static uint8_t selected;

static uint64_t start;   /* of the divider chain */
static uint64_t seconds; /* since then, that are in the registers */
static uint64_t cycles;  /* of the crystal since then, that periodic interrupts were made of */

static bool is_running(void)
{
    return (memory[REGISTER_A] & A_DIVIDER) == A_DIVIDER_RUNS;
}

static bool is_set(void)
{
    return memory[REGISTER_B] & B_SET;
}

/* Cycles of the crystal from one periodic interrupt to the next, 0 for none. Table "periodic
 * interrupt rate": the two lowest settings repeat 256 and 128 Hz. */
static unsigned period(void)
{
    unsigned rate = memory[REGISTER_A] & A_RATE;

    if (!rate)
        return 0;
    return rate < 3 ? 64U << rate : 1U << (rate - 1);
}

static uint64_t cycles_of(uint64_t time)
{
    return time / SECOND * CRYSTAL_HZ + time % SECOND * CRYSTAL_HZ / SECOND;
}

static uint64_t time_of_cycle(uint64_t cycle)
{
    return cycle / CRYSTAL_HZ * SECOND +
           (cycle % CRYSTAL_HZ * SECOND + CRYSTAL_HZ - 1) / CRYSTAL_HZ;
}

static unsigned decode(uint8_t byte)
{
    return memory[REGISTER_B] & B_BINARY ? byte : (byte >> 4) * 10U + (byte & 15);
}

static uint8_t encode(unsigned number)
{
    return (uint8_t)(memory[REGISTER_B] & B_BINARY ? number : number / 10 << 4 | number % 10);
}

static unsigned decode_hour(uint8_t byte)
{
    if (memory[REGISTER_B] & B_24_HOURS)
        return decode(byte);
    return decode(byte & (uint8_t)~AFTERNOON) % 12 + (byte & AFTERNOON ? 12 : 0);
}

static uint8_t encode_hour(unsigned hour)
{
    if (memory[REGISTER_B] & B_24_HOURS)
        return encode(hour);
    return encode(hour % 12 ? hour % 12 : 12) | (hour < 12 ? 0 : AFTERNOON);
}

/* Days since 1 March of year 0 in the Gregorian calendar; a year that begins in March has its odd
 * day at the end (Richards, "Mapping Time", 1998; the months' lengths are 30.6 days rounded). */
static uint64_t days_of_date(uint64_t year, unsigned month, unsigned day)
{
    if (month < 3) {
        year--;
        month += 12;
    }
    return year * 365 + year / 4 - year / 100 + year / 400 + (153 * (month - 3) + 2) / 5 + day - 1;
}

static void date_of_days(uint64_t days, uint64_t *year, unsigned *month, unsigned *day)
{
    uint64_t era = days / 146097, rest = days % 146097; /* 400 years */
    uint64_t in_era = (rest - rest / 1460 + rest / 36524 - rest / 146096) / 365;
    unsigned in_year = (unsigned)(rest - (365 * in_era + in_era / 4 - in_era / 100));
    unsigned from_march = (5 * in_year + 2) / 153;

    *day = in_year - (153 * from_march + 2) / 5 + 1;
    *month = from_march < 10 ? from_march + 3 : from_march - 9;
    *year = era * 400 + in_era + (*month < 3);
}

/* The registers' years are counted 400 later in all of this, a whole cycle of the calendar: so the
 * January of year 0 is not before the first day. */
#define EXTRA_YEARS 400

static void put_date(uint64_t days)
{
    uint64_t year;
    unsigned month, day;

    date_of_days(days, &year, &month, &day);
    year -= EXTRA_YEARS;
    memory[MONTHDAY] = encode(day);
    memory[MONTH] = encode(month);
    memory[YEAR] = encode((unsigned)(year % 100));
    memory[CENTURY] = encode((unsigned)(year / 100 % 100));
}

static void put_time(unsigned second_of_day)
{
    memory[SECONDS] = encode(second_of_day % 60);
    memory[MINUTES] = encode(second_of_day / 60 % 60);
    memory[HOURS] = encode_hour(second_of_day / 3600);
}

/* The registers may hold anything; what is no time gives some time. */
static unsigned second_of_day(void)
{
    return decode_hour(memory[HOURS]) * 3600 + decode(memory[MINUTES]) * 60 +
           decode(memory[SECONDS]);
}

static void add_seconds(uint64_t more)
{
    uint64_t sum = second_of_day() + more, days = sum / DAY;
    unsigned month;

    put_time((unsigned)(sum % DAY));
    if (!days)
        return;
    /* The weekday is a counter of its own, which need not fit the date. */
    memory[WEEKDAY] = encode((unsigned)((decode(memory[WEEKDAY]) + 6 + days) % 7 + 1));
    month = decode(memory[MONTH]);
    if (month < 1 || month > 12)
        month = 1;
    put_date(days + days_of_date(decode(memory[CENTURY]) * 100 + decode(memory[YEAR]) + EXTRA_YEARS,
                                 month, decode(memory[MONTHDAY])));
}

static bool alarm_matches(uint8_t alarm, uint8_t time)
{
    return alarm == time || (alarm & ANY) == ANY;
}

/* Seconds from what the registers hold until the alarm, up to a day; 0 for never. */
static unsigned alarm_distance(void)
{
    unsigned now = second_of_day() % DAY, second = now + 1;

    while (second <= now + DAY) {
        unsigned time = second % DAY;

        if (!alarm_matches(memory[HOURS_ALARM], encode_hour(time / 3600)))
            second += 3600 - time % 3600;
        else if (!alarm_matches(memory[MINUTES_ALARM], encode(time / 60 % 60)))
            second += 60 - time % 60;
        else if (!alarm_matches(memory[SECONDS_ALARM], encode(time % 60)))
            second++;
        else
            return second - now;
    }
    return 0;
}

static void drive_line(void)
{
    bool request = memory[REGISTER_C] & memory[REGISTER_B] & C_SOURCES;

    memory[REGISTER_C] &= C_SOURCES;
    if (request)
        memory[REGISTER_C] |= C_REQUEST;
    pic_set_line(PIC_LINE_CLOCK, request);
}

static void advance(uint64_t now)
{
    uint64_t elapsed = now - start, new_seconds = elapsed / SECOND, new_cycles = cycles_of(elapsed);
    unsigned alarm;

    if (!is_running())
        return;
    if (period() && new_cycles / period() > cycles / period())
        memory[REGISTER_C] |= C_PERIODIC;
    cycles = new_cycles;
    if (new_seconds <= seconds)
        return;
    if (!is_set()) {
        alarm = alarm_distance();
        if (alarm && alarm <= new_seconds - seconds)
            memory[REGISTER_C] |= C_ALARM;
        memory[REGISTER_C] |= C_UPDATE;
        add_seconds(new_seconds - seconds);
    }
    seconds = new_seconds;
}

static void write_register_a(uint8_t value, uint64_t now)
{
    bool was_running = is_running();

    memory[REGISTER_A] = value & (uint8_t)~A_UPDATE;
    if (is_running() && !was_running) {
        start = now - SECOND / 2; /* the first update is half a second later */
        seconds = 0;
        cycles = CRYSTAL_HZ / 2;
    }
}

static void write_register_b(uint8_t value)
{
    if (value & B_SET)
        value &= (uint8_t)~B_UPDATE; /* "SET": a one clears UIE */
    memory[REGISTER_B] = value;
}

void rtc_reset(uint64_t seconds_since_1970, uint64_t now)
{
    uint64_t days = seconds_since_1970 / DAY;

    for (unsigned i = 0; i < SIZE; i++)
        memory[i] = 0;
    selected = 0;
    start = now;
    seconds = cycles = 0;
    memory[REGISTER_A] = A_DIVIDER_RUNS | 6; /* as PC firmware leaves it: 1024 Hz, 24 hours, BCD */
    memory[REGISTER_B] = B_24_HOURS;
    memory[REGISTER_D] = D_VALID;
    put_time((unsigned)(seconds_since_1970 % DAY));
    memory[WEEKDAY] = encode((unsigned)((days + 4) % 7 + 1)); /* 1 January 1970 was a Thursday */
    put_date(days + days_of_date(1970 + EXTRA_YEARS, 1, 1));
    drive_line();
}

uint8_t rtc_read(uint16_t port, uint64_t now)
{
    uint8_t value;

    if (port != DATA_PORT)
        return 0xff; /* the index cannot be read */
    rtc_run(now);
    value = memory[selected];
    if (selected == REGISTER_A && is_running() && !is_set() &&
        (now - start) % SECOND >= SECOND - UPDATE_TIME)
        value |= A_UPDATE;
    if (selected == REGISTER_C) {
        memory[REGISTER_C] = 0;
        drive_line();
    }
    return value;
}

void rtc_write(uint16_t port, uint8_t value, uint64_t now)
{
    if (port == INDEX_PORT) {
        selected = value % SIZE; /* bit 7 masks the NMI, and nothing here makes one */
        return;
    }
    rtc_run(now);
    switch (selected) {
    case REGISTER_A:
        write_register_a(value, now);
        break;
    case REGISTER_B:
        write_register_b(value);
        break;
    case REGISTER_C:
    case REGISTER_D:
        break;
    default:
        memory[selected] = value;
        break;
    }
    drive_line();
}

void rtc_run(uint64_t now)
{
    advance(now);
    drive_line();
}

uint64_t rtc_deadline(void)
{
    uint8_t enabled = memory[REGISTER_B];
    uint64_t next = NEVER, time;
    unsigned distance = 0;

    /* A request that is on already stays so until register C is read. */
    if (!is_running() || memory[REGISTER_C] & C_REQUEST)
        return NEVER;
    if (enabled & C_PERIODIC && period())
        next = start + time_of_cycle((cycles / period() + 1) * period());
    if (is_set())
        return next;
    if (enabled & C_UPDATE)
        distance = 1;
    else if (enabled & C_ALARM)
        distance = alarm_distance();
    time = start + (seconds + distance) * SECOND;
    return distance && time < next ? time : next;
}
