/* SPDX-License-Identifier: BSD-2-Clause */
/* The Intel 8254 interval timer, and port 0x61, where a PC has the gate and output of its third
 * counter. Source: Intel 8254 data sheet (231164-005), "mode definitions" and "read operations";
 * port 0x61: Intel PIIX3 data sheet (290550-002), NMI status and control.
 *
 * The chip changes with its clock only. Pulse number n of the clock is at n / PIT_HZ seconds, so
 * the number of pulses until some time is computed from that time alone and nothing drifts. A
 * counter's state is what it was right after some pulse, and `advance` takes it to a later one in a
 * few steps, however much later that is.
 */
#include "wedge/devices.h"

#define COUNTERS 3
#define CONTROL  0x43
#define SYSTEM   0x61
#define SPEAKER  2 /* the counter with a gate */

#define SECOND 1000000000U
#define NEVER  UINT64_MAX

/* The control word. */
#define BCD           0x01
#define COUNTER_LATCH 0
#define READ_BACK     3    /* in the place of a counter's number */
#define NO_COUNT      0x20 /* read-back: do not latch it */
#define NO_STATUS     0x10

#define STATUS_OUT  0x80
#define STATUS_NULL 0x40

/* Port 0x61. */
#define SYSTEM_GATE     0x01
#define SYSTEM_WRITABLE 0x0f
#define SYSTEM_REFRESH  0x10
#define SYSTEM_OUT      0x20
#define REFRESH_PULSES  18 /* of the counter that requests memory refreshes: 15 microseconds */

enum access { ACCESS_LOW = 1, ACCESS_HIGH, ACCESS_BOTH };

enum mode { TERMINAL_COUNT, ONE_SHOT, RATE, SQUARE_WAVE, SOFTWARE_STROBE, HARDWARE_STROBE };

struct counter {
    uint8_t control; /* bits 0-5 of the control word */
    enum mode mode;
    enum access access;
    bool gate, out;

    uint16_t written; /* the count register */
    uint8_t low_byte;
    bool second_write, second_read;
    bool armed;      /* a count was written since the control word */
    bool null_count; /* a control word or count was written and is not in the counter yet */

    uint64_t pulse; /* the state is the one after this pulse */
    bool load;      /* the next pulse loads the counter */
    bool counting;  /* loaded since the control word, and not stopped by half a count */
    bool expired;
    uint32_t initial; /* what was loaded */
    uint32_t count;   /* what is left: 0x10000 (or 10000) reads as 0 */

    bool count_latched, status_latched;
    uint16_t latched_count;
    uint8_t latched_status;
};

static struct counter counters[COUNTERS];
static uint8_t system_control;
static uint64_t missed;

/* A second is a whole number of pulses, so that all of this is exact in 64 bits. */
static uint64_t pulses_until(uint64_t now)
{
    return now / SECOND * PIT_HZ + now % SECOND * PIT_HZ / SECOND;
}

static uint64_t time_of_pulse(uint64_t pulse)
{
    return pulse / PIT_HZ * SECOND + (pulse % PIT_HZ * SECOND + PIT_HZ - 1) / PIT_HZ;
}

static uint32_t modulus(const struct counter *counter)
{
    return counter->control & BCD ? 10000 : 0x10000;
}

/* The number of pulses that the count register stands for. */
static uint32_t written_count(const struct counter *counter)
{
    uint32_t count = counter->written;

    if (counter->control & BCD)
        count = ((count >> 12) * 1000 + (count >> 8 & 15) * 100 + (count >> 4 & 15) * 10 +
                 (count & 15)) %
                10000;
    /* Not allowed in these two modes. It is taken for the longest count, not for an interrupt at
     * each pulse. */
    if (count == 1 && (counter->mode == RATE || counter->mode == SQUARE_WAVE))
        count = 0;
    return count ? count : modulus(counter);
}

