/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The 16550A as drivers see it, through the ports; and which ports are whose. */
#include "helpers.h"

#include "wedge/backend.h"
#include "wedge/devices.h"
#include "wedge/print.h"

#define BASE 0x3f8

enum { DATA, IER, IIR, LCR, MCR, LSR, MSR, SCR };

#define FCR IIR

/* The back end: remembers what it was told. */
static uint64_t now;
static char console[4096];
static size_t console_length;
static uint16_t last_port;
static int last_width;
static uint32_t last_value;
static unsigned accesses;
static jmp_buf ended;

static uint64_t fake_clock(void)
{
    return now;
}

static uint32_t fake_port_read(uint16_t port, int width)
{
    last_port = port;
    last_width = width;
    accesses++;
    return 0xa5a5a5a5 >> (32 - 8 * width);
}

static void fake_port_write(uint16_t port, int width, uint32_t value)
{
    last_port = port;
    last_width = width;
    last_value = value;
    accesses++;
}

static void fake_console(uint8_t byte)
{
    assert_in_range(console_length, 0, sizeof(console) - 1);
    console[console_length++] = (char)byte;
}

static void __attribute__((noreturn)) fake_end(enum backend_end how)
{
    longjmp(ended, how + 1);
}

void wedge_print(const char *format, ...)
{
    (void)format;
}

static struct backend fake = {
    .name = "fake",
    .clock = fake_clock,
    .port_read = fake_port_read,
    .port_write = fake_port_write,
    .guest_console = fake_console,
    .end = fake_end,
};

struct backend *backend = &fake;

static void out(unsigned number, uint8_t value)
{
    ports_write((uint16_t)(BASE + number), 1, value);
}

static uint8_t in(unsigned number)
{
    return (uint8_t)ports_read((uint16_t)(BASE + number), 1);
}

/* Whether the UART's line is high: its request, never acknowledged. */
static bool line(void)
{
    return pic_read(0x20) & 0x10;
}

static void set_up(void)
{
    now = 0;
    console_length = 0;
    pic_reset();
    pit_reset(now);
    rtc_reset(0, now);
    uart_reset();
}

static void receive(const char *text)
{
    for (; *text; text++)
        assert_true(uart_receive((uint8_t)*text));
}

static void reset_values(void **state)
{
    (void)state;
    set_up();
    /* All of it in another state. */
    out(LCR, 0x80);
    out(0, 0x12);
    out(1, 0x34);
    out(LCR, 0x1b);
    out(SCR, 0x55);
    out(FCR, 0xc1);
    out(MCR, 0x1f);
    for (unsigned i = 0; i < 20; i++)
        out(DATA, 'x');
    in(DATA);
    out(MCR, 0x0f);
    out(IER, 0x0f);
    assert_true(line());
    uart_reset();
    assert_false(line());
    assert_int_equal(in(DATA), 0);
    assert_int_equal(in(IER), 0);
    assert_int_equal(in(IIR), 0x01);
    assert_int_equal(in(LCR), 0);
    assert_int_equal(in(MCR), 0);
    assert_int_equal(in(LSR), 0x60);
    assert_int_equal(in(MSR), 0xb0);
    assert_int_equal(in(SCR), 0);
    out(LCR, 0x80);
    assert_int_equal(in(0) | in(1), 0);
    out(LCR, 0x00);
    out(IER, 0x0d);
    assert_int_equal(in(IIR), 0x01);
    assert_false(line());
}

