/* SPDX-License-Identifier: BSD-2-Clause */
/* PCI's configuration space, by ports 0xcf8 and 0xcfc (PCI Local Bus Specification 3.0, 3.2.2.3.2):
 * it is the machine's. What is not: a device that accesses memory by itself would do so at the
 * guest's page numbers, which are others' frames. So no device may: "bus master" (6.2.2, command
 * register, bit 2) stays off, also where firmware has left it on.
 */
#include "wedge/backend.h"
#include "wedge/devices.h"
#include "wedge/print.h"

#define ADDRESS 0xcf8
#define DATA    0xcfc

#define ADDRESS_ENABLE   0x80000000u
#define ADDRESS_FUNCTION 0x00ffff00u
#define ADDRESS_REGISTER 0x000000fcu

#define REGISTER_VENDOR    0x00
#define REGISTER_COMMAND   0x04
#define COMMAND_BUS_MASTER 0x0004u
#define NO_DEVICE          0xffffu

static uint32_t address;

bool pci_is_port(uint16_t port)
{
    return port >= ADDRESS && port < DATA + 4;
}

/* Whether an access is to the low part of a register of some function's. */
static bool is_register(uint16_t port, unsigned number)
{
    return port == DATA && address & ADDRESS_ENABLE && (address & ADDRESS_REGISTER) == number;
}

/* Looks at a function's command register, and leaves the address as it was. */
static void take_bus_master(void)
{
    uint32_t command, here = address & (ADDRESS_ENABLE | ADDRESS_FUNCTION);

    backend->port_write(ADDRESS, 4, here | REGISTER_COMMAND);
    command = backend->port_read(DATA, 2);
    if (command & COMMAND_BUS_MASTER)
        backend->port_write(DATA, 2, command & ~COMMAND_BUS_MASTER);
    backend->port_write(ADDRESS, 4, address);
}

uint32_t pci_read(uint16_t port, int width)
{
    uint32_t value = backend->port_read(port, width);

    /* Who looks for devices begins here. */
    if (is_register(port, REGISTER_VENDOR) && width >= 2 && (value & 0xffff) != NO_DEVICE)
        take_bus_master();
    return value;
}

static void tell(void)
{
    static uint32_t told = ~0u; /* once in a row */
    uint32_t function = address & ADDRESS_FUNCTION;

    if (told == function)
        return;
    told = function;
    wedge_print("PCI device %02x:%02x.%u is not let access memory by itself", function >> 16,
                function >> 11 & 31, function >> 8 & 7);
}

void pci_write(uint16_t port, int width, uint32_t value)
{
    if (port == ADDRESS && width == 4)
        address = value;
    if (is_register(port, REGISTER_COMMAND) && value & COMMAND_BUS_MASTER) {
        tell();
        value &= ~COMMAND_BUS_MASTER;
    }
    backend->port_write(port, width, value);
}