/* The counter as it is read. */
static uint16_t readable_count(const struct counter *counter)
{
    uint32_t count = counter->count % modulus(counter);

    if (counter->control & BCD)
        count = count / 1000 << 12 | count / 100 % 10 << 8 | count / 10 % 10 << 4 | count % 10;
    return (uint16_t)count;
}

static uint8_t status(const struct counter *counter)
{
    return (uint8_t)((counter->out ? STATUS_OUT : 0) | (counter->null_count ? STATUS_NULL : 0) |
                     counter->control);
}

static bool is_periodic(const struct counter *counter)
{
    return counter->mode == RATE || counter->mode == SQUARE_WAVE;
}

static bool is_strobe(const struct counter *counter)
{
    return counter->mode == SOFTWARE_STROBE || counter->mode == HARDWARE_STROBE;
}

/* Modes 1 and 5 look at the gate's rise only. */
static bool is_stopped(const struct counter *counter)
{
    return !counter->gate && counter->mode != ONE_SHOT && counter->mode != HARDWARE_STROBE;
}

/* From the count register into the counter. A square wave counts by two, an odd count from one
 * less. */
static void load(struct counter *counter)
{
    counter->initial = written_count(counter);
    counter->count = counter->initial;
    if (counter->mode == SQUARE_WAVE)
        counter->count &= ~1U;
    counter->null_count = false;
}

/* Pulses until a square wave changes: an odd count's high half takes one more. */
static uint32_t left_of_half(const struct counter *counter)
{
    return counter->count / 2 + (counter->out && counter->initial & 1);
}

static uint64_t advance_rate(struct counter *counter, uint64_t pulses)
{
    uint64_t rises = 0;

    if (pulses < counter->count) {
        counter->count -= (uint32_t)pulses;
    } else {
        pulses -= counter->count;
        load(counter); /* a count that was written meanwhile takes over here */
        rises = 1 + pulses / counter->initial;
        counter->count -= (uint32_t)(pulses % counter->initial);
    }
    counter->out = counter->count != 1;
    return rises;
}

static uint64_t flip(struct counter *counter)
{
    counter->out = !counter->out;
    load(counter);
    return counter->out;
}

static uint64_t advance_square_wave(struct counter *counter, uint64_t pulses)
{
    uint64_t rises = 0;

    if (pulses >= left_of_half(counter)) {
        pulses -= left_of_half(counter);
        rises = flip(counter);
        rises += pulses / counter->initial;
        pulses %= counter->initial;
        if (pulses >= left_of_half(counter)) {
            pulses -= left_of_half(counter);
            rises += flip(counter);
        }
    }
    counter->count -= 2 * (uint32_t)pulses;
    return rises;
}

/* Modes 0, 1, 4 and 5: something happens once, when zero is reached; then the count goes round. */
static uint64_t advance_once(struct counter *counter, uint64_t pulses)
{
    uint64_t rises = 0;

    if (!counter->expired && pulses >= counter->count) {
        counter->expired = true;
        counter->out = !is_strobe(counter) || pulses > counter->count;
        rises = counter->out;
    }
    counter->count = (uint32_t)((counter->count + modulus(counter) - pulses % modulus(counter)) %
                                modulus(counter));
    return rises;
}

/* Takes a counter to a later pulse. Gives how often OUT rose. */
static uint64_t advance(struct counter *counter, uint64_t pulse)
{
    uint64_t pulses, rises = 0;

    if (pulse <= counter->pulse)
        return 0;
    pulses = pulse - counter->pulse;
    counter->pulse = pulse;
    if (is_strobe(counter) && !counter->out) { /* it is low from one pulse to the next */
        counter->out = true;
        rises = 1;
    }
    if (counter->load) {
        load(counter);
        counter->load = false;
        counter->counting = true;
        counter->expired = false;
        if (counter->mode == ONE_SHOT)
            counter->out = false;
        pulses--;
    }
    if (!pulses || !counter->counting || is_stopped(counter))
        return rises;
    switch (counter->mode) {
    case RATE:
        return advance_rate(counter, pulses);
    case SQUARE_WAVE:
        return advance_square_wave(counter, pulses);
    case TERMINAL_COUNT:
    case ONE_SHOT:
    case SOFTWARE_STROBE:
    case HARDWARE_STROBE:
        break;
    }
    return rises + advance_once(counter, pulses);
}

