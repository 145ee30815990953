/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The prefilter: data directives, sections, code sizes and exemptions. */
#include "prefilter-check.h"

static void data_directives(void **state)
{
    static const struct expected cases[] = {
        {".byte 0xfa\n", ".Lab_site .byte 0xfa\n", PRELUDE, NULL},
        {".byte 0x0f,0x01,0xca\n", ".Lab_site .byte 0x0f,0x01,0xca\n", PRELUDE, NULL},
        {"f: .byte 15, 1 ,\t202 # clac\n", "f: .Lab_site .byte 0x0f,0x01,0xca # clac\n", PRELUDE,
         NULL},
        {".BYTE 0372\n", ".Lab_site .byte 0xfa\n", PRELUDE, NULL},
        {".byte 0xfb\n", ".Lab_site_before .byte 0xfb\n", PRELUDE, NULL},
        {".byte 0x1fa\n", ".Lab_site .byte 0xfa\n", PRELUDE, NULL},
        {".byte 0x90,0xfa,0xfb,0x90\n",
         ".byte 0x90;.Lab_site .byte 0xfa;.Lab_site_before .byte 0xfb;.byte 0x90\n", PRELUDE, NULL},
        {".byte 0xf3,0x6c\n", ".Lab_site .byte 0xf3,0x6c\n", PRELUDE, NULL},
        {".byte 0xf3,0x90,0xf3,0x90,0xf3,0x90,0xfa\n",
         ".byte 0xf3,0x90;.byte 0xf3,0x90;.byte 0xf3,0x90;.Lab_site .byte 0xfa\n", PRELUDE, NULL},
        {".byte 0x2e,0x2e,0x2e,0x2e,0x2e,0x2e,0x2e,0x0f,0x01,0x3c,0x25,0x00,0x00,0x00,0x00\n",
         ".Lab_site .byte "
         "0x2e,0x2e,0x2e,0x2e,0x2e,0x2e,0x2e,0x0f,0x01,0x3c,0x25,0x00,0x00,0x00,0x00\n",
         PRELUDE, NULL},

        /* A row of a table, and data that are wider. */
        {".byte 0xf3,0x90,0xf3,0x90,0xf3,0x90,0x90,0xfa\n", NULL, 0, NULL},
        {".byte 0xfa,0xfa,0xfa,0xfa,0xfa,0xfa,0xfa,0xfa,0xfa,0xfa,0xfa,0xfa,0xfa,0xfa,0xfa,0xfa\n",
         NULL, 0, NULL},

        /* Innocuous, or not whole instructions. */
        {".byte 0x90,0x90\n", NULL, 0, NULL},
        {".byte 0xfa,0x0f\n", NULL, 0, NULL},
        {".byte 0x0f,0x01\n.byte 0xca\n", NULL, 0, NULL},
        {".byte 0x06,0xfa\n", NULL, 0, NULL},

        /* Not plain constants. */
        {".byte\n", NULL, 0, NULL},
        {".byte 0xfa,\n", NULL, 0, NULL},
        {".byte ,0xfa\n", NULL, 0, NULL},
        {".byte 0xfa,,0xfa\n", NULL, 0, NULL},
        {".byte 0xfa 0xfa\n", NULL, 0, NULL},
        {".byte 0xfa+0\n", NULL, 0, NULL},
        {".byte -6\n", NULL, 0, NULL},
        {".byte ~5\n", NULL, 0, NULL},
        {".byte 0b11111010\n", NULL, 0, NULL},
        {".byte f\n.byte 1f\n.long . - f\n", NULL, 0, NULL},
        {".byte 0xfa /* c */\n", ".Lab_site .byte 0xfa /* c */\n", PRELUDE, NULL},
        {".byte 0xfa, '\xfa\n", NULL, 0, NULL},
        {".byte 99999999999999999999999999\n", NULL, 0, NULL},
        {".byte 0x00000000000000000000000000000000000000fa\n", NULL, 0, NULL},
        {".macro m b\n.byte 0xfa, \\b\n.endm\n", NULL, 0, NULL},
        {".zero 4\n.fill 4,1,0xfa\n.skip 4, 0xfa\n.bytes 0xfa\n", NULL, 0, NULL},
    };
    static const struct mode bits_32 = {.bits = 32};
    static const struct expected cases_32[] = {
        {".byte 0x06,0xfa\n", ".Lab_site .byte 0x06;.Lab_site .byte 0xfa\n", PRELUDE, NULL},
        {".byte 0x48,0xfa\n", ".byte 0x48;.Lab_site .byte 0xfa\n", PRELUDE, NULL},
    };

    (void)state;
    CHECK(&plain, cases);
    CHECK(&bits_32, cases_32);
}

