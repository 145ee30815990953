/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pic-model.h"

#include <stdlib.h>
#include <string.h>

struct pic_model pic_models[2];

static bool asks(const struct pic_model *model, unsigned input)
{
    return model->line[input] && (model->level[input] || model->edge[input]);
}

int pic_model_winner(const struct pic_model *model)
{
    for (unsigned i = 0; i < 8; i++) {
        unsigned input = model->order[i];
        bool wants = asks(model, input) && !model->mask[input];

        if (model->serving[input] && !(model->special && model->mask[input]))
            return model->nested && model == &pic_models[0] && input == 2 && wants ? 2 : -1;
        if (wants)
            return (int)input;
    }
    return -1;
}

void pic_model_line(struct pic_model *model, unsigned input, bool level)
{
    if (level && !model->line[input])
        model->edge[input] = true;
    if (!level)
        model->edge[input] = false;
    model->line[input] = level;
}

void pic_model_settle(void)
{
    pic_model_line(&pic_models[0], 2, pic_model_winner(&pic_models[1]) >= 0);
}

static void make_lowest(struct pic_model *model, unsigned input)
{
    while (model->order[7] != input) {
        unsigned highest = model->order[0];

        memmove(&model->order[0], &model->order[1], 7 * sizeof(model->order[0]));
        model->order[7] = highest;
    }
}

static void model_take(struct pic_model *model, unsigned input)
{
    model->edge[input] = false;
    if (!model->auto_end)
        model->serving[input] = true;
    else if (model->rotate_auto)
        make_lowest(model, input);
    if (model == &pic_models[1])
        pic_model_line(&pic_models[0], 2, false);
    pic_model_settle();
}

void pic_model_command(struct pic_model *model, uint8_t value)
{
    if (value & 0x08) {
        if (value & 0x40)
            model->special = value & 0x20;
        if (value & 0x04)
            model->poll = true;
        else if (value & 0x02)
            model->read_serving = value & 0x01;
    } else {
        bool rotate = value & 0x80, specific = value & 0x40, end = value & 0x20;
        int input = specific ? value & 7 : -1;

        if (!specific && !end)
            model->rotate_auto = rotate;
        for (unsigned i = 0; i < 8 && input < 0 && end; i++) {
            unsigned candidate = model->order[i];

            if (model->serving[candidate] && !(model->special && model->mask[candidate]))
                input = (int)candidate;
        }
        if (end && input >= 0)
            model->serving[input] = false;
        if (rotate && input >= 0)
            make_lowest(model, (unsigned)input);
    }
    pic_model_settle();
}

uint8_t pic_model_bits(const struct pic_model *model, bool serving)
{
    uint8_t bits = 0;

    for (unsigned i = 0; i < 8; i++)
        if (serving ? model->serving[i] : asks(model, i))
            bits |= (uint8_t)(1U << i);
    return bits;
}

uint8_t pic_model_read(struct pic_model *model)
{
    int input = pic_model_winner(model);

    if (!model->poll)
        return pic_model_bits(model, model->read_serving);
    model->poll = false;
    if (input < 0)
        return 0;
    model_take(model, (unsigned)input);
    return (uint8_t)(0x80 + input);
}

uint8_t pic_model_acknowledge(void)
{
    int input = pic_model_winner(&pic_models[0]);

    if (input < 0)
        return (uint8_t)(pic_models[0].vector + 7);
    model_take(&pic_models[0], (unsigned)input);
    if (input != 2)
        return (uint8_t)(pic_models[0].vector + input);
    input = pic_model_winner(&pic_models[1]);
    if (input < 0)
        abort();
    model_take(&pic_models[1], (unsigned)input);
    return (uint8_t)(pic_models[1].vector + input);
}

void pic_model_mask(struct pic_model *model, uint8_t value)
{
    for (unsigned i = 0; i < 8; i++)
        model->mask[i] = value >> i & 1;
    pic_model_settle();
}

void pic_model_level(struct pic_model *model, uint8_t value)
{
    for (unsigned i = 0; i < 8; i++)
        model->level[i] = value >> i & 1;
    pic_model_settle();
}
