/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The few instructions that binding is made of, as both decoders read them. */
#ifndef AFTERBURNER_VERIFY_PLAIN_H
#define AFTERBURNER_VERIFY_PLAIN_H

#include <Zydis/Zydis.h>
#include <capstone/capstone.h>
#include <stddef.h>
#include <stdint.h>

enum plain_kind {
    PLAIN_OTHER, /* anything else, or the decoders differ */
    PLAIN_JUMP,  /* value: where to */
    PLAIN_TRAP,  /* ud2 */
    PLAIN_NOP,
    PLAIN_INT3,
    PLAIN_SAVE_RSP, /* mov %rsp, value */
    PLAIN_LOAD_RSP, /* lea value, %rsp */
    PLAIN_PUSH,     /* value: the immediate */
    PLAIN_SET_BYTE, /* movb $1, value */
};

struct plain {
    enum plain_kind kind;
    unsigned int length; /* 0 when it cannot be decoded */
    uint64_t value;
};

/* Decoders for code of 16, 32 and 64 bits. */
struct plain_decoders {
    ZydisDecoder zydis[3];
    struct {
        csh handle;
        cs_insn *instruction;
    } capstone[3];
};

/* Which of the decoders is for code of so many bits. */
int plain_mode(int bits);

/* Gives 0, or -1 when Capstone cannot be started; then, too, they must be closed. */
int plain_open(struct plain_decoders *decoders);
void plain_close(struct plain_decoders *decoders);

/* The instruction at `address`, whose bytes these are, in code of 16, 32 or 64 bits. */
struct plain plain_decode(struct plain_decoders *decoders, int bits, uint64_t address,
                          const unsigned char *bytes, size_t size);

/* Which entry of the table the instruction is for either decoder; 0 when for none. *length is 0
 * when one of them cannot decode it, or they differ about its length. */
int plain_classify(struct plain_decoders *decoders, int bits, uint64_t address,
                   const unsigned char *bytes, size_t size, size_t *length);

#endif