/* A directive that holds a table, however much of it decodes. */
static void long_data(void **state)
{
    enum { BYTES = 300 };
    char text[BYTES * 5 + 8] = ".byte ";
    struct expected expected = {.in = text};

    (void)state;
    for (int i = 0; i < BYTES; i++)
        append(text, sizeof(text), i ? ",0xfa" : "0xfa");
    check_one(&plain, &expected);
}

static void sections(void **state)
{
    static const struct expected cases[] = {
        {".data\n.byte 0xfa\n", NULL, 0, NULL},
        {".bss\n.byte 0xfa\n", NULL, 0, NULL},
        {".DATA\n.byte 0xfa\n", NULL, 0, NULL},
        {".data\n.text\n.byte 0xfa\n", ".data\n.text\n.Lab_site .byte 0xfa\n", PRELUDE, NULL},
        {".data 1\n.byte 0xfa\n.text 2\n.byte 0xfa\n",
         ".data 1\n.byte 0xfa\n.text 2\n.Lab_site .byte 0xfa\n", PRELUDE, NULL},
        {".section .rodata\n.byte 0xfa\n", NULL, 0, NULL},
        {".section .text.f\n.byte 0xfa\n", ".section .text.f\n.Lab_site .byte 0xfa\n", PRELUDE,
         NULL},
        {".section .text_table\n.byte 0xfa\n", NULL, 0, NULL},
        {".section .init\n.byte 0xfa\n.section .fini\n.byte 0xfa\n",
         ".section .init\n.Lab_site .byte 0xfa\n.section .fini\n.Lab_site .byte 0xfa\n", PRELUDE,
         NULL},
        {".section .init.text\n.byte 0xfa\n", NULL, 0, NULL},
        {".section .mine,\"ax\",@progbits\n.byte 0xfa\n",
         ".section .mine,\"ax\",@progbits\n.Lab_site .byte 0xfa\n", PRELUDE, NULL},
        {".section .mine , \"a\"\n.byte 0xfa\n", NULL, 0, NULL},
        {".section \".mine\", \"ax\"\n.byte 0xfa\n",
         ".section \".mine\", \"ax\"\n.Lab_site .byte 0xfa\n", PRELUDE, NULL},
        {".section .text.f,\"aw\"\n.byte 0xfa\n", NULL, 0, NULL},
        {".section .mine,\"aG\",@progbits,\"x\",comdat\n.byte 0xfa\n", NULL, 0, NULL},

        /* Flags given once hold for later mentions. */
        {".section .mine,\"ax\"\n.data\n.section .mine\n.byte 0xfa\n",
         ".section .mine,\"ax\"\n.data\n.section .mine\n.Lab_site .byte 0xfa\n", PRELUDE, NULL},
        {".section .text.t,\"a\"\n.text\n.section .text.t\n.byte 0xfa\n", NULL, 0, NULL},

        /* There and back. */
        {".data\n.previous\n.byte 0xfa\n.previous\n.byte 0xfa\n",
         ".data\n.previous\n.Lab_site .byte 0xfa\n.previous\n.byte 0xfa\n", PRELUDE, NULL},
        {".pushsection .data\n.byte 0xfa\n.popsection\n.byte 0xfa\n",
         ".pushsection .data\n.byte 0xfa\n.popsection\n.Lab_site .byte 0xfa\n", PRELUDE, NULL},
        {".pushsection .mine, 1, \"ax\"\n.byte 0xfa\n.popsection\n",
         ".pushsection .mine, 1, \"ax\"\n.Lab_site .byte 0xfa\n.popsection\n", PRELUDE, NULL},
        {".data\n.pushsection .text\n.pushsection .rodata\n.byte 0xfa\n.popsection\n.byte "
         "0xfa\n.popsection\n.byte 0xfa\n",
         ".data\n.pushsection .text\n.pushsection .rodata\n.byte 0xfa\n.popsection\n.Lab_site "
         ".byte "
         "0xfa\n.popsection\n.byte 0xfa\n",
         PRELUDE, NULL},
        {".pushsection .data\n.text\n.popsection\n.previous\n.byte 0xfa\n",
         ".pushsection .data\n.text\n.popsection\n.previous\n.Lab_site .byte 0xfa\n", PRELUDE,
         NULL},
        {".popsection\n.byte 0xfa\n", ".popsection\n.Lab_site .byte 0xfa\n", PRELUDE, NULL},
        {".struct 0\n.byte 0xfa\n", LEAVE ".struct 0" ENTER(6) "\n.byte 0xfa\n", PRELUDE | CLOSED,
         NULL},
        {".offset 4\n", LEAVE ".offset 4" ENTER(6) "\n", PRELUDE | CLOSED, NULL},
        {".subsection 1\n.byte 0xfa\n", ".subsection 1\n.Lab_site .byte 0xfa\n", PRELUDE, NULL},
    };

    (void)state;
    CHECK(&plain, cases);
}

