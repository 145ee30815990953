/* SPDX-License-Identifier: BSD-2-Clause */
/* Two Intel 8259A interrupt controllers, the second one's INT wired to the first one's input 2, as
 * in every PC. Source: Intel 8259A data sheet (231468-003); for the edge/level control registers
 * and for what a PC's chip set leaves out, Intel PIIX3 data sheet (290550-002), registers ELCR,
 * ICW1 and ICW3: ICW1's LTIM bit has no effect, and ICW3 must be written but only with the values
 * of the wiring, so both are swallowed here. The MCS-80/85 mode is not there: nothing on a PC could
 * take its CALL.
 */
#include "wedge/devices.h"

#define MASTER_COMMAND 0x20
#define MASTER_DATA    0x21
#define SLAVE_COMMAND  0xa0
#define SLAVE_DATA     0xa1
#define MASTER_LEVEL   0x4d0
#define SLAVE_LEVEL    0x4d1

#define INPUTS   8
#define CASCADE  2 /* the master's input for the slave */
#define SPURIOUS 7 /* data sheet, "interrupt sequence": the level of a request that went away */
#define NONE     (-1)

#define ICW1            0x10 /* of a write to the command port */
#define ICW1_NEEDS_ICW4 0x01
#define ICW1_SINGLE     0x02
#define ICW4_AUTO_END   0x02
#define ICW4_NESTED     0x10

#define OCW3             0x08
#define OCW3_READ_ISR    0x01
#define OCW3_READ        0x02
#define OCW3_POLL        0x04
#define OCW3_SPECIAL     0x20
#define OCW3_SET_SPECIAL 0x40

/* OCW2: R, SL and EOI. */
enum ocw2 {
    ROTATE_AUTO_OFF,
    END,
    NOTHING,
    END_SPECIFIC,
    ROTATE_AUTO_ON,
    END_ROTATE,
    SET_PRIORITY,
    END_SPECIFIC_ROTATE,
};

enum expects { OPERATION, ICW2, ICW3, ICW4 };

struct chip {
    uint8_t lines;     /* what the inputs are at */
    uint8_t edges;     /* the edge sense latches: the last rise was not acknowledged yet */
    uint8_t level;     /* inputs that are level-triggered */
    uint8_t level_can; /* those that may be: the timer, keyboard, cascade, clock and FPU may not */
    uint8_t mask;
    uint8_t in_service;
    uint8_t vector; /* of input 0 */
    uint8_t lowest; /* the input of lowest priority; the one after it has the highest */
    enum expects expects;
    bool needs_icw4;
    bool single;
    bool auto_end, rotate_auto;
    bool special_mask;
    bool special_nested;
    bool poll;
    bool read_in_service;
};

static struct chip chips[2];
#define MASTER (&chips[0])
#define SLAVE  (&chips[1])

/* The last pic_pending said yes because of the slave. A request that is withdrawn after the
 * processor was told of it is answered by the chip that asked. */
static bool slave_told;

static uint8_t bit(unsigned input)
{
    return (uint8_t)(1U << input);
}

/* The inputs with their order of priority as bit numbers: 0 is the highest. */
static unsigned highest_priority(const struct chip *chip, uint8_t inputs)
{
    unsigned shift = (chip->lowest + 1U) % INPUTS;
    unsigned twice = inputs | (unsigned)inputs << INPUTS;

    return (unsigned)__builtin_ctz(twice >> shift & 0xff);
}

static unsigned input_of_priority(const struct chip *chip, unsigned priority)
{
    return (priority + chip->lowest + 1U) % INPUTS;
}

/* The IRR. In the data sheet's priority cell an edge's latch gates the input and does not replace
 * it: an input that falls before it was acknowledged takes its request back, edge or level. */
static uint8_t requests(const struct chip *chip)
{
    return chip->lines & (chip->edges | chip->level);
}

