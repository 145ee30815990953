/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pit-simulation.h"

#include <stdio.h>
#include <stdlib.h>

static long simulated_initial(const struct pit_simulation *s)
{
    char digits[8];
    long count = s->written;

    if (s->bcd) {
        snprintf(digits, sizeof(digits), "%lx", count);
        count = strtol(digits, NULL, 10);
    }
    if (!count || (count == 1 && (s->mode == 2 || s->mode == 3)))
        count = s->bcd ? 10000 : 65536;
    return count;
}

uint16_t pit_simulated_read(const struct pit_simulation *s)
{
    char digits[8];
    long count = s->count % (s->bcd ? 10000 : 65536);

    snprintf(digits, sizeof(digits), "%ld", count);
    return (uint16_t)(s->bcd ? strtol(digits, NULL, 16) : count);
}

static void simulate_load(struct pit_simulation *s)
{
    s->initial = s->count = simulated_initial(s);
    if (s->mode == 3 && s->initial % 2)
        s->count--;
    s->null = false;
}

bool pit_simulate_pulse(struct pit_simulation *s)
{
    bool before = s->out;

    if (s->mode >= 4)
        s->out = true;
    if (s->load) {
        s->load = false;
        s->counting = true;
        s->done = false;
        simulate_load(s);
        if (s->mode == 1)
            s->out = false;
        return s->out && !before;
    }
    if (!s->counting || (!s->gate && s->mode != 1 && s->mode != 5))
        return s->out && !before;
    switch (s->mode) {
    case 2:
        if (s->count == 1)
            simulate_load(s);
        else
            s->count--;
        s->out = s->count != 1;
        break;
    case 3:
        /* Odd counts: "one CLK pulse after the count expires OUT goes low". */
        if (s->out && s->initial % 2 ? s->count == 0 : s->count == 2) {
            simulate_load(s);
            s->out = !s->out;
        } else {
            s->count -= 2;
        }
        break;
    default:
        if (s->count == 0)
            s->count = s->bcd ? 10000 : 65536;
        s->count--;
        if (s->count == 0 && !s->done) {
            s->done = true;
            s->out = s->mode < 4;
        }
        break;
    }
    return s->out && !before;
}

void pit_simulate_control(struct pit_simulation *s, uint8_t value)
{
    s->control = value & 0x3f;
    s->bcd = value & 1;
    s->mode = value >> 1 & 7;
    if (s->mode > 5)
        s->mode -= 4;
    s->access = value >> 4 & 3;
    s->out = s->mode;
    s->armed = s->load = s->counting = s->done = s->second_write = false;
    s->null = true;
}

void pit_simulate_write(struct pit_simulation *s, uint8_t value)
{
    if (s->access == 3 && !s->second_write) {
        s->second_write = true;
        s->low = value;
        if (s->mode == 0)
            s->counting = s->load = s->out = false;
        return;
    }
    s->written = (uint16_t)(s->access == 1   ? value
                            : s->access == 2 ? value << 8
                                             : value << 8 | s->low);
    s->second_write = false;
    s->null = true;
    if (s->mode == 0)
        s->out = false;
    if (s->mode == 0 || s->mode == 4 || ((s->mode == 2 || s->mode == 3) && !s->armed))
        s->load = true;
    s->armed = true;
}

void pit_simulate_gate(struct pit_simulation *s, bool gate)
{
    if (gate && !s->gate && s->armed && s->mode % 4)
        s->load = true;
    if (!gate && (s->mode == 2 || s->mode == 3))
        s->out = true;
    s->gate = gate;
}
