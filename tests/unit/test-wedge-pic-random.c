/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Random operations on the two 8259A against a model that is written the slow way. */
#include "pic-model.h"
#include "pic-ports.h"

/* Everything that can be seen without changing something. Polls are finished by it. */
static void compare(void)
{
    for (unsigned chip = 0; chip < 2; chip++) {
        uint16_t port = chip ? 0xa0 : 0x20;

        assert_int_equal(pic_read(port), pic_model_read(&pic_models[chip]));
        for (unsigned i = 0; i < 8; i++)
            assert_int_equal(pic_read(port + 1) >> i & 1, pic_models[chip].mask[i]);
        for (unsigned what = 0; what < 2; what++) {
            pic_write(port, (uint8_t)(0x0a + what));
            pic_model_command(&pic_models[chip], (uint8_t)(0x0a + what));
            assert_int_equal(pic_read(port), pic_model_read(&pic_models[chip]));
        }
    }
    assert_int_equal(pic_pending(), pic_model_winner(&pic_models[0]) >= 0);
}

static void random_operations(void **state)
{
    unsigned taken = 0, from_slave = 0, nested = 0;

    (void)state;
    srandom(8259);
    for (unsigned round = 0; round < 400; round++) {
        uint8_t icw4[2] = {0x01, 0x01};

        for (unsigned i = 0; i < 2; i++) {
            icw4[i] |= (uint8_t)(random() & 0x10);
            icw4[i] |= random() % 4 ? 0 : 0x02;
            pic_models[i] = (struct pic_model){.vector = i ? SLAVE_VECTOR : MASTER_VECTOR,
                                               .order = {0, 1, 2, 3, 4, 5, 6, 7},
                                               .auto_end = icw4[i] & 2,
                                               .nested = icw4[i] & 0x10};
        }
        set_up(icw4[0], icw4[1]);
        for (unsigned step = 0; step < 1000; step++) {
            unsigned chip = random() & 1, input = random() & 7, line = chip * 8 + input;
            uint16_t port = chip ? 0xa0 : 0x20;
            struct pic_model *model = &pic_models[chip];
            uint8_t value = (uint8_t)random();

            switch (random() % 10) {
            case 0:
            case 1:
            case 2:
                if (line == 2)
                    break;
                pic_set_line(line, value & 1);
                pic_model_line(model, input, value & 1);
                pic_model_settle();
                break;
            case 3:
                value &= (uint8_t)random();
                pic_write(port + 1, value);
                pic_model_mask(model, value);
                break;
            case 4:
                if (random() % 8)
                    break;
                value &= chip ? 0xde : 0xf8;
                pic_write((uint16_t)(0x4d0 + chip), value);
                pic_model_level(model, value);
                break;
            case 5:
            case 6:
                value &= 0xe7;
                pic_write(port, value);
                pic_model_command(model, value);
                break;
            case 7:
                value = (value & 0x67) | 0x08;
                pic_write(port, value);
                pic_model_command(model, value);
                break;
            default:
                if (!pic_pending())
                    break;
                value = pic_acknowledge();
                assert_int_equal(value, pic_model_acknowledge());
                taken++;
                from_slave += value >= SLAVE_VECTOR;
                nested += __builtin_popcount(pic_model_bits(&pic_models[0], true)) > 1;
                break;
            }
            compare();
        }
    }
    /* The walk got somewhere. */
    assert_in_range(taken, 20000, UINT32_MAX);
    assert_in_range(from_slave, 2000, taken);
    assert_in_range(nested, 1000, taken);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_operations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