/* The input that INT is raised for, or NONE. */
static int winner(const struct chip *chip)
{
    uint8_t asking = requests(chip) & (uint8_t)~chip->mask;
    uint8_t blocking = chip->in_service;
    unsigned asked, served;

    /* Half initialized it has no vector to give. */
    if (!asking || chip->expects != OPERATION)
        return NONE;
    if (chip->special_mask)
        blocking &= (uint8_t)~chip->mask;
    asked = highest_priority(chip, asking);
    if (blocking) {
        served = highest_priority(chip, blocking);
        if (asked > served)
            return NONE;
        /* Special fully nested mode: a slave that is being served may ask again, for an input of
         * its own that has a higher priority. */
        if (asked == served && !(chip->special_nested && chip == MASTER && !chip->single &&
                                 input_of_priority(chip, asked) == CASCADE))
            return NONE;
    }
    return (int)input_of_priority(chip, asked);
}

static void set_input(struct chip *chip, unsigned input, bool level)
{
    if (level) {
        chip->edges |= bit(input) & (uint8_t)~chip->lines;
        chip->lines |= bit(input);
    } else {
        chip->lines &= (uint8_t)~bit(input);
    }
}

static void drive_cascade(void)
{
    set_input(MASTER, CASCADE, winner(SLAVE) != NONE);
}

/* What an INTA does to a chip. */
static void acknowledge(struct chip *chip, unsigned input)
{
    chip->edges &= (uint8_t)~bit(input);
    if (!chip->auto_end)
        chip->in_service |= bit(input);
    else if (chip->rotate_auto)
        chip->lowest = (uint8_t)input;
    /* INT falls with the acknowledge, so that the master sees an edge if the slave asks for another
     * input next. */
    if (chip == SLAVE) {
        set_input(MASTER, CASCADE, false);
        drive_cascade();
    }
}

static void initialize(struct chip *chip, uint8_t icw1)
{
    /* Data sheet, "initialization command word 1", a to f: the edge sense circuit is reset, so an
     * input must fall and rise to ask. */
    chip->edges = 0;
    chip->mask = 0;
    chip->in_service = 0;
    chip->lowest = INPUTS - 1;
    chip->special_mask = false;
    chip->read_in_service = false;
    chip->poll = false;
    chip->needs_icw4 = icw1 & ICW1_NEEDS_ICW4;
    chip->single = icw1 & ICW1_SINGLE;
    chip->auto_end = false;
    chip->rotate_auto = false;
    chip->special_nested = false;
    chip->expects = ICW2;
}

static void end_of_interrupt(struct chip *chip, enum ocw2 operation, unsigned input)
{
    if (operation == END || operation == END_ROTATE) {
        uint8_t served = chip->in_service;

        /* Data sheet, "end of interrupt": what is masked in special mask mode is not cleared. */
        if (chip->special_mask)
            served &= (uint8_t)~chip->mask;
        if (!served)
            return;
        input = input_of_priority(chip, highest_priority(chip, served));
    }
    chip->in_service &= (uint8_t)~bit(input);
    if (operation == END_ROTATE || operation == END_SPECIFIC_ROTATE)
        chip->lowest = (uint8_t)input;
}

static void write_command(struct chip *chip, uint8_t value)
{
    enum ocw2 operation = (enum ocw2)(value >> 5);

    if (value & ICW1) {
        initialize(chip, value);
        return;
    }
    if (value & OCW3) {
        if (value & OCW3_SET_SPECIAL)
            chip->special_mask = value & OCW3_SPECIAL;
        if (value & OCW3_POLL)
            chip->poll = true;
        else if (value & OCW3_READ)
            chip->read_in_service = value & OCW3_READ_ISR;
        return;
    }
    switch (operation) {
    case ROTATE_AUTO_OFF:
    case ROTATE_AUTO_ON:
        chip->rotate_auto = operation == ROTATE_AUTO_ON;
        break;
    case SET_PRIORITY:
        chip->lowest = value & (INPUTS - 1);
        break;
    case END:
    case END_ROTATE:
    case END_SPECIFIC:
    case END_SPECIFIC_ROTATE:
        end_of_interrupt(chip, operation, value & (INPUTS - 1));
        break;
    case NOTHING:
        break;
    }
}

