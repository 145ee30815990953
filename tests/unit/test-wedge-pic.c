/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The two 8259A: what their data sheet says, and how kernels probe them. */
#include "pic-ports.h"

static void pulse(unsigned line)
{
    pic_set_line(line, false);
    pic_set_line(line, true);
}

static uint8_t in_service(uint16_t port)
{
    pic_write(port, 0x0b);
    return pic_read(port);
}

static uint8_t requests(uint16_t port)
{
    pic_write(port, 0x0a);
    return pic_read(port);
}

static void assert_takes(unsigned line)
{
    assert_true(pic_pending());
    assert_int_equal(pic_acknowledge(), MASTER_VECTOR + line);
}

static void probe(void **state)
{
    (void)state;
    pic_reset();
    /* Linux, probe_8259A. */
    pic_write(0xa1, 0xff);
    pic_write(0x21, 0xfb);
    assert_int_equal(pic_read(0x21), 0xfb);
    assert_int_equal(pic_read(0xa1), 0xff);
    /* init_8259A: all masked but the cascade in the end; the command ports read IRR after it. */
    set_up(0x01, 0x01);
    pic_write(0x21, 0xfb);
    pic_write(0xa1, 0xff);
    assert_int_equal(pic_read(0x21), 0xfb);
    assert_int_equal(pic_read(0x20), 0);
    pulse(0);
    pulse(9);
    assert_false(pic_pending());
    assert_int_equal(pic_read(0x20), 0x01);
    assert_int_equal(pic_read(0xa0), 0x02);
}

static void reset_is_silent(void **state)
{
    (void)state;
    pic_reset();
    for (unsigned line = 0; line < 16; line++)
        pulse(line);
    pulse(16);
    pulse(1000);
    assert_false(pic_pending());
    /* As firmware leaves it, but for the mask. */
    pic_write(0x21, 0);
    pic_write(0xa1, 0);
    assert_int_equal(pic_acknowledge(), 0x08);
    pic_write(0x20, 0x20);
    assert_int_equal(pic_acknowledge(), 0x09);
    pic_write(0x20, 0x20);
    assert_int_equal(pic_acknowledge(), 0x70);
    for (uint16_t port = 0x22; port < 0x30; port++)
        assert_int_equal(pic_read(port), 0xff);
}

static void initialization(void **state)
{
    (void)state;
    set_up(0x01, 0x01);
    pic_write(0x21, 0x0f);
    pic_set_line(1, true);
    pulse(5);
    assert_takes(5);
    pic_write(0x20, 0xc3); /* lowest priority: 3 */
    pic_write(0x20, 0x68);
    /* ICW1: mask cleared, nothing in service, edges forgotten, priorities and special mask reset.
     */
    pic_write(0x20, 0x13);
    assert_int_equal(pic_read(0x21), 0);
    assert_int_equal(requests(0x20), 0);
    assert_int_equal(in_service(0x20), 0);
    pulse(4);
    assert_false(pic_pending()); /* it has no vector yet */
    pic_write(0x21, 0x57);       /* the low bits do not count */
    pic_write(0x21, 0x01);       /* single: no ICW3 */
    assert_true(pic_pending());
    assert_int_equal(pic_acknowledge(), 0x54);
    pulse(1);
    assert_int_equal(pic_acknowledge(), 0x51); /* 1 is higher again than 4 */
    pic_write(0x21, 0xee);
    assert_int_equal(pic_read(0x21), 0xee);
    /* ... and the modes, whatever they were. */
    set_up(0x13, 0x01);
    pic_write(0x20, 0x80);
    pic_write(0x20, 0x68);
    pic_write(0x20, 0x0b);
    pic_write(0x20, 0x0c);
    pic_write(0x20, 0x10);
    pic_write(0x21, MASTER_VECTOR);
    pic_write(0x21, 0x04);
    pulse(5);
    assert_int_equal(pic_read(0x20), 0x20); /* no poll, and IRR */
    assert_takes(5);
    pulse(6);
    pic_write(0x21, 0x20);
    assert_false(pic_pending()); /* no special mask */
    assert_int_equal(in_service(0x20), 0x20);
    pic_write(0x20, 0x20);
    pic_write(0x21, 0x00);
    assert_takes(6);
    pic_write(0x20, 0x20);
    pulse(12);
    assert_takes(12);
    pulse(9);
    assert_false(pic_pending()); /* not special fully nested */
    pic_write(0x20, 0x11);       /* automatic again: without rotation */
    pic_write(0x21, MASTER_VECTOR);
    pic_write(0x21, 0x04);
    pic_write(0x21, 0x03);
    pulse(0);
    assert_takes(0);
    pulse(0);
    pulse(1);
    assert_takes(0);
    /* Without IC4 there is no ICW4, and its functions are off. */
    set_up(0x03, 0x01);
    pic_write(0x20, 0x10);
    pic_write(0x21, MASTER_VECTOR);
    pic_write(0x21, 0x04);
    pic_write(0x21, 0xfe);
    assert_int_equal(pic_read(0x21), 0xfe);
    pulse(0);
    assert_takes(0);
    assert_int_equal(in_service(0x20), 0x01);
}