/* Deeper than the tracker remembers: it comes back to the right one all the same. */
static void deep_sections(void **state)
{
    enum { DEPTH = 70 };
    char in[DEPTH * 40 + 64] = "", out[DEPTH * 40 + 96] = "";
    struct expected expected = {in, out, PRELUDE, NULL};

    (void)state;
    for (int i = 0; i < DEPTH; i++)
        append(in, sizeof(in), ".pushsection .data\n");
    for (int i = 0; i < DEPTH; i++)
        append(in, sizeof(in), ".popsection\n");
    append(out, sizeof(out), in);
    append(in, sizeof(in), ".byte 0xfa\n");
    append(out, sizeof(out), ".Lab_site .byte 0xfa\n");
    check_one(&plain, &expected);
}

/* Tables among code: what begins and ends a row of data. */
static void data_rows(void **state)
{
    static const struct expected cases[] = {
        {".short 0x320f\n.2byte 0x320f\n.word 0x320f\n.value 0x320f\n.hword 0x320f\n",
         ".Lab_data_row 1;.short 0x320f\n.2byte 0x320f\n.word 0x320f\n.value 0x320f\n"
         ".hword 0x320f\n",
         PRELUDE | CLOSED, NULL},
        {"jmp f\ng: .quad 1,2\n.LONG 3\nh:\n.ascii \"a\"\ni: nop\n",
         "jmp f\ng: .Lab_data_row 1;.quad 1,2\n.LONG 3\nh:\n.ascii \"a\"\ni: "
         ".Lab_data_row 0;nop\n",
         PRELUDE | CLOSED, NULL},
        {"nop\n.word 1\n.fill 3\n.word 1\n",
         "nop\n.Lab_data_row 1;.word 1\n.Lab_data_row 0;.fill 3\n.Lab_data_row 1;.word 1\n",
         PRELUDE | CLOSED, NULL},
        {"nop\n.word 1\n.data\n.word 2\n",
         "nop\n.Lab_data_row 1;.word 1\n.Lab_data_row 0;.Lab_leave;.data;.Lab_enter 0\n.word 2\n",
         PRELUDE | CLOSED, NULL},
        /* The rest of an instruction. */
        {".byte 0xe9\n.long f - .\n", NULL, 0, NULL},
        {".byte 0xea\n.long f\n.word 8\n", NULL, 0, NULL},
        /* Elsewhere everything is data, and fill may be nops. */
        {".data\n.word 1\n", NULL, 0, NULL},
        {"nop\n.skip 3,0x90\n.fill 2,1,0x90\n.org 8\n.space 4\n.zero 4\n", NULL, 0, NULL},
    };

    (void)state;
    CHECK(&plain, cases);
}