/* The pulse at which OUT rises next if nobody touches the counter, or NEVER. */
static uint64_t next_rise(const struct counter *counter)
{
    uint64_t start = counter->pulse;
    uint32_t count = counter->count;

    if (is_strobe(counter) && !counter->out)
        return start + 1;
    if (is_stopped(counter))
        return NEVER;
    if (counter->load)
        return start + 1 + written_count(counter) + is_strobe(counter);
    if (!counter->counting)
        return NEVER;
    switch (counter->mode) {
    case RATE:
        return start + count;
    case SQUARE_WAVE:
        return start + left_of_half(counter) + (counter->out ? written_count(counter) / 2 : 0);
    case TERMINAL_COUNT:
    case ONE_SHOT:
    case SOFTWARE_STROBE:
    case HARDWARE_STROBE:
        break;
    }
    return counter->expired ? NEVER : start + count + is_strobe(counter);
}

/* Gives line 0 what counter 0's OUT did.
 *
 * Ticks that were missed coalesce: whoever comes late gets one edge, as from the chip itself while
 * interrupts are off, and pit_missed counts the others. Kernels that care read another clock, and a
 * burst of old ticks would only make them later.
 *
 * The interrupt controller forgets a request when its input falls, and a virtual CPU may be away
 * for longer than OUT is high. So in the periodic modes the line only falls right before it rises,
 * and a tick's request lasts until the next tick. */
static void drive_line(uint64_t rises)
{
    const struct counter *counter = &counters[0];

    if (rises > 1)
        missed += rises - 1;
    if (rises)
        pic_set_line(PIC_LINE_TIMER, false);
    if (rises || counter->out)
        pic_set_line(PIC_LINE_TIMER, true);
    if (!counter->out && !is_periodic(counter))
        pic_set_line(PIC_LINE_TIMER, false);
}

static void write_control(struct counter *counter, uint8_t value)
{
    unsigned mode = value >> 1 & 7;

    counter->control = value & 0x3f;
    counter->mode = (enum mode)(mode > HARDWARE_STROBE ? mode - 4 : mode);
    counter->access = (enum access)(value >> 4 & 3);
    counter->second_write = counter->second_read = false;
    counter->count_latched = counter->status_latched = false;
    counter->armed = counter->load = counter->counting = counter->expired = false;
    counter->null_count = true;
    counter->out = counter->mode != TERMINAL_COUNT;
}

static void latch_count(struct counter *counter)
{
    if (counter->count_latched)
        return;
    counter->count_latched = true;
    counter->latched_count = readable_count(counter);
    counter->second_read = false;
}

static void latch_status(struct counter *counter)
{
    if (counter->status_latched)
        return;
    counter->status_latched = true;
    counter->latched_status = status(counter);
}

static void read_back(uint8_t value, uint64_t pulse)
{
    for (unsigned i = 0; i < COUNTERS; i++) {
        if (!(value & 2U << i))
            continue;
        if (i) /* counter 0 was advanced, and what it did was not lost */
            advance(&counters[i], pulse);
        if (!(value & NO_COUNT))
            latch_count(&counters[i]);
        if (!(value & NO_STATUS))
            latch_status(&counters[i]);
    }
}

