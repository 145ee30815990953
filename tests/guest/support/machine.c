/* SPDX-License-Identifier: BSD-2-Clause */
/* From C's first function to the program and to the end; the interrupt controllers and the timer.
 */
#include "guest.h"

#define EXIT_PORT 0xf4

void console_init(void);
void trap_init(void);
void paging_init(void);
void user_init(void);
void guest_main(void);

void guest_main(void)
{
    console_init();
    gdt_load();
    trap_init();
    paging_init();
    user_init();
    pic_init();
    test();
    print("done\n");
    leave(0);
}

void leave(unsigned code)
{
    outb(EXIT_PORT, (uint8_t)code);
    for (;;)
        asm volatile("cli; hlt");
}

void give_up(const char *format, ...)
{
    va_list arguments;

    print("gives up: ");
    va_start(arguments, format);
    print_arguments(format, &arguments);
    va_end(arguments);
    print("\n");
    leave(99);
}

void pic_init(void)
{
    static const uint8_t words[2][4] = {{0x11, VECTOR_IRQ0, 4, 1}, {0x11, VECTOR_IRQ0 + 8, 2, 1}};

    for (unsigned chip = 0; chip < 2; chip++) {
        uint16_t port = chip ? 0xa0 : 0x20;

        outb(port, words[chip][0]);
        for (unsigned i = 1; i < 4; i++)
            outb(port + 1, words[chip][i]);
        outb(port + 1, 0xff);
    }
}

void pic_mask(unsigned line, bool masked)
{
    uint16_t port = line < 8 ? 0x21 : 0xa1;
    uint8_t bit = (uint8_t)(1u << (line & 7)), mask = inb(port);

    outb(port, masked ? mask | bit : mask & (uint8_t)~bit);
}

void pic_end(unsigned line)
{
    if (line >= 8)
        outb(0xa0, 0x20);
    outb(0x20, 0x20);
}

/* Mode 0: the line rises once, after `count`. */
void pit_once(unsigned count)
{
    outb(0x43, 0x30);
    outb(0x40, count & 0xff);
    outb(0x40, (uint8_t)(count >> 8));
}

void pit_periodic(unsigned count)
{
    outb(0x43, 0x34);
    outb(0x40, count & 0xff);
    outb(0x40, (uint8_t)(count >> 8));
}

void *memset(void *to, int value, size_t size)
{
    uint8_t *byte = to;

    while (size--) {
        *byte++ = (uint8_t)value;
        asm volatile("");
    }
    return to;
}

void *memcpy(void *to, const void *from, size_t size)
{
    uint8_t *byte = to;
    const uint8_t *other = from;

    while (size--) {
        *byte++ = *other++;
        asm volatile("");
    }
    return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
    const uint8_t *one = a, *other = b;

    for (; size--; one++, other++)
        if (*one != *other)
            return *one - *other;
    return 0;
}
