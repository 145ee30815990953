/* SPDX-License-Identifier: BSD-2-Clause */
/* The legacy devices that the wedge emulates, behind port I/O. One guest, so their state is static;
 * nothing here sleeps or fails. Times are nanoseconds since the machine started and never go back.
 * Names and behaviour: the chips' data sheets.
 *
 * Order of resets: the interrupt controller's first, since the others set its lines. A write to a
 * timer's ports can change its deadline: who arms the back end's timer asks again after it. */
#ifndef WEDGE_DEVICES_H
#define WEDGE_DEVICES_H

#include <stdbool.h>
#include <stdint.h>

/* devices/ports.c: all ports. `width` is 1, 2 or 4 bytes. Ports of no device here go to the back
 * end. */
uint32_t ports_read(uint16_t port, int width);
void ports_write(uint16_t port, int width, uint32_t value);

/* devices/pci.c: PCI's configuration ports, of the back end's machine. */
bool pci_is_port(uint16_t port);
uint32_t pci_read(uint16_t port, int width);
void pci_write(uint16_t port, int width, uint32_t value);

/* Whether an access can change what a device wants to do next: reading a counter or a status does
 * not. */
bool ports_disturbs(uint16_t port, bool in);

/* irq/pic.c: two Intel 8259A, ports 0x20-0x21, 0xa0-0xa1, edge/level control 0x4d0-0x4d1. Lines
 * 0-15. */
#define PIC_LINE_TIMER  0
#define PIC_LINE_SERIAL 4
#define PIC_LINE_CLOCK  8
void pic_reset(void);
uint8_t pic_read(uint16_t port);
void pic_write(uint16_t port, uint8_t value);
void pic_set_line(unsigned line, bool level);
bool pic_pending(void);        /* INTR: some line asks for service */
uint8_t pic_acknowledge(void); /* INTA: the vector; a spurious one when nothing asks any more */

/* time/pit.c: Intel 8254, ports 0x40-0x43, and port 0x61 for its third channel. Channel 0 drives
 * line 0. */
#define PIT_HZ 1193182
void pit_reset(uint64_t now);
uint8_t pit_read(uint16_t port, uint64_t now);
void pit_write(uint16_t port, uint8_t value, uint64_t now);
void pit_run(uint64_t now);  /* brings line 0 up to date; ticks that were missed become one */
uint64_t pit_deadline(void); /* when pit_run has something to do; UINT64_MAX for never */
uint64_t pit_missed(void);   /* how many ticks became one with a later one, since the reset */

/* time/rtc.c: Motorola MC146818 with 128 bytes, ports 0x70-0x71, line 8. */
void rtc_reset(uint64_t seconds_since_1970, uint64_t now);
uint8_t rtc_read(uint16_t port, uint64_t now);
void rtc_write(uint16_t port, uint8_t value, uint64_t now);
void rtc_run(uint64_t now);
uint64_t rtc_deadline(void); /* like the timer's: when line 8 rises next */

/* devices/uart.c: 16550A at 0x3f8, line 4. What the guest sends goes to the back end's guest
 * console; what arrives there comes by uart_receive. */
void uart_reset(void);
uint8_t uart_read(uint16_t port);
void uart_write(uint16_t port, uint8_t value);
bool uart_can_receive(void);     /* there is room for a byte, and the guest listens */
bool uart_receive(uint8_t byte); /* false: there was none; try again later */

#endif