static void write_data(struct chip *chip, uint8_t value)
{
    switch (chip->expects) {
    case OPERATION:
        chip->mask = value;
        return;
    case ICW2:
        chip->vector = value & (uint8_t) ~(INPUTS - 1);
        if (!chip->single) {
            chip->expects = ICW3;
            return;
        }
        break;
    case ICW3:
        break;
    case ICW4:
        chip->auto_end = value & ICW4_AUTO_END;
        chip->special_nested = value & ICW4_NESTED;
        chip->expects = OPERATION;
        return;
    }
    chip->expects = chip->needs_icw4 ? ICW4 : OPERATION;
}

static uint8_t read(struct chip *chip, bool data)
{
    if (chip->poll) {
        int input = winner(chip);

        chip->poll = false;
        if (input == NONE)
            return 0;
        acknowledge(chip, (unsigned)input);
        return (uint8_t)(0x80 | input);
    }
    if (data)
        return chip->mask;
    return chip->read_in_service ? chip->in_service : requests(chip);
}

/* The data sheet leaves the state before initialization open; this is what PC firmware leaves, with
 * everything masked. */
void pic_reset(void)
{
    for (unsigned i = 0; i < 2; i++) {
        chips[i] = (struct chip){.mask = 0xff, .lowest = INPUTS - 1, .expects = OPERATION};
        chips[i].vector = i ? 0x70 : 0x08;
        chips[i].level_can = i ? 0xde : 0xf8;
    }
    slave_told = false;
}

uint8_t pic_read(uint16_t port)
{
    switch (port) {
    case MASTER_COMMAND:
    case MASTER_DATA:
        return read(MASTER, port == MASTER_DATA);
    case SLAVE_COMMAND:
    case SLAVE_DATA:
        return read(SLAVE, port == SLAVE_DATA);
    case MASTER_LEVEL:
        return MASTER->level;
    case SLAVE_LEVEL:
        return SLAVE->level;
    default:
        return 0xff;
    }
}

void pic_write(uint16_t port, uint8_t value)
{
    switch (port) {
    case MASTER_COMMAND:
        write_command(MASTER, value);
        break;
    case MASTER_DATA:
        write_data(MASTER, value);
        break;
    case SLAVE_COMMAND:
        write_command(SLAVE, value);
        break;
    case SLAVE_DATA:
        write_data(SLAVE, value);
        break;
    case MASTER_LEVEL:
        MASTER->level = value & MASTER->level_can;
        break;
    case SLAVE_LEVEL:
        SLAVE->level = value & SLAVE->level_can;
        break;
    default:
        break;
    }
    drive_cascade();
}

void pic_set_line(unsigned line, bool level)
{
    if (line == CASCADE || line >= 2 * INPUTS)
        return;
    set_input(&chips[line / INPUTS], line % INPUTS, level);
    drive_cascade();
}

bool pic_pending(void)
{
    int input = winner(MASTER);

    slave_told = input == CASCADE && !MASTER->single;
    return input != NONE;
}

uint8_t pic_acknowledge(void)
{
    int input = winner(MASTER);

    if (input == NONE) {
        if (!slave_told)
            return MASTER->vector | SPURIOUS;
        input = CASCADE;
    }
    slave_told = false;
    acknowledge(MASTER, (unsigned)input);
    if (input != CASCADE || MASTER->single)
        return (uint8_t)(MASTER->vector | input);
    input = winner(SLAVE);
    /* A spurious interrupt is in service nowhere in the chip that gives it; of the slave's, the
     * master knows nothing, and wants its end of interrupt. */
    if (input == NONE)
        return SLAVE->vector | SPURIOUS;
    acknowledge(SLAVE, (unsigned)input);
    return (uint8_t)(SLAVE->vector | input);
}