static void fully_nested(void **state)
{
    (void)state;
    set_up(0x01, 0x01);
    pulse(5);
    pulse(3);
    pulse(6);
    assert_takes(3);
    assert_int_equal(requests(0x20), 0x60);
    assert_int_equal(in_service(0x20), 0x08);
    assert_false(pic_pending()); /* 5 and 6 are lower */
    pulse(3);
    assert_false(pic_pending()); /* so is 3 itself */
    pulse(1);
    assert_takes(1);
    pic_write(0x20, 0x20); /* the highest in service: 1 */
    assert_int_equal(in_service(0x20), 0x08);
    pic_write(0x20, 0x63); /* 3, said specifically */
    assert_takes(3);
    pic_write(0x20, 0x20);
    assert_takes(5);
    pic_write(0x20, 0x65);
    assert_takes(6);
    pic_write(0x20, 0x20);
    assert_false(pic_pending());
    assert_int_equal(in_service(0x20), 0);
}

static void edge_and_level(void **state)
{
    (void)state;
    set_up(0x01, 0x01);
    /* Edge: one request for each rise. */
    pulse(5);
    assert_takes(5);
    pic_write(0x20, 0x20);
    assert_false(pic_pending());
    pic_set_line(5, true);
    assert_false(pic_pending());
    pulse(5);
    pulse(5);
    assert_takes(5);
    pic_write(0x20, 0x20);
    assert_false(pic_pending());
    /* An edge that falls before the acknowledge takes the request back. */
    pulse(5);
    pic_set_line(5, false);
    assert_false(pic_pending());
    assert_int_equal(requests(0x20), 0);
    /* Level: as long as it is high. */
    pic_write(0x4d0, 0xff);
    pic_write(0x4d1, 0xff);
    assert_int_equal(pic_read(0x4d0), 0xf8);
    assert_int_equal(pic_read(0x4d1), 0xde);
    pic_set_line(5, true);
    assert_takes(5);
    assert_int_equal(requests(0x20), 0x20);
    pic_write(0x20, 0x20);
    assert_takes(5);
    pic_set_line(5, false);
    pic_write(0x20, 0x20);
    assert_false(pic_pending());
    pic_set_line(11, true);
    assert_takes(11);
    pic_write(0xa0, 0x20);
    pic_write(0x20, 0x20);
    assert_takes(11); /* the cascade is edge-triggered, and gets a new edge */
    pic_set_line(11, false);
    pic_write(0xa0, 0x20);
    pic_write(0x20, 0x20);
    assert_false(pic_pending());
    /* The timer's line stays an edge one. */
    pulse(0);
    assert_takes(0);
    pic_write(0x20, 0x20);
    assert_false(pic_pending());
    /* ICW1 forgets edges and not levels. */
    pic_set_line(6, true);
    set_up(0x01, 0x01);
    pic_set_line(6, true);
    pic_write(0x4d0, 0x40);
    pic_write(0x20, 0x11);
    pic_write(0x21, MASTER_VECTOR);
    pic_write(0x21, 0x04);
    pic_write(0x21, 0x01);
    assert_takes(6);
}

static void spurious(void **state)
{
    (void)state;
    set_up(0x01, 0x01);
    assert_int_equal(pic_acknowledge(), MASTER_VECTOR + 7);
    assert_int_equal(in_service(0x20), 0);
    pulse(4);
    assert_true(pic_pending());
    pic_write(0x21, 0x10); /* masked between the request and the acknowledge */
    assert_int_equal(pic_acknowledge(), MASTER_VECTOR + 7);
    assert_int_equal(in_service(0x20), 0);
    /* A real one is told from it by its bit in service. */
    pulse(7);
    assert_takes(7);
    assert_int_equal(in_service(0x20), 0x80);
    pic_write(0x20, 0x20);

    pulse(10);
    assert_true(pic_pending());
    pic_set_line(10, false);
    assert_int_equal(pic_acknowledge(), SLAVE_VECTOR + 7);
    assert_int_equal(in_service(0xa0), 0);
    assert_int_equal(in_service(0x20), 0x04); /* the master cannot know */
    assert_int_equal(pic_acknowledge(), MASTER_VECTOR + 7);
    pic_write(0x20, 0x62);
    assert_false(pic_pending());
    assert_int_equal(pic_acknowledge(), MASTER_VECTOR + 7);
}

