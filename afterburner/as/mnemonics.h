/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a mnemonic of the source text may be, by the table of sensitive instructions. */
#ifndef AFTERBURNER_AS_MNEMONICS_H
#define AFTERBURNER_AS_MNEMONICS_H

#include <stddef.h>

enum mnemonic {
    MNEMONIC_INNOCUOUS,
    MNEMONIC_SENSITIVE,  /* the mnemonic alone decides; a macro of the prelude has its name */
    MNEMONIC_PAD_BEFORE, /* the same, padded before */
    MNEMONIC_MOVE,       /* mov, push, pop: sensitive with a control, debug or segment register */
    MNEMONIC_BRANCH,     /* jmp, call: sensitive when far */
    MNEMONIC_PREFIX,     /* a prefix written as a word */
};

/* Looks up a mnemonic, in any case. */
enum mnemonic mnemonic_look_up(const char *word, size_t length);

/* The control, debug and segment registers that processors have, by their names; NULL behind the
 * last. GNU as knows more, which no processor takes. */
extern const char *const special_registers[];

/* Whether code of that size has the register: CR8 is 64-bit code's. (GNU as makes of 32-bit code's
 * AMD's other encoding, which no decoder takes.) */
int special_register_exists(const char *name, int bits);

/* Whether the text of one operand is a control, debug or segment register of code with that many
 * bits; a name without `%` counts in Intel syntax. Sets *stack when it is SS. */
int operand_is_special_register(const char *text, size_t length, int intel, int bits, int *stack);

#endif
