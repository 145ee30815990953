/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Chapter 3: the console, a 16550 serial port.
 *
 * 3.1 Eight registers from port 0x3f8 on. With the divisor latch bit set in the line control
 * register, the first two become the divisor of 115200 baud.
 */
#include "kernel.h"

#define COM1             0x3f8
#define DATA             (COM1 + 0)
#define INTERRUPT_ENABLE (COM1 + 1)
#define FIFO_CONTROL     (COM1 + 2)
#define LINE_CONTROL     (COM1 + 3)
#define MODEM_CONTROL    (COM1 + 4)
#define LINE_STATUS      (COM1 + 5)

#define FIFO_ON_CLEARED  0x07
#define LINE_8N1         0x03
#define LINE_DIVISOR     0x80
#define MODEM_DTR_RTS    0x03
#define STATUS_THR_EMPTY 0x20

void console_init(void)
{
    outb(INTERRUPT_ENABLE, 0);
    outb(LINE_CONTROL, LINE_DIVISOR);
    outb(DATA, 1);
    outb(INTERRUPT_ENABLE, 0);
    outb(LINE_CONTROL, LINE_8N1);
    outb(FIFO_CONTROL, FIFO_ON_CLEARED);
    outb(MODEM_CONTROL, MODEM_DTR_RTS);
}

static void put(char character)
{
    while (!(inb(LINE_STATUS) & STATUS_THR_EMPTY))
        asm volatile("pause");
    outb(DATA, (uint8_t)character);
}

/*
 * 3.2 Callers come with interrupts on or off. pushf remembers which, popf restores it: neither
 * needs to know about the other.
 */
void console_write(const char *text, size_t length)
{
    unsigned long flags = read_flags();

    cli();
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\n')
            put('\r');
        put(text[i]);
    }
    write_flags(flags);
}
