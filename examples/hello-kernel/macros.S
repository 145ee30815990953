/* SPDX-License-Identifier: BSD-2-Clause */
/* Every piece of assembly says what it is and how long it is, so that tools can find its end. */
.macro FUNCTION name
    .globl \name
    .type \name, @function
    .balign 16
\name:
.endm

.macro OBJECT name
    .globl \name
    .type \name, @object
\name:
.endm

.macro END name
    .size \name, . - \name
.endm
