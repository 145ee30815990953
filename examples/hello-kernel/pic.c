/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Chapter 11: the interrupt controllers.
 *
 * 11.1 Two 8259s, the second on line 2 of the first. Four initialization words each, in this
 * order: start; base vector; how they are joined; 8086 mode. Then everything is masked.
 */
#include "kernel.h"

#define MASTER 0x20
#define SLAVE  0xa0
#define MASK   1 /* added to either: the mask register */

#define START_4_WORDS 0x11
#define MODE_8086     0x01
#define END_OF_IRQ    0x20
#define READ_SERVICE  0x0b

#define CASCADE 2
#define TIMER   0

static void init(uint16_t port, uint8_t vector, uint8_t joined)
{
    outb(port, START_4_WORDS);
    outb(port + MASK, vector);
    outb(port + MASK, joined);
    outb(port + MASK, MODE_8086);
    outb(port + MASK, 0xff);
}

void pic_init(void)
{
    init(MASTER, VECTOR_IRQ0, 1 << CASCADE);
    init(SLAVE, VECTOR_IRQ0 + 8, CASCADE);
}

/* Opens one of the master's lines. */
void pic_unmask(unsigned irq)
{
    outb(MASTER + MASK, (uint8_t)(inb(MASTER + MASK) & ~(1u << irq)));
}

/*
 * 11.2 A line that drops before it is acknowledged shows as the lowest one, 7 of either chip,
 * without its bit in the in-service register. The master has served its cascade line all the same.
 */
static bool spurious(unsigned irq)
{
    uint16_t port = irq < 8 ? MASTER : SLAVE;

    if (irq % 8 != 7)
        return false;
    outb(port, READ_SERVICE);
    return !(inb(port) & 1u << 7);
}

void pic_interrupt(unsigned irq)
{
    if (spurious(irq)) {
        if (irq >= 8)
            outb(MASTER, END_OF_IRQ);
        return;
    }
    if (irq != TIMER)
        panic("interrupt on line %u, which is masked", irq);
    timer_tick();
    outb(MASTER, END_OF_IRQ);
}