/* Linux, drivers/tty/serial/8250/8250_port.c: autoconfig, autoconfig_16550a and size_fifo. */
static void detection(void **state)
{
    uint8_t saved, first, second;
    unsigned count;

    (void)state;
    set_up();
    saved = in(IER);
    out(IER, 0);
    ports_write(0x80, 1, 0xff);
    assert_int_equal(in(IER)&0x0f, 0);
    out(IER, 0x0f);
    assert_int_equal(in(IER)&0x0f, 0x0f);
    out(IER, saved);
    /* Loopback: the modem status shows what was put out. */
    saved = in(MCR);
    out(MCR, 0x10 | 0x08 | 0x02);
    assert_int_equal(in(MSR)&0xf0, 0x90);
    out(MCR, saved);
    /* An EFR would answer at register 2 under this LCR. */
    out(LCR, 0xbf);
    out(2, 0);
    out(LCR, 0);
    out(FCR, 0x01);
    assert_int_equal(in(IIR) >> 6, 3);
    out(LCR, 0x80);
    assert_int_not_equal(in(2), 0);
    out(LCR, 0xbf);
    assert_int_not_equal(in(2), 0);
    /* No bank of a National SuperIO. */
    out(LCR, 0);
    first = in(MCR);
    out(LCR, 0xe0);
    second = in(2);
    assert_int_equal((second ^ first) & 0x10, 0);
    out(LCR, 0);
    out(MCR, first ^ 0x10);
    out(LCR, 0xe0);
    second = in(2);
    out(LCR, 0);
    out(MCR, first);
    assert_int_equal((second ^ first) & 0x10, 0);
    /* No 64 byte FIFO of a 16750. */
    out(FCR, 0x01 | 0x20);
    assert_int_equal(in(IIR) >> 5, 6);
    out(FCR, 0x01);
    out(LCR, 0x80);
    out(FCR, 0x01 | 0x20);
    assert_int_equal(in(IIR) >> 5, 6);
    out(FCR, 0x01);
    out(LCR, 0);
    /* No unit enable bit of an XScale. */
    out(IER, 0x40);
    assert_int_equal(in(IER), 0);
    /* Scratch. */
    for (unsigned value = 0; value < 256; value++) {
        out(SCR, (uint8_t)value);
        assert_int_equal(in(SCR), value);
    }
    /* The FIFO's size, by filling it in loopback. */
    out(FCR, 0x07);
    out(MCR, 0x10);
    out(LCR, 0x80);
    out(0, 1);
    out(1, 0);
    assert_int_equal(in(0) | in(1) << 8, 1);
    out(LCR, 0x03);
    for (unsigned i = 0; i < 256; i++)
        out(DATA, (uint8_t)i);
    for (count = 0; in(LSR)&0x01; count++)
        assert_int_equal(in(DATA), count);
    assert_int_equal(count, 16);
    assert_int_equal(console_length, 0);
}

/* Linux, serial8250_do_startup: two tests of the THRE interrupt, which decide whether the driver
 * falls back to timers. */
static void startup(void **state)
{
    (void)state;
    set_up();
    out(FCR, 0x01);
    out(FCR, 0x07);
    out(FCR, 0x00);
    in(LSR);
    in(DATA);
    in(IIR);
    in(MSR);
    out(LCR, 0x03);
    assert_int_not_equal(in(LSR), 0xff);
    out(IER, 0x02);
    assert_int_equal(in(IIR), 0x02);
    out(IER, 0x00);
    out(IER, 0x02);
    assert_int_equal(in(IIR), 0x02); /* asked again */
    out(IER, 0x00);
    out(MCR, 0x0b);
    out(IER, 0x02);
    assert_int_equal(in(LSR)&0x40, 0x40);
    assert_int_equal(in(IIR)&0x01, 0);
    out(IER, 0x00);
    out(IER, 0x05);
    assert_int_equal(in(IIR), 0x01);
    assert_false(line());
}