static void write_count(struct counter *counter, uint8_t value)
{
    switch (counter->access) {
    case ACCESS_LOW:
        counter->written = value;
        break;
    case ACCESS_HIGH:
        counter->written = (uint16_t)(value << 8);
        break;
    case ACCESS_BOTH:
        if (!counter->second_write) {
            counter->second_write = true;
            counter->low_byte = value;
            if (counter->mode == TERMINAL_COUNT)
                counter->counting = counter->load = counter->out = false;
            return;
        }
        counter->second_write = false;
        counter->written = (uint16_t)(value << 8 | counter->low_byte);
        break;
    }
    counter->null_count = true;
    switch (counter->mode) {
    case TERMINAL_COUNT:
        counter->out = false;
        counter->load = true;
        break;
    case SOFTWARE_STROBE:
        counter->load = true;
        break;
    case RATE:
    case SQUARE_WAVE:
        counter->load |= !counter->armed; /* later ones wait for the end of the cycle */
        break;
    case ONE_SHOT:
    case HARDWARE_STROBE:
        break; /* waits for the gate to rise */
    }
    counter->armed = true;
}

static uint8_t read_count(struct counter *counter)
{
    uint16_t count = counter->count_latched ? counter->latched_count : readable_count(counter);
    bool high = counter->access == ACCESS_HIGH || counter->second_read;

    if (counter->status_latched) {
        counter->status_latched = false;
        return counter->latched_status;
    }
    if (counter->access == ACCESS_BOTH)
        counter->second_read = !counter->second_read;
    if (!counter->second_read)
        counter->count_latched = false;
    return (uint8_t)(high ? count >> 8 : count);
}

static void set_gate(struct counter *counter, bool gate)
{
    bool rises = gate && !counter->gate;

    counter->gate = gate;
    if (rises && counter->armed && counter->mode != TERMINAL_COUNT &&
        counter->mode != SOFTWARE_STROBE)
        counter->load = true;
    if (!gate && is_periodic(counter))
        counter->out = true;
}

/* Before it is programmed the chip's state is undefined; here it is mode 0 without a count, since
 * nothing comes of that. */
void pit_reset(uint64_t now)
{
    for (unsigned i = 0; i < COUNTERS; i++) {
        counters[i] = (struct counter){.gate = i != SPEAKER, .pulse = pulses_until(now)};
        write_control(&counters[i], ACCESS_BOTH << 4);
    }
    system_control = 0;
    missed = 0;
    drive_line(0);
}

uint8_t pit_read(uint16_t port, uint64_t now)
{
    uint64_t pulse = pulses_until(now);
    struct counter *counter = &counters[port == SYSTEM ? SPEAKER : port & 3];
    uint8_t value;

    if (port == CONTROL)
        return 0xff; /* nothing drives the bus */
    if (counter == &counters[0])
        pit_run(now);
    else
        advance(counter, pulse);
    if (port != SYSTEM)
        return read_count(counter);
    value = system_control;
    if (pulse / REFRESH_PULSES & 1)
        value |= SYSTEM_REFRESH;
    if (counter->out)
        value |= SYSTEM_OUT;
    return value;
}

void pit_write(uint16_t port, uint8_t value, uint64_t now)
{
    uint64_t pulse = pulses_until(now);
    unsigned number = port == CONTROL ? value >> 6 : port & 3;

    pit_run(now);
    if (port == SYSTEM) {
        advance(&counters[SPEAKER], pulse);
        system_control = value & SYSTEM_WRITABLE;
        set_gate(&counters[SPEAKER], value & SYSTEM_GATE);
        return;
    }
    if (number == READ_BACK) {
        read_back(value, pulse);
        return;
    }
    if (number)
        advance(&counters[number], pulse);
    if (port != CONTROL)
        write_count(&counters[number], value);
    else if ((value >> 4 & 3) == COUNTER_LATCH)
        latch_count(&counters[number]);
    else
        write_control(&counters[number], value);
    if (!number)
        drive_line(0);
}

void pit_run(uint64_t now)
{
    drive_line(advance(&counters[0], pulses_until(now)));
}

uint64_t pit_deadline(void)
{
    uint64_t pulse = next_rise(&counters[0]);

    return pulse == NEVER ? NEVER : time_of_pulse(pulse);
}

uint64_t pit_missed(void)
{
    return missed;
}