static void cascade(void **state)
{
    (void)state;
    set_up(0x01, 0x01);
    pulse(12);
    assert_int_equal(requests(0x20), 0x04);
    pulse(3);
    pulse(8);
    assert_takes(8); /* 8 to 15 are between 1 and 3 */
    assert_int_equal(in_service(0x20), 0x04);
    assert_int_equal(in_service(0xa0), 0x01);
    assert_int_equal(requests(0xa0), 0x10);
    pulse(1);
    assert_takes(1);
    pic_write(0x20, 0x20);
    pic_write(0xa0, 0x20); /* the slave asks for 12 now, but the master serves it still */
    assert_false(pic_pending());
    pic_write(0x20, 0x20);
    assert_takes(12);
    pic_write(0xa0, 0x64);
    pic_write(0x20, 0x62);
    assert_takes(3);
    pic_write(0x20, 0x20);
    /* Nothing of line 2 itself: it is wired to the slave. */
    pulse(2);
    assert_false(pic_pending());
    assert_int_equal(requests(0x20), 0);
    pulse(14);
    pic_write(0x20, 0x0c);
    assert_int_equal(pic_read(0x20), 0x82); /* the master alone takes the slave's edge */
    pulse(2);
    pic_set_line(2, false);
    pic_write(0x20, 0x20);
    assert_false(pic_pending());
    pic_set_line(14, false);
    /* The cascade masked, the slave is mute. */
    pulse(14);
    pic_write(0x21, 0x04);
    assert_false(pic_pending());
    pic_write(0x21, 0x00);
    assert_takes(14);
    pic_write(0xa0, 0x20);
    pic_write(0x20, 0x20);
    /* A slave that ends by itself asks for all it has, one after the other. */
    set_up(0x03, 0x03);
    for (unsigned line = 8; line < 16; line++)
        pulse(line);
    for (unsigned line = 8; line < 16; line++)
        assert_takes(line);
    assert_false(pic_pending());
}

static void special_fully_nested(void **state)
{
    (void)state;
    set_up(0x01, 0x01);
    pulse(12);
    assert_takes(12);
    pulse(9);
    assert_false(pic_pending()); /* the master serves its input 2 already */
    set_up(0x11, 0x01);
    pulse(12);
    assert_takes(12);
    pulse(13);
    assert_false(pic_pending());
    pulse(9);
    pulse(4);
    assert_takes(9);
    assert_false(pic_pending()); /* 4 is still lower than the slave */
    pulse(0);
    assert_takes(0);
    pic_write(0x20, 0x20);
    pic_write(0xa0, 0x20);
    assert_int_equal(in_service(0xa0), 0x10);
    pic_write(0xa0, 0x20);
    assert_takes(13); /* without the master's end of interrupt */
    pic_write(0xa0, 0x20);
    pic_write(0x20, 0x20);
    assert_takes(4);
}

static void rotation(void **state)
{
    (void)state;
    set_up(0x01, 0x01);
    /* Set priority: 4 is lowest, 5 highest. */
    pic_write(0x20, 0xc4);
    pulse(0);
    pulse(4);
    pulse(5);
    pulse(7);
    assert_takes(5);
    pic_write(0x20, 0xa0); /* rotate on non-specific: 5 becomes the lowest */
    assert_takes(7);
    pic_write(0x20, 0xe7); /* rotate on specific: 7 */
    assert_takes(0);
    pic_write(0x20, 0x20); /* no rotation: 7 stays the lowest */
    assert_takes(4);
    pic_write(0x20, 0x20);
    /* The non-specific end takes the highest by the rotated order. */
    pic_write(0x20, 0xc2); /* 3 is highest, 2 lowest */
    pulse(1);
    assert_takes(1);
    pulse(6);
    assert_takes(6);
    pic_write(0x20, 0x20);
    assert_int_equal(in_service(0x20), 0x02);
    pic_write(0x20, 0x20);
    pic_write(0x20, 0xa0); /* nothing is in service: nothing rotates */
    pulse(1);
    pulse(2);
    assert_takes(1);
    pic_write(0x20, 0x42); /* no operation */
    assert_int_equal(in_service(0x20), 0x02);
}