static void transmitting(void **state)
{
    (void)state;
    set_up();
    out(FCR, 0x01);
    out(MCR, 0x0b);
    for (const char *c = "polled\n"; *c; c++) {
        assert_int_equal(in(LSR), 0x60);
        out(DATA, (uint8_t)*c);
    }
    assert_false(line());
    /* By interrupts: enabling is what starts it. */
    out(IER, 0x02);
    assert_true(line());
    assert_int_equal(in(IIR), 0xc2);
    assert_false(line()); /* identified */
    assert_int_equal(in(IIR), 0xc1);
    assert_int_equal(in(LSR), 0x60);
    out(IER, 0x02); /* it was on already */
    assert_false(line());
    out(DATA, 'a');
    assert_true(line()); /* empty again */
    assert_int_equal(in(LSR), 0x60);
    assert_true(line()); /* LSR does not clear it */
    out(DATA, 'b');
    assert_int_equal(in(IIR), 0xc2);
    assert_int_equal(in(IIR), 0xc1);
    out(DATA, 'c');
    out(IER, 0x00);
    assert_false(line());
    assert_int_equal(in(IIR), 0xc1);
    assert_int_equal(console_length, 10);
    assert_memory_equal(console, "polled\nabc", 10);
    /* The divisor's bytes are not sent. */
    out(LCR, 0x83);
    out(DATA, 'x');
    out(IER, 0x0f);
    assert_int_equal(in(0), 'x');
    assert_int_equal(in(1), 0x0f);
    out(LCR, 0x03);
    assert_int_equal(in(IER), 0);
    assert_int_equal(console_length, 10);
}

/* A driver's interrupt handler reads IIR until nothing is left; the line must be low then, or an
 * edge-triggered controller never sees the next one. */
static void interrupt_handler(void **state)
{
    const char *text = "The quick brown fox jumps over the lazy dog";
    unsigned sent = 0, interrupts = 0;

    (void)state;
    set_up();
    pic_write(0x20, 0x13);
    pic_write(0x21, 0x30);
    pic_write(0x21, 0x03);
    out(FCR, 0x01);
    out(MCR, 0x0b);
    out(IER, 0x03);
    while (pic_pending()) {
        uint8_t identity;

        assert_int_equal(pic_acknowledge(), 0x34);
        interrupts++;
        while (!((identity = in(IIR)) & 1)) {
            if ((identity & 0x0f) != 0x02)
                fail_msg("identity %x", identity);
            for (unsigned i = 0; i < 16 && text[sent]; i++)
                out(DATA, (uint8_t)text[sent++]);
            if (!text[sent])
                out(IER, 0x01);
        }
    }
    assert_int_equal(console_length, strlen(text));
    assert_memory_equal(console, text, strlen(text));
    assert_in_range(interrupts, 1, 2);
    assert_false(line());
    for (unsigned i = 0; i < 100; i++) {
        receive("x");
        assert_true(pic_pending());
        assert_int_equal(pic_acknowledge(), 0x34);
        assert_int_equal(in(IIR), 0xc4);
        assert_int_equal(in(DATA), 'x');
        assert_false(pic_pending());
    }
}

