/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two 8259A, the second on input 2 of the first: arrays of inputs in their order of priority,
 * everything found by walking them. */
#ifndef PIC_MODEL_H
#define PIC_MODEL_H

#include <stdbool.h>
#include <stdint.h>

struct pic_model {
    bool line[8], edge[8], level[8], mask[8], serving[8];
    unsigned order[8];
    bool auto_end, rotate_auto, special, nested, poll, read_serving;
    int vector;
};

extern struct pic_model pic_models[2];

/* The input that asks for service and gets it, or -1. */
int pic_model_winner(const struct pic_model *model);

/* A line's level; what it means for the first chip comes by pic_model_settle. */
void pic_model_line(struct pic_model *model, unsigned input, bool level);
void pic_model_settle(void);

/* OCW2 and OCW3, OCW1, and the edge/level register. */
void pic_model_command(struct pic_model *model, uint8_t value);
void pic_model_mask(struct pic_model *model, uint8_t value);
void pic_model_level(struct pic_model *model, uint8_t value);

/* The requests, or what is being served. */
uint8_t pic_model_bits(const struct pic_model *model, bool serving);

/* The command port, which may be a poll, and INTA. */
uint8_t pic_model_read(struct pic_model *model);
uint8_t pic_model_acknowledge(void);

#endif