static void exemptions(void **state)
{
    /* The directives are macros of the prelude's. */
    static const struct expected cases[] = {
        {".afterburn_off\ncli\n.afterburn_on\ncli\n", ".afterburn_off\ncli\n.afterburn_on\ncli\n",
         PRELUDE | CLOSED, NULL},
        {"cli\n.afterburn_on", NULL, PRELUDE | CLOSED, NULL},
        /* Where the state may be another one, the section is followed. */
        {".afterburn_off\n.data\n.text\n.subsection 1\n",
         ".afterburn_off\n" LEAVE ".data" ENTER(0) "\n" LEAVE ".text" ENTER(
             1) "\n" LEAVE ".subsection 1" ENTER(.Lab_place) "\n",
         PRELUDE | CLOSED, NULL},
        {".pushsection .a,\"ax\"\n.previous\n.popsection # c\n.afterburn_off",
         LEAVE ".pushsection .a,\"ax\";.Lab_push 1\n" LEAVE ".previous;.Lab_swap\n" LEAVE
               ".popsection;.Lab_pop # c\n.afterburn_off",
         PRELUDE | CLOSED, NULL},
        {".data\n.text\n.section .a,\"ax\"\n", NULL, 0, NULL},
        /* A section of a group has its records in the group. */
        {".section .text.f,\"axG\",@progbits,f,comdat\ncli\n.section "
         ".d,\"awG\",@progbits,f,comdat\n",
         LEAVE ".section .text.f,\"axG\",@progbits,f,comdat" ENTER(
             5) "\ncli\n" LEAVE ".section .d,\"awG\",@progbits,f,comdat" ENTER(4) "\n",
         PRELUDE | CLOSED, NULL},
        {".section .text.f,\"axG\",@progbits,f,comdat\n.section .x,\"ax?\"\n",
         LEAVE ".section .text.f,\"axG\",@progbits,f,comdat" ENTER(
             5) "\n" LEAVE ".section .x,\"ax?\""
                ";.Lab_enter 1+((.Lab_place>>2)-((.Lab_place>>3)*2))*4"
                "\n",
         PRELUDE | CLOSED, NULL},
        {".section .d,\"awG\",@progbits,f,comdat\n", NULL, 0, NULL},
    };
    static const struct mode rules = {.bits = 64, .policy = "section .user.* off\n"};
    static const struct expected cases_rules[] = {
        {".section .user.a,\"ax\"\ncli\n.section .kernel,\"ax\"\ncli\n",
         LEAVE ".section .user.a,\"ax\"" ENTER(3) "\ncli\n" LEAVE
                                                  ".section .kernel,\"ax\"" ENTER(1) "\ncli\n",
         PRELUDE | CLOSED, NULL},
        {".section .user.data,\"aw\"\n.byte 0xfa\n", NULL, 0, NULL},
    };
    /* The text begins in .text, whether it says so or not. */
    static const struct mode no_text = {.bits = 64, .policy = "section .text off\n"};
    static const struct expected cases_text[] = {
        {"", NULL, 0, NULL},
        {"# 1 \"a.S\"\nf: cli\n", "# 1 \"a.S\"\nf: .Lab_enter 3;cli\n", PRELUDE | CLOSED, "a.S"},
        {"f:\n", "f:.Lab_enter 3;\n", PRELUDE | CLOSED, NULL},
        {"rep; insb", ".Lab_enter 3;   ; " PREFIXED_1("rep") "insb", PRELUDE | CLOSED, NULL},
        {".section .x,\"ax\"\ncli\n", ".Lab_enter 3;" LEAVE ".section .x,\"ax\"" ENTER(1) "\ncli\n",
         PRELUDE | CLOSED, NULL},
    };

    (void)state;
    CHECK(&plain, cases);
    CHECK(&rules, cases_rules);
    CHECK(&no_text, cases_text);
}

static void code_size(void **state)
{
    static const struct mode bits_32 = {.bits = 32};
    static const struct expected cases[] = {
        {".code64\ncli\n", NULL, PRELUDE, NULL},
        {".code32\ncli\n.code64\ncli\n", ".code32" CODE(32) "\ncli\n.code64" CODE(64) "\ncli\n",
         PRELUDE | CLOSED, NULL},
        {".code16\ncli\n", ".code16" CODE(16) "\ncli\n", PRELUDE | CLOSED, NULL},
        {".code16gcc # c\ncli", ".code16gcc" CODE(16) " # c\ncli", PRELUDE | CLOSED, NULL},
        {".code32\n.byte 0x06\n", ".code32" CODE(32) "\n.Lab_site .byte 0x06\n", PRELUDE | CLOSED,
         NULL},
    };
    static const struct expected cases_32[] = {
        {".code32\ncli\n", NULL, PRELUDE, NULL},
        {".code64\ncli\n", ".code64" CODE(64) "\ncli\n", PRELUDE | CLOSED, NULL},
    };

    (void)state;
    CHECK(&plain, cases);
    CHECK(&bits_32, cases_32);
}

/* A NUL ends neither a number nor the text; what is behind it is kept. */
static void embedded_nul(void **state)
{
    static const char in[] = ".byte 0xfa\0.texl\n";

    (void)state;
    check_text(&plain, &(struct expected){in, NULL, 0, NULL}, sizeof(in) - 1);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(data_directives), cmocka_unit_test(long_data),
        cmocka_unit_test(sections),        cmocka_unit_test(deep_sections),
        cmocka_unit_test(data_rows),       cmocka_unit_test(exemptions),
        cmocka_unit_test(code_size),       cmocka_unit_test(embedded_nul),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