static void receiving(void **state)
{
    static const struct {
        uint8_t control;
        unsigned level;
    } triggers[] = {{0x01, 1}, {0x41, 4}, {0x81, 8}, {0xc1, 14}};

    (void)state;
    set_up();
    out(MCR, 0x08);
    /* Without FIFO: one byte, and the next one waits outside. */
    receive("a");
    assert_int_equal(in(LSR), 0x61);
    assert_false(uart_receive('b'));
    assert_int_equal(in(IIR), 0x01);
    out(IER, 0x01);
    assert_true(line());
    assert_int_equal(in(IIR), 0x04);
    assert_int_equal(in(IIR), 0x04); /* until the byte was read */
    assert_int_equal(in(DATA), 'a');
    assert_false(line());
    assert_int_equal(in(LSR), 0x60);
    assert_int_equal(in(DATA), 'a'); /* nothing new */
    for (unsigned i = 0; i < COUNT(triggers); i++) {
        out(FCR, 0x00);
        out(FCR, triggers[i].control);
        for (unsigned n = 1; n <= 16; n++) {
            assert_true(uart_receive((uint8_t)n));
            assert_true(line());
            assert_int_equal(in(IIR), n < triggers[i].level ? 0xcc : 0xc4);
        }
        assert_false(uart_receive(17));
        for (unsigned n = 1; n <= 16; n++) {
            assert_int_equal(in(LSR), 0x61);
            assert_int_equal(in(IIR), 17 - n < triggers[i].level ? 0xcc : 0xc4);
            assert_int_equal(in(DATA), n);
        }
        assert_int_equal(in(LSR), 0x60);
        assert_int_equal(in(IIR), 0xc1);
        assert_false(line());
        receive("0123456789");
    }
    /* Clearing: by its bit, and by switching the FIFO; not by clearing the other one. */
    out(FCR, 0x05);
    assert_int_equal(in(LSR), 0x61);
    out(FCR, 0x03);
    assert_int_equal(in(LSR), 0x60);
    assert_false(line());
    receive("01");
    out(FCR, 0x00);
    assert_int_equal(in(LSR), 0x60);
    receive("x");
    out(FCR, 0x02); /* the bit does not count without the enable */
    assert_int_equal(in(LSR), 0x61);
    out(FCR, 0x01);
    assert_int_equal(in(LSR), 0x60);
    /* Round the ring many times. */
    for (unsigned i = 0; i < 1000; i++) {
        assert_true(uart_receive((uint8_t)i));
        assert_true(uart_receive((uint8_t)(i + 1)));
        assert_int_equal(in(DATA), (uint8_t)i);
        assert_int_equal(in(DATA), (uint8_t)(i + 1));
    }
}

static void priorities(void **state)
{
    (void)state;
    set_up();
    out(FCR, 0x01);
    out(MCR, 0x10); /* loopback: all sources at will */
    out(IER, 0x0f);
    assert_int_equal(in(IIR), 0xc2);
    out(MCR, 0x13); /* CTS and DSR change */
    for (unsigned i = 0; i < 17; i++)
        out(DATA, (uint8_t)i); /* an overrun */
    assert_int_equal(in(IIR), 0xc6);
    assert_int_equal(in(LSR), 0x63);
    assert_int_equal(in(LSR), 0x61);
    assert_int_equal(in(IIR), 0xc4);
    for (unsigned i = 0; i < 16; i++)
        assert_int_equal(in(DATA), i);
    assert_int_equal(in(IIR), 0xc2);
    assert_int_equal(in(IIR), 0xc0);
    assert_int_equal(in(IIR), 0xc0);
    in(MSR);
    assert_int_equal(in(IIR), 0xc1);
    /* A source that is masked is not told, but the ones below it are. */
    for (unsigned i = 0; i < 17; i++)
        out(DATA, (uint8_t)i);
    out(IER, 0x0b);
    assert_int_equal(in(IIR), 0xc4);
    for (unsigned i = 0; i < 16; i++)
        in(DATA);
    out(MCR, 0x10);
    out(IER, 0x01);
    assert_int_equal(in(IIR), 0xc1);
    assert_int_equal(in(LSR), 0x62);
    in(MSR);
    out(MCR, 0x11);
    out(DATA, 'x');
    out(IER, 0x08);
    assert_int_equal(in(IIR), 0xc0);
    assert_false(line()); /* OUT2's pin is off in loopback */
    out(MCR, 0x01);
    assert_false(line());
    out(MCR, 0x09);
    assert_true(line());
    in(MSR);
    assert_false(line());
}

