/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Setting up the wedge's two 8259A as kernels do. */
#ifndef PIC_PORTS_H
#define PIC_PORTS_H

#include "helpers.h"

#include "wedge/devices.h"

#define MASTER_VECTOR 0x30
#define SLAVE_VECTOR  0x38

/* Both chips as kernels set them up, with these ICW4; all lines low and unmasked. */
static inline void set_up(uint8_t master_icw4, uint8_t slave_icw4)
{
    pic_reset();
    pic_write(0x20, 0x11);
    pic_write(0x21, MASTER_VECTOR);
    pic_write(0x21, 0x04);
    pic_write(0x21, master_icw4);
    pic_write(0xa0, 0x11);
    pic_write(0xa1, SLAVE_VECTOR);
    pic_write(0xa1, 0x02);
    pic_write(0xa1, slave_icw4);
    pic_write(0x21, 0);
    pic_write(0xa1, 0);
}

#endif
