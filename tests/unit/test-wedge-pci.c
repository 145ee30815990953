/* SPDX-License-Identifier: GPL-3.0-or-later */
/* PCI's configuration ports, in front of a machine with one function, 00:02.0. */
#include "helpers.h"

#include "wedge/backend.h"
#include "wedge/devices.h"
#include "wedge/print.h"

#define ADDRESS  0xcf8
#define DATA     0xcfc
#define FUNCTION 0x80001000u

static uint32_t address, registers[64];
static unsigned messages;

static uint32_t fake_port_read(uint16_t port, int width)
{
    uint32_t value = address & 0x80000000u && (address & 0xffff00) == 0x1000
                         ? registers[address >> 2 & 63] >> 8 * (port & 3)
                         : 0xffffffffu;

    if (port < DATA)
        return address;
    return width == 4 ? value : value & ((1u << 8 * width) - 1);
}

static void fake_port_write(uint16_t port, int width, uint32_t value)
{
    uint32_t mask = (width == 4 ? 0xffffffffu : (1u << 8 * width) - 1) << 8 * (port & 3);

    if (port == ADDRESS && width == 4)
        address = value;
    else if (port >= DATA && (address & 0xffff00) == 0x1000)
        registers[address >> 2 & 63] =
            (registers[address >> 2 & 63] & ~mask) | (value << 8 * (port & 3) & mask);
}

static struct backend fake = {.port_read = fake_port_read, .port_write = fake_port_write};
struct backend *backend = &fake;

void wedge_print(const char *format, ...)
{
    (void)format;
    messages++;
}

static int start(void **state)
{
    (void)state;
    memset(registers, 0, sizeof(registers));
    registers[0] = 0x12348086;
    messages = 0;
    return 0;
}

static void passes_everything_else_on(void **state)
{
    (void)state;
    pci_write(ADDRESS, 4, FUNCTION | 0x10);
    assert_int_equal(pci_read(ADDRESS, 4), FUNCTION | 0x10);
    pci_write(DATA, 4, 0xfebc0004);
    assert_int_equal(registers[4], 0xfebc0004);
    assert_int_equal(pci_read(DATA + 2, 2), 0xfebc);
    pci_write(DATA + 3, 1, 0x77);
    assert_int_equal(pci_read(DATA, 4), 0x77bc0004);
    pci_write(ADDRESS, 4, FUNCTION | 0x800);
    assert_int_equal(pci_read(DATA, 4), 0xffffffff);
    assert_int_equal(messages, 0);
}

static void no_device_becomes_bus_master(void **state)
{
    (void)state;
    pci_write(ADDRESS, 4, FUNCTION | 4);
    pci_write(DATA, 2, 7);
    assert_int_equal(registers[1], 3);
    assert_int_equal(messages, 1);
    pci_write(DATA, 4, 0xffff0006);
    assert_int_equal(registers[1], 0xffff0002);
    pci_write(DATA, 1, 4);
    assert_int_equal(registers[1], 0xffff0000);
    assert_int_equal(messages, 1); /* once in a row */
    pci_write(DATA + 2, 2, 4);     /* the status register */
    assert_int_equal(registers[1], 0x00040000);
    pci_write(ADDRESS, 4, FUNCTION | 8);
    pci_write(DATA, 4, 4);
    assert_int_equal(registers[2], 4);
}

static void nor_stays_one(void **state)
{
    (void)state;
    registers[1] = 7;
    pci_write(ADDRESS, 4, FUNCTION);
    assert_int_equal(pci_read(DATA, 4), 0x12348086);
    assert_int_equal(registers[1], 3);
    assert_int_equal(address, FUNCTION);
    registers[1] = 7;
    assert_int_equal(pci_read(DATA, 2), 0x8086);
    assert_int_equal(registers[1], 3);
    pci_write(ADDRESS, 4, FUNCTION | 0x800); /* nobody */
    assert_int_equal(pci_read(DATA, 4), 0xffffffff);
    assert_int_equal(address, FUNCTION | 0x800);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(passes_everything_else_on, start),
        cmocka_unit_test_setup(no_device_becomes_bus_master, start),
        cmocka_unit_test_setup(nor_stays_one, start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