static void modem(void **state)
{
    /* MCR in loopback, then what MSR reads: levels, and changes since the step before. */
    static const uint8_t steps[][2] = {
        {0x10, 0x0b}, {0x11, 0x22}, {0x13, 0x31}, {0x17, 0x70}, {0x1f, 0xf8},
        {0x1b, 0xb4}, {0x1f, 0xf0}, {0x1f, 0xf0}, {0x10, 0x0f}, {0x14, 0x40},
        {0x12, 0x15}, {0x1a, 0x98}, {0x00, 0xb2},
    };

    (void)state;
    set_up();
    assert_int_equal(in(MSR), 0xb0);
    for (unsigned i = 0; i < COUNT(steps); i++) {
        out(MCR, steps[i][0]);
        assert_int_equal(in(MCR), steps[i][0]);
        assert_int_equal(in(MSR), steps[i][1]);
        assert_int_equal(in(MSR), steps[i][1] & 0xf0);
    }
    out(MCR, 0xff);
    assert_int_equal(in(MCR), 0x1f);
    out(MSR, 0x00);
    out(LSR, 0x00);
    assert_int_equal(in(LSR), 0x60);
}

static void loopback(void **state)
{
    (void)state;
    set_up();
    out(MCR, 0x10);
    out(DATA, 'a');
    assert_int_equal(in(LSR), 0x61);
    assert_false(uart_receive('z')); /* the wire is cut */
    out(DATA, 'b');
    assert_int_equal(in(LSR), 0x63); /* without FIFO the new one stays */
    assert_int_equal(in(DATA), 'b');
    assert_int_equal(in(LSR), 0x60);
    out(MCR, 0x00);
    assert_true(uart_receive('z'));
    assert_int_equal(console_length, 0);
}

/* Whose ports are whose. */

static void assert_backend(uint16_t port, int width)
{
    unsigned before = accesses;
    uint32_t all = 0xffffffff >> (32 - 8 * width);

    assert_int_equal(ports_read(port, width), 0xa5a5a5a5 & all);
    assert_int_equal(accesses, before + 1);
    assert_int_equal(last_port, port);
    assert_int_equal(last_width, width);
    ports_write(port, width, 0x12345678 & all);
    assert_int_equal(accesses, before + 2);
    assert_int_equal(last_port, port);
    assert_int_equal(last_width, width);
    assert_int_equal(last_value, 0x12345678 & all);
}

static void backend_ports(void **state)
{
    static const uint16_t lone[] = {0x20, 0x21, 0x40, 0x41, 0x42, 0x43,  0x60,  0x61, 0x64,
                                    0x70, 0x71, 0x92, 0xa0, 0xa1, 0x4d0, 0x4d1, 0xcf9};

    (void)state;
    set_up();
    for (unsigned port = 0; port < 0x10000; port++) {
        bool dma = port < 0x10 || (port >= 0x80 && port < 0x90) || (port >= 0xc0 && port < 0xe0),
             ours = dma || (port >= 0x3f8 && port < 0x400);

        for (unsigned i = 0; i < COUNT(lone); i++)
            ours |= port == lone[i];
        if (!ours) {
            assert_backend((uint16_t)port, 1);
            continue;
        }
        accesses = 0;
        ports_read((uint16_t)port, 1);
        assert_int_equal(accesses, 0);
    }
    /* PCI's address register has the reset register in it, and is no reset. */
    assert_backend(0xcf8, 4);
    assert_backend(0xcf8, 2);
    assert_backend(0xcfc, 4);
    assert_backend(0xcfe, 2);
    assert_backend(0xffff, 1);
    assert_backend(0xf4, 4);
    /* Up to a device's first port. */
    assert_backend(0x1e, 2);
    assert_backend(0x1c, 4);
    assert_backend(0x22, 4);
}

static void wide_accesses(void **state)
{
    (void)state;
    set_up();
    ports_write(0x3fa, 2, 0x0301); /* FCR and LCR */
    assert_int_equal(in(LCR), 0x03);
    assert_int_equal(in(IIR), 0xc1);
    assert_int_equal(ports_read(0x3f8 + LSR, 2), 0xb060);
    ports_write(0x3fc, 4, 0x770000ff);
    assert_int_equal(ports_read(0x3fc, 4), 0x77f0601f);
    ports_write(0x20, 2, 0x5a08);
    assert_int_equal(pic_read(0x21), 0x5a);
    /* Half a device's: the other half goes on as bytes. */
    accesses = 0;
    ports_write(0x70, 4, 0x44332211);
    assert_int_equal(accesses, 2);
    assert_int_equal(last_port, 0x73);
    assert_int_equal(last_width, 1);
    assert_int_equal(last_value, 0x44);
    last_width = 0;
    assert_int_equal(ports_read(0x70, 4), 0xa5a522ff);
    assert_int_equal(last_width, 1);
    assert_int_equal(ports_read(0x3f7, 2), 0x00a5);
    /* Over the end of the ports: to the first, DMA's, which is not there. */
    assert_int_equal(ports_read(0xffff, 2), 0xffa5);
}

