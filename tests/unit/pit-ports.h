/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Driving the wedge's 8254 as programs do, at a time of the test's choice. */
#ifndef PIT_PORTS_H
#define PIT_PORTS_H

#include "helpers.h"

#include "wedge/devices.h"

#define SECOND 1000000000ULL

/* The other way round than in the device: with 128 bits, and no split into seconds. */
static inline uint64_t pulses_until(uint64_t now)
{
    return (uint64_t)((unsigned __int128)now * PIT_HZ / SECOND);
}

static inline uint64_t time_of(uint64_t pulse)
{
    return (uint64_t)(((unsigned __int128)pulse * SECOND + PIT_HZ - 1) / PIT_HZ);
}

static uint64_t now;

static inline void go_to_pulse(uint64_t pulse)
{
    assert_true(time_of(pulse) >= now);
    now = time_of(pulse);
}

static inline void wait_pulses(uint64_t pulses)
{
    go_to_pulse(pulses_until(now) + pulses);
}

static inline void out(uint16_t port, uint8_t value)
{
    pit_write(port, value, now);
}

static inline uint8_t in(uint16_t port)
{
    return pit_read(port, now);
}

static inline uint16_t in_both(uint16_t port)
{
    uint16_t low = in(port);

    return (uint16_t)(low | in(port) << 8);
}

static inline uint16_t latched(unsigned counter)
{
    out(0x43, (uint8_t)(counter << 6));
    return in_both((uint16_t)(0x40 + counter));
}

static inline uint8_t status(unsigned counter)
{
    out(0x43, (uint8_t)(0xe0 | 2 << counter));
    return in((uint16_t)(0x40 + counter));
}

static inline void program(unsigned counter, unsigned mode, uint16_t count)
{
    out(0x43, (uint8_t)(counter << 6 | 0x30 | mode << 1));
    out((uint16_t)(0x40 + counter), (uint8_t)count);
    out((uint16_t)(0x40 + counter), (uint8_t)(count >> 8));
}

/* How many interrupts there are: 0 or 1. The controller ends them by itself. */
static inline unsigned ticks(void)
{
    unsigned taken = 0;

    for (; pic_pending(); taken++)
        assert_int_equal(pic_acknowledge(), 0x30);
    return taken;
}

static inline void set_up(uint64_t at)
{
    now = at;
    pic_reset();
    pic_write(0x20, 0x13);
    pic_write(0x21, 0x30);
    pic_write(0x21, 0x03);
    pit_reset(now);
    go_to_pulse(pulses_until(now) + 1);
}

#endif
