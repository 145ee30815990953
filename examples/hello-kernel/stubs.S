/* SPDX-License-Identifier: BSD-2-Clause */
/* Chapter 7, what is the same for both: ARCH/entry.S includes this. ADDRESS is .quad or .long. */
/* One bit for each vector whose frame has an error code: 8, 10-14, 17, 21, 29, 30. */
#define VECTORS_WITH_ERROR      0x60227d00

/* 7.2 A stub for every vector in use, and a table of them from which gates.c builds the IDT. */
.macro STUB vector
FUNCTION stub_\vector
    .if ((VECTORS_WITH_ERROR >> \vector) & 1) == 0
    push $0
    .endif
    push $\vector
    jmp trap_entry
END stub_\vector
    .pushsection .rodata.stubs, "a"
    ADDRESS stub_\vector
    .popsection
.endm

    .section .rodata.stubs, "a"
    .balign 8
OBJECT trap_stubs

    .text
    .irp vector, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, \
                 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, \
                 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47
    STUB \vector
    .endr

    .section .rodata.stubs, "a"
END trap_stubs
    .text

FUNCTION stub_int80
    push $0
    push $VECTOR_INT80
    jmp trap_entry
END stub_int80