static void lone_ports(void **state)
{
    (void)state;
    set_up();
    accesses = 0;
    ports_write(0x80, 1, 0x12);
    assert_int_equal(ports_read(0x80, 1), 0xff);
    assert_int_equal(ports_read(0x64, 1), 0xff);
    assert_int_equal(ports_read(0x60, 1), 0xff);
    ports_write(0x64, 1, 0xd1);
    ports_write(0x60, 1, 0xdf);
    ports_write(0x64, 1, 0xff);
    assert_int_equal(ports_read(0x92, 1), 0x02);
    ports_write(0x92, 1, 0x00);
    assert_int_equal(ports_read(0x92, 1), 0x00);
    ports_write(0xcf9, 1, 0x02);
    assert_int_equal(ports_read(0xcf9, 1), 0x02);
    ports_write(0xcf9, 1, 0xf1);
    assert_int_equal(ports_read(0xcf9, 1), 0x00);
    assert_int_equal(accesses, 0);
}

static void resets(void **state)
{
    static const struct {
        uint16_t port;
        uint8_t value;
    } ways[] = {{0x64, 0xfe},  {0x64, 0xf0},  {0x92, 0x01}, {0x92, 0x03},
                {0xcf9, 0x06}, {0xcf9, 0x0e}, {0xcf9, 0x04}};
    /* volatile: they outlive longjmp. */
    volatile unsigned i;
    int how;

    (void)state;
    for (i = 0; i < COUNT(ways); i++) {
        set_up();
        how = setjmp(ended);
        if (how) {
            assert_int_equal(how, BACKEND_END_REBOOT + 1);
            continue;
        }
        ports_write(ways[i].port, 1, ways[i].value);
        fail_msg("%x did not reset", ways[i].port);
    }
}

/* The timers get the back end's time. */
static void clocked_ports(void **state)
{
    (void)state;
    set_up();
    ports_write(0x43, 1, 0x34);
    ports_write(0x40, 1, 0x00);
    ports_write(0x40, 1, 0x10);
    now = 500000000;
    ports_write(0x43, 1, 0x00);
    assert_int_equal(ports_read(0x40, 2) & 0xff, (0x1000 - (596591 - 1) % 0x1000) & 0xff);
    now = 3000000000;
    ports_write(0x70, 1, 0x00);
    assert_int_equal(ports_read(0x71, 1), 0x03);
    ports_write(0x61, 1, 0x01);
    ports_write(0x43, 1, 0xb0);
    ports_write(0x42, 1, 0x10);
    ports_write(0x42, 1, 0x00);
    assert_int_equal(ports_read(0x61, 1) & 0x21, 0x01);
    now += 1000000;
    assert_int_equal(ports_read(0x61, 1) & 0x21, 0x21);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reset_values),
        cmocka_unit_test(detection),
        cmocka_unit_test(startup),
        cmocka_unit_test(transmitting),
        cmocka_unit_test(interrupt_handler),
        cmocka_unit_test(receiving),
        cmocka_unit_test(priorities),
        cmocka_unit_test(modem),
        cmocka_unit_test(loopback),
        cmocka_unit_test(backend_ports),
        cmocka_unit_test(wide_accesses),
        cmocka_unit_test(lone_ports),
        cmocka_unit_test(resets),
        cmocka_unit_test(clocked_ports),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
