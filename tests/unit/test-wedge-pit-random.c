/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Random operations on the 8254 against a simulation that goes pulse by pulse. */
#include "pit-ports.h"
#include "pit-simulation.h"

static uint8_t random_bcd(void)
{
    return (uint8_t)(random() % 10 << 4 | random() % 10);
}

/* Both counters that can be seen, one with interrupts and one with a gate. */
static void random_operations(void **state)
{
    static struct pit_simulation simulations[3];
    unsigned rises = 0, outs = 0;

    (void)state;
    srandom(8254);
    for (unsigned round = 0; round < 300; round++) {
        bool high_bytes = round % 4 == 0; /* long counts, and long waits for them */
        bool any_rise = false;

        memset(simulations, 0, sizeof(simulations));
        set_up((uint64_t)random() * random() % (1ULL << (20 + random() % 36)));
        for (unsigned i = 0; i < 3; i++) {
            simulations[i].gate = i != 2;
            pit_simulate_control(&simulations[i], 0x30);
        }
        for (unsigned step = 0; step < 300; step++) {
            unsigned number = random() % 2 * 2;
            struct pit_simulation *s = &simulations[number];
            uint64_t pulse = pulses_until(now), later;
            uint8_t value, expected;

            switch (random() % 8) {
            case 0:
                if (random() % 4)
                    break;
                value = (uint8_t)(random() % 16 | (1 + random() % 3) << 4);
                if (!high_bytes && (value & 0x30) == 0x20)
                    value |= 0x30;
                out(0x43, (uint8_t)(number << 6 | value));
                pit_simulate_control(s, value);
                ticks(); /* OUT's rise by the control word is an edge, too */
                any_rise = false;
                break;
            case 1:
            case 2:
                value = s->bcd ? random_bcd() : (uint8_t)random();
                if (s->access == 3 && s->second_write && !high_bytes)
                    value = 0;
                else if (random() % 2)
                    value &= 0x07;
                out((uint16_t)(0x40 + number), value);
                pit_simulate_write(s, value);
                break;
            case 3:
                value = random() & 3;
                out(0x61, value);
                pit_simulate_gate(&simulations[2], value & 1);
                break;
            default:
                if (high_bytes)
                    now += random() % (random() % 8 ? 200000 : 90000000);
                else
                    now += random() % (random() % 8 ? 5000 : 500000);
                break;
            }
            for (later = pulses_until(now); pulse < later; pulse++) {
                any_rise |= pit_simulate_pulse(&simulations[0]);
                pit_simulate_pulse(&simulations[2]);
            }
            pit_run(now);
            /* An edge that was not taken yet is lost when a one-shot mode lowers OUT. */
            if (simulations[0].mode == 2 || simulations[0].mode == 3 || simulations[0].out)
                assert_int_equal(ticks(), any_rise);
            else
                ticks();
            rises += any_rise;
            any_rise = false;
            for (unsigned i = 0; i < 3; i += 2) {
                s = &simulations[i];
                expected =
                    (uint8_t)((s->out ? 0x80 : 0) | (s->null ? 0x40 : 0) | (s->control & 0x3f));
                assert_int_equal(status(i), expected);
                out(0x43, (uint8_t)(0xd0 | 2 << i));
                if (s->access & 1)
                    assert_int_equal(in((uint16_t)(0x40 + i)), pit_simulated_read(s) & 0xff);
                if (s->access & 2)
                    assert_int_equal(in((uint16_t)(0x40 + i)), pit_simulated_read(s) >> 8);
            }
            assert_int_equal(in(0x61) >> 5 & 1, simulations[2].out);
            outs += simulations[2].out;
            /* The next edge. */
            if (step % 16 == 0) {
                struct pit_simulation copy = simulations[0];
                unsigned more = 1;

                while (more < 140000 && !pit_simulate_pulse(&copy))
                    more++;
                if (more == 140000)
                    assert_true(pit_deadline() == UINT64_MAX);
                else
                    assert_true(pit_deadline() == time_of(later + more));
            }
        }
    }
    assert_in_range(rises, 3000, UINT32_MAX);
    assert_in_range(outs, 10000, 80000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_operations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
