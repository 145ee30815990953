/* SPDX-License-Identifier: BSD-2-Clause */
/* What an emulated instruction reads and writes, and what it came to. */
#ifndef WEDGE_OPERANDS_H
#define WEDGE_OPERANDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "afterburn/image.h"
#include "wedge/memory.h"
#include "wedge/vcpu.h"

/* With whose privilege an instruction reaches memory. */
static inline uint32_t access_of(const struct vcpu *vcpu)
{
    return vcpu->user ? ACCESS_USER : 0;
}

struct outcome {
    int exception; /* or EXCEPTION_NONE */
    uint64_t error;
    bool has_error;
    bool jumped;    /* the instruction pointer is set already */
    bool delivered; /* so was an exception or interrupt: a trap after the instruction is lost */
};

static const struct outcome outcome_done = {.exception = EXCEPTION_NONE};
static const struct outcome outcome_jumped = {.exception = EXCEPTION_NONE, .jumped = true};

static inline struct outcome outcome_fault(int exception, uint64_t error)
{
    return (struct outcome){.exception = exception, .error = error, .has_error = true};
}

static inline struct outcome outcome_undefined(void)
{
    return (struct outcome){.exception = EXCEPTION_INVALID_OPCODE};
}

/* Delivers an outcome's exception; false when it has none. */
static inline bool outcome_deliver(struct vcpu *vcpu, const struct outcome *outcome)
{
    if (outcome->exception == EXCEPTION_NONE)
        return false;
    exception_deliver(vcpu, (unsigned)outcome->exception, outcome->has_error, outcome->error);
    return true;
}

/* `code` as guest_read and guest_write give it. */
struct outcome outcome_page_fault(struct vcpu *vcpu, uint32_t code, uint64_t address);

/* The lowest `width` bytes, one at least. */
static inline uint64_t register_truncate(uint64_t value, unsigned width)
{
    return width < 8 ? value & (~0ul >> (64 - 8 * width)) : value;
}

/* Writes a general register as an instruction of that operand width does: 32-bit ones clear the
 * upper half. */
void register_set(struct vcpu *vcpu, unsigned number, uint64_t value, unsigned width);

static inline bool address_canonical(uint64_t address)
{
    return (uint64_t)((int64_t)(address << 16) >> 16) == address;
}

uint64_t segment_base(const struct vcpu *vcpu, unsigned segment);

/* The instruction's register-or-memory operand. `*outcome` is a page fault when they give false. */
bool operand_in_memory(const struct wedge_site *site);
uint64_t operand_address(const struct vcpu *vcpu, const struct wedge_site *site);
bool operand_read(struct vcpu *vcpu, const struct wedge_site *site, void *to, size_t size,
                  struct outcome *outcome);
/* A far pointer in memory: an offset of `width` bytes, then the selector. */
bool operand_read_far(struct vcpu *vcpu, const struct wedge_site *site, unsigned width,
                      uint64_t *offset, uint16_t *selector, struct outcome *outcome);
bool operand_write(struct vcpu *vcpu, const struct wedge_site *site, const void *from, size_t size,
                   struct outcome *outcome);

/* A 16-bit value to a register of the site's width, or to memory as 16 bits; and from there. */
struct outcome operand_store_selector(struct vcpu *vcpu, const struct wedge_site *site,
                                      uint16_t value);
bool operand_fetch_selector(struct vcpu *vcpu, const struct wedge_site *site, uint16_t *value,
                            struct outcome *outcome);

/* The stack: `place` counts from its top, in units of `width` bytes; `count` values of that width
 * are read. */
struct outcome stack_push(struct vcpu *vcpu, uint64_t value, unsigned width);
bool stack_peek(struct vcpu *vcpu, unsigned place, unsigned count, unsigned width, uint64_t *values,
                struct outcome *outcome);
void stack_drop(struct vcpu *vcpu, uint64_t bytes);

#endif
