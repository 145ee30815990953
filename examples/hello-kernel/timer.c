/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Chapter 12: time.
 *
 * 12.1 Channel 0 of the 8254 divides 1.193182 MHz down to 100 Hz and pulls line 0 each time
 * (mode 2). That is all the time there is: one count of ticks.
 */
#include "kernel.h"

#define CHANNEL0      0x40
#define CONTROL       0x43
#define CHANNEL0_RATE 0x34 /* channel 0, low byte then high byte, mode 2, binary */
#define INPUT_HZ      1193182
#define TICKS_HZ      100

static volatile unsigned long ticks;

void timer_init(void)
{
    uint16_t divisor = (INPUT_HZ + TICKS_HZ / 2) / TICKS_HZ;

    outb(CONTROL, CHANNEL0_RATE);
    outb(CHANNEL0, (uint8_t)divisor);
    outb(CHANNEL0, (uint8_t)(divisor >> 8));
    pic_unmask(0);
}

/* Called by the interrupt, with interrupts off. */
void timer_tick(void)
{
    ticks++;
    task_tick();
}

unsigned long timer_ticks(void)
{
    return ticks;
}

/*
 * 12.2 Sleeps until `count` more ticks have come. The count is read with interrupts off, and
 * sti; hlt turns them on and sleeps as one: a tick in between wakes us. Meanwhile the time stamp
 * counter must have moved on.
 */
void timer_wait(unsigned long count)
{
    unsigned long until = ticks + count;
    uint64_t stamp = rdtsc();

    cli();
    while (ticks < until) {
        sti_hlt();
        cli();
    }
    CHECK(!count || rdtsc() > stamp);
}
