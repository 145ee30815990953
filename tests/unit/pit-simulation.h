/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One counter of an 8254, one pulse after the other: what its data sheet says, written the slow
 * way. */
#ifndef PIT_SIMULATION_H
#define PIT_SIMULATION_H

#include <stdbool.h>
#include <stdint.h>

struct pit_simulation {
    unsigned mode, bcd, access;
    bool gate, out, armed, load, counting, done, null;
    bool second_write;
    uint16_t written;
    uint8_t low;
    uint8_t control;
    long initial, count;
};

/* The count as a program reads it. */
uint16_t pit_simulated_read(const struct pit_simulation *s);

/* A pulse of CLK; true if OUT rises. */
bool pit_simulate_pulse(struct pit_simulation *s);

/* A control word without its counter, a byte of the count, a level of GATE. */
void pit_simulate_control(struct pit_simulation *s, uint8_t value);
void pit_simulate_write(struct pit_simulation *s, uint8_t value);
void pit_simulate_gate(struct pit_simulation *s, bool gate);

#endif