static void automatic_end(void **state)
{
    (void)state;
    set_up(0x03, 0x01);
    pulse(6);
    assert_takes(6);
    assert_int_equal(in_service(0x20), 0);
    pulse(7);
    assert_takes(7);
    pic_write(0x20, 0x80); /* rotate in automatic mode */
    pulse(0);
    pulse(1);
    assert_takes(0);
    pulse(0);
    assert_takes(1);
    assert_takes(0);
    pulse(0);
    pulse(1);
    assert_takes(1); /* 0 was served last */
    pic_write(0x20, 0x00);
    assert_takes(0);
    pulse(1);
    pulse(0);
    assert_takes(0); /* 1 was made the lowest last */
    assert_takes(1);
    pulse(0);
    pulse(1);
    assert_takes(0);
}

static void special_mask(void **state)
{
    (void)state;
    set_up(0x01, 0x01);
    pulse(3);
    assert_takes(3);
    pulse(3);
    pulse(6);
    pulse(4);
    pic_write(0x21, 0x08);
    assert_false(pic_pending());
    pic_write(0x20, 0x68); /* 3, masked, holds nobody up any more */
    assert_takes(4);
    assert_false(pic_pending());
    pic_write(0x20, 0x20); /* 4, since 3 is masked */
    assert_int_equal(in_service(0x20), 0x08);
    pic_write(0x20, 0x20); /* and none */
    assert_int_equal(in_service(0x20), 0x08);
    pic_write(0x20, 0x28); /* without ESMM the bit does not count */
    assert_takes(6);
    pic_write(0x20, 0x66);
    pulse(7);
    pic_write(0x20, 0x48);
    assert_false(pic_pending());
    pic_write(0x20, 0x63);
    assert_takes(7);
}

static void poll(void **state)
{
    (void)state;
    set_up(0x01, 0x01);
    pic_write(0x20, 0x0c);
    assert_int_equal(pic_read(0x20) & 0x80, 0);
    assert_int_equal(pic_read(0x20), 0); /* IRR again */
    pulse(5);
    pic_write(0x20, 0x0f); /* poll goes before the register's choice */
    assert_int_equal(pic_read(0x20), 0x85);
    assert_int_equal(pic_read(0x20), 0x00);
    assert_int_equal(in_service(0x20), 0x20);
    assert_false(pic_pending());
    pic_write(0x20, 0x20);
    pulse(4);
    pic_write(0x20, 0x0c);
    assert_int_equal(pic_read(0x21), 0x84); /* any read is the acknowledge */
    assert_int_equal(pic_read(0x21), 0x00);
    pic_write(0x20, 0x20);
    pulse(13);
    pic_write(0x20, 0x0c);
    assert_int_equal(pic_read(0x20), 0x82);
    pic_write(0xa0, 0x0c);
    assert_int_equal(pic_read(0xa0), 0x85);
    assert_int_equal(in_service(0xa0), 0x20);
    assert_int_equal(in_service(0x20), 0x04);
}

/* The flow of a kernel that masks, acknowledges and unmasks (Linux, mask_and_ack_8259A). */
static void mask_and_acknowledge(void **state)
{
    static const uint8_t order[] = {0, 1, 8, 9, 10, 11, 12, 13, 14, 15, 3, 4, 5, 6, 7};

    (void)state;
    set_up(0x01, 0x01);
    for (unsigned line = 0; line < 16; line++)
        if (line != 2)
            pulse(line);
    for (unsigned i = 0; i < COUNT(order); i++) {
        unsigned line = order[i];

        assert_takes(line);
        if (line & 8) {
            pic_write(0xa1, (uint8_t)(pic_read(0xa1) | 1 << (line & 7)));
            pic_write(0xa0, (uint8_t)(0x60 + (line & 7)));
            pic_write(0x20, 0x62);
            pic_write(0xa1, (uint8_t)(pic_read(0xa1) & ~(1 << (line & 7))));
        } else {
            pic_write(0x21, (uint8_t)(pic_read(0x21) | 1 << line));
            pic_write(0x20, (uint8_t)(0x60 + line));
            pic_write(0x21, (uint8_t)(pic_read(0x21) & ~(1 << line)));
        }
    }
    assert_false(pic_pending());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(probe),
        cmocka_unit_test(reset_is_silent),
        cmocka_unit_test(initialization),
        cmocka_unit_test(fully_nested),
        cmocka_unit_test(edge_and_level),
        cmocka_unit_test(spurious),
        cmocka_unit_test(cascade),
        cmocka_unit_test(special_fully_nested),
        cmocka_unit_test(rotation),
        cmocka_unit_test(automatic_end),
        cmocka_unit_test(special_mask),
        cmocka_unit_test(poll),
        cmocka_unit_test(mask_and_acknowledge),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
