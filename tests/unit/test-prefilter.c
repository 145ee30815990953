/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The prefilter: instructions, strings, macros, the text's source. */
#include "prefilter-check.h"

static void innocuous(void **state)
{
    static const struct expected cases[] = {
        {.in = ""},
        {.in = "\n"},
        {.in = "f:\n\tmov %eax, %ebx\n\tret\n"},
        {.in = "f: g: nop"},
        {.in = "# cli\n/ cli\n/* cli */\n"},
        {.in = ".data\n.ascii \"cli; .byte 0xfa\"\n"},
        {.in = "jmp f\ncall *%rax\njmp *8(%rax,%rbx,4)\njmp 1f\n"},
        {.in = "rep; nop\nrep stosb\nlock; addl $1, (%rax)\n"},
        {.in = "push %rax\npop (%rbx)\nmov %es:(%rax), %ebx\nmov foo(%rip), %rax\n"},
        {.in = "mov $'a, %al\n"},
    };

    (void)state;
    CHECK(&plain, cases);
}

/* The mnemonic is enough: a macro of the prelude has its name, so the text stays. */
static void by_mnemonic(void **state)
{
    static const struct expected cases[] = {
        {.in = "cli", .flags = PRELUDE},
        {.in = "CLI\n", .flags = PRELUDE},
        {.in = "f: sti; hlt\n", .flags = PRELUDE},
        {.in = "in (%dx), %al\n", .flags = PRELUDE},
        {.in = "lgdt gdt(%rip)\niretq\n", .flags = PRELUDE},
        {.in = "lretq\nljmp *(%rax)\n", .flags = PRELUDE},
        {.in = "nop /* a comment over\nlines */ cli\n", .flags = PRELUDE},
        {.in = "nop; / don't\ncli\n", .flags = PRELUDE},
    };

    (void)state;
    CHECK(&plain, cases);
}

/* Names that only look like mnemonics. */
static void labels_and_assignments(void **state)
{
    static const struct expected cases[] = {
        {.in = "cli:\n\tnop\n"},
        {.in = "in: out: nop\n"},
        {.in = "hlt :\n"},
        {.in = "\"cli\": nop\n"},
        {.in = "in = 5\nout=6\n"},
        {.in = "in == 5\n"},
        {.in = "in: in %dx, %al\n", .flags = PRELUDE},
        {.in = ".set cli, 5\n.globl hlt\n"},
        {.in = "jmp cli\ncall in\n"},
        {.in = "rep = 5\ninsb\n", .flags = PRELUDE},
    };

    (void)state;
    CHECK(&plain, cases);
}

static void moves(void **state)
{
    static const struct expected cases[] = {
        {"mov %cr0, %rax\n", SITE "mov %cr0, %rax\n", PRELUDE, NULL},
        {"\tmovq %rax,%cr8\n", "\t" SITE "movq %rax,%cr8\n", PRELUDE, NULL},
        {"f: mov %dr7, %rax # c\n", "f: " SITE "mov %dr7, %rax # c\n", PRELUDE, NULL},
        {"mov %db6, %rax", SITE "mov %db6, %rax", PRELUDE, NULL},
        {"mov %CR8, %rax\nMOV %eax, %DS\n", SITE "mov %CR8, %rax\n" SITE "MOV %eax, %DS\n", PRELUDE,
         NULL},
        {"movl %ds, %eax; movw %ax, %ss\n", SITE "movl %ds, %eax; " BEFORE "movw %ax, %ss\n",
         PRELUDE, NULL},
        {"movw 8(%rsp,%rax,4), %es\n", SITE "movw 8(%rsp,%rax,4), %es\n", PRELUDE, NULL},
        {"mov % ds, %eax\n", SITE "mov % ds, %eax\n", PRELUDE, NULL},
        {"mov %\tcr3, %rax\n", SITE "mov %\tcr3, %rax\n", PRELUDE, NULL},
        {"mov %%cr3, %%rax\n", SITE "mov %%cr3, %%rax\n", PRELUDE, NULL},
        {"mov /* why */ %cr0 /* not */, %rax\n", SITE "mov /* why */ %cr0 /* not */, %rax\n",
         PRELUDE, NULL},
        {"push %fs; pop %gs\n", SITE "push %fs; " SITE "pop %gs\n", PRELUDE, NULL},
        {"pushq %gs\npopw %fs\n", SITE "pushq %gs\n" SITE "popw %fs\n", PRELUDE, NULL},
        {"data16 mov %ds, %ax\n", SITE "data16 mov %ds, %ax\n", PRELUDE, NULL},
        {"{load} mov %ds, %eax\n", SITE "{load} mov %ds, %eax\n", PRELUDE, NULL},
        {"{load mov %ds, %eax\n", NULL, 0, NULL},

        /* No special register, or none that gas or a processor has. */
        {"mov %cr1, %rax\nmov %cr15, %rax\nmov %dr8, %rax\nmov %db15, %rax\n", NULL, 0, NULL},
        {"mov %cr16, %rax\nmov %cr, %rax\nmov %crx, %rax\nmov %cr00, %rax\n", NULL, 0, NULL},
        {"mov %xs, %eax\nmov %s, %eax\nmov %dsx, %eax\n", NULL, 0, NULL},
        {"mov cr0, %rax\nmov ds, %eax\n", NULL, 0, NULL},
        {"mov %ds:(%rax), %eax\nmov %fs:0, %rax\nmov %gs:8(%rax,%rbx), %ecx\n", NULL, 0, NULL},
        {"mov $%cr0, %eax\nlea %cr0, %rax\n", NULL, 0, NULL},
        {"mov %rax, /* %cr0 */ %rbx\n", NULL, 0, NULL},

        /* Where a macro's argument may be one, gas must look. */
        {".macro m r\nmov \\r, %rax\n.endm\n", NULL, PRELUDE | DYNAMIC, NULL},
        {".macro m r\nmov %cr0, \\r\n.endm\n", ".macro m r\n" SITE "mov %cr0, \\r\n.endm\n",
         PRELUDE, NULL},
        {".macro m i\n\\i %rax\n.endm\n", ".macro m i\n" LEAVE "\\i %rax" HIDDEN "\n.endm\n",
         PRELUDE | DYNAMIC | CLOSED, NULL},
        {".macro m i\nmov\\i %rax, %rbx\n.endm\n",
         ".macro m i\n" LEAVE "mov\\i %rax, %rbx" HIDDEN "\n.endm\n", PRELUDE | DYNAMIC | CLOSED,
         NULL},
        {".macro m i\nrep \\i\\()b\n.endm\n", NULL, PRELUDE | DYNAMIC, NULL},

        /* Registers without % after noprefix. */
        {".att_syntax noprefix\nmov cr0, rax\n.att_syntax prefix\nmov cr0, rax\n",
         ".att_syntax noprefix\n" SITE "mov cr0, rax\n.att_syntax prefix\nmov cr0, rax\n", PRELUDE,
         NULL},
    };

    (void)state;
    CHECK(&plain, cases);
}

static void intel_syntax(void **state)
{
    static const struct mode intel = {.bits = 64, .intel = 1};
    static const struct expected cases[] = {
        {"mov cr0, rax\n", SITE "mov cr0, rax\n", PRELUDE, NULL},
        {"mov rax, %cr0\n", SITE "mov rax, %cr0\n", PRELUDE, NULL},
        {"mov ax, ds\nMOV DS, AX\n", SITE "mov ax, ds\n" SITE "MOV DS, AX\n", PRELUDE, NULL},
        {"mov word ptr [rax + rbx*4], es\n", SITE "mov word ptr [rax + rbx*4], es\n", PRELUDE,
         NULL},
        {"push fs\npop gs\n", SITE "push fs\n" SITE "pop gs\n", PRELUDE, NULL},
        {"mov rax, ds:[rbx]\nmov eax, dword ptr gs:0\nmov rax, crumb\n", NULL, 0, NULL},
        {"jmp far ptr [rax]\n", SITE "jmp far ptr [rax]\n", PRELUDE, NULL},
        {"jmp far\t[rax]\n", SITE "jmp far\t[rax]\n", PRELUDE, NULL},
        {"jmp FAR PTR [rax]\n", SITE "jmp FAR PTR [rax]\n", PRELUDE, NULL},
        {"call fword ptr [rax]\n", SITE "call fword ptr [rax]\n", PRELUDE, NULL},
        {"call tbyte ptr [rax]\n", SITE "call tbyte ptr [rax]\n", PRELUDE, NULL},
        {"jmp 0x10:0x1000\n", SITE "jmp 0x10:0x1000\n", PRELUDE, NULL},
        {"call selector:target\n", SITE "call selector:target\n", PRELUDE, NULL},
        {"jmp fs:[rax]\ncall qword ptr gs:[rax]\n", NULL, 0, NULL},
        {"jmp far\njmp farther\njmp my_fword\ncall near ptr f\n", NULL, 0, NULL},
        {"retf\npushfd\niretd\ninsd\n", NULL, PRELUDE, NULL},
        {"rep insd\n", SITE "rep insd\n", PRELUDE, NULL},
        {".att_syntax\nmov cr0, rax\nmov %cr0, %rax\n",
         ".att_syntax\nmov cr0, rax\n" SITE "mov %cr0, %rax\n", PRELUDE, NULL},
    };
    static const struct expected switched[] = {
        {".intel_syntax noprefix\nmov cr0, rax\njmp 1:2\n.att_syntax prefix\nmov cr0, rax\njmp "
         "1:2\n",
         ".intel_syntax noprefix\n" SITE "mov cr0, rax\n" SITE
         "jmp 1:2\n.att_syntax prefix\nmov cr0, rax\njmp 1:2\n",
         PRELUDE, NULL},
        {"jmp $0x10, $0x1000\ncall $1,$f\n", SITE "jmp $0x10, $0x1000\n" SITE "call $1,$f\n",
         PRELUDE, NULL},
        {"jmp far ptr [rax]\njmp (%rax,%rbx)\n", NULL, 0, NULL},
    };

    (void)state;
    CHECK(&intel, cases);
    CHECK(&plain, switched);
}

static void prefixes(void **state)
{
    static const struct expected cases[] = {
        {"rep insb\n", SITE "rep insb\n", PRELUDE, NULL},
        {"REP INSB\n", SITE "REP INSB\n", PRELUDE, NULL},
        {"rep; insb\n", "   ; " PREFIXED_1("rep") "insb\n", PRELUDE, NULL},
        {"rep ; outsl # c\n", "    ; " PREFIXED_1("rep") "outsl # c\n", PRELUDE, NULL},
        {"\trep\n\tinsb\n", "\t   \n\t" PREFIXED_1("rep") "insb\n", PRELUDE, NULL},
        {"rep\n\n# c\n/* d\n */\ninsb\n", "   \n\n# c\n/* d\n */\n" PREFIXED_1("rep") "insb\n",
         PRELUDE, NULL},
        {"rep # c\ninsb", "    # c\n" PREFIXED_1("rep") "insb", PRELUDE, NULL},
        {"rep /* c */\ninsb", "    /* c */\n" PREFIXED_1("rep") "insb", PRELUDE, NULL},
        {"rep /* c */ insb", SITE "rep /* c */ insb", PRELUDE, NULL},
        {"f: rep; insb\n", "f:    ; " PREFIXED_1("rep") "insb\n", PRELUDE, NULL},
        {"data16; rep; insw\n", "           ; " PREFIXED("data16", "rep") "insw\n", PRELUDE, NULL},
        {"rex64 sysret\n", SITE "rex64 sysret\n", PRELUDE, NULL},
        {"rex.w lgdt (%rax)\nds lidt (%rax)\n", SITE "rex.w lgdt (%rax)\n" SITE "ds lidt (%rax)\n",
         PRELUDE, NULL},
        {"rep; sti\n", "   ; Lab.prefixed_before \"{nooptimize} rep;\",{nooptimize} sti\n", PRELUDE,
         NULL},
        {"ds sti\n", BEFORE "ds sti\n", PRELUDE, NULL},
        {"{disp32} lgdt (%rax)\n", SITE "{disp32} lgdt (%rax)\n", PRELUDE, NULL},
        {"{vex} {disp8} rep insb\n", SITE "{vex} {disp8} rep insb\n", PRELUDE, NULL},
        {"rep; mov %ds, %eax\n", "   ; " PREFIXED_1("rep") "mov %ds, %eax\n", PRELUDE, NULL},
        {"rep; ljmp *(%rax)\n", "   ; " PREFIXED_1("rep") "ljmp *(%rax)\n", PRELUDE, NULL},

        /* What ends the wait for an instruction. */
        {"rep; nop; insb\n", NULL, PRELUDE, NULL},
        {"rep\nf: insb\n", NULL, PRELUDE, NULL},
        {"rep\nf:\ninsb\n", NULL, PRELUDE, NULL},
        {"rep\n.p2align 4\ninsb\n", NULL, PRELUDE, NULL},
        {"rep", NULL, 0, NULL},
        {"rep; movsb; rep; insb\n", "rep; movsb;    ; " PREFIXED_1("rep") "insb\n", PRELUDE, NULL},
        {"rep\nx = 5\ninsb\n", "   \nx = 5\n" PREFIXED_1("rep") "insb\n", PRELUDE, NULL},
    };

    (void)state;
    CHECK(&plain, cases);
}

static void strings(void **state)
{
    static const struct expected cases[] = {
        {"M \"\", \".byte 0x0f,0x01,0xca\", 5\n", "M \"\", \".Lab_site .byte 0x0f,0x01,0xca\", 5\n",
         PRELUDE, NULL},
        {"M \"nop; .byte 0xfa; nop\"\n", "M \"nop; .Lab_site .byte 0xfa; nop\"\n", PRELUDE, NULL},
        {"M \"mov %cr0, %rax\", \"mov %rbx, %ds\"\n", NULL, PRELUDE | DYNAMIC, NULL},
        {"M \"rep; insb\"\n", NULL, PRELUDE | DYNAMIC, NULL},
        {"M \"rep\\n insb\", \"rep\", \"insb\"\n", NULL, PRELUDE | DYNAMIC,
         NULL}, /* `rep\n` is no prefix gas knows */
        {"M \"rep; .byte 0xfa; insb\"\n", "M \"rep; .Lab_site .byte 0xfa; insb\"\n", PRELUDE, NULL},
        {"M \"rep; 1: insb\"\nM \"rep; 1: ; insb\"\n", NULL, PRELUDE, NULL},
        {"M \"rep\"; insb\n", NULL, PRELUDE, NULL},
        {"M \"cli\"\n", NULL, PRELUDE, NULL},
        {"M \"nop\"\n", NULL, 0, NULL},
        {"M \"open\n", NULL, 0, NULL},
        {"M \"\"\n", NULL, 0, NULL},
        {"M \"1: .byte 0xfa\"\n", "M \"1: .Lab_site .byte 0xfa\"\n", PRELUDE, NULL},
        {".data\n.ascii \".byte 0xfa; mov %cr0, %rax\"\n", NULL, 0, NULL},
        {".data\nM \".byte 0xfa\"\n", NULL, 0, NULL},
    };

    (void)state;
    CHECK(&plain, cases);
}

static void macros(void **state)
{
    static const struct expected cases[] = {
        /* gas refuses to define a macro twice: ours goes first. */
        {".macro cli\nnop\n.endm\n", ".purgem cli;.macro cli\nnop\n.endm\n", PRELUDE, NULL},
        {".MACRO Sti x, y\nnop\n.ENDM\n", ".purgem Sti;.MACRO Sti x, y\nnop\n.ENDM\n", PRELUDE,
         NULL},
        {".macro mine\nnop\n.endm\n", NULL, 0, NULL},
        /* The prelude has such macros only when it is dynamic; from here on moves are left to
           macros. */
        {".macro mov a:vararg\nnop\n.endm\nmov %cr0, %rax\n",
         ".purgem mov;.macro mov a:vararg\nnop\n.endm\nmov %cr0, %rax\n", PRELUDE | DYNAMIC, NULL},
        {".macro rep\n.endm\n", ".purgem rep;.macro rep\n.endm\n", PRELUDE | DYNAMIC, NULL},
        {".macro lock\n.endm\n.macro jmp\n.endm\n", NULL, 0, NULL},
        {".macro outer\n.macro cli\n.endm\n.endm\n", NULL, 0, NULL},
        /* What a definition's body does to section and state, its uses do, not the definition. */
        {".macro m\n.data\n.endm\n.byte 0xfa\n", ".macro m\n.data\n.endm\n.Lab_site .byte 0xfa\n",
         PRELUDE, NULL},
        {".macro m\n.code32\n.endm\n.byte 0x06,0xfa\n",
         ".macro m\n.code32" CODE(32) "\n.endm\n.byte 0x06,0xfa\n", PRELUDE | CLOSED, NULL},
        {".macro m\n.section .x,\"ax\"\n.endm\n.section .x\n.byte 0xfa\n",
         ".macro m\n.section .x,\"ax\"\n.endm\n.section .x\n.Lab_site .byte 0xfa\n", PRELUDE, NULL},
        {".endm\n.byte 0xfa\n", ".endm\n.Lab_site .byte 0xfa\n", PRELUDE, NULL},
        {".macro m\n.byte 0xfa\n", ".macro m\n.Lab_site .byte 0xfa\n", PRELUDE, NULL},
        {".rept 2\n.byte 0xfa\n.endr\n", ".rept 2\n.Lab_site .byte 0xfa\n.endr\n", PRELUDE, NULL},

        {".altmacro\n.noaltmacro\n", ".altmacro;.set .Lab_alt,1\n.noaltmacro;.set .Lab_alt,0\n",
         PRELUDE | DYNAMIC, NULL},
        {".AltMacro\n.NoAltMacro\n", ".AltMacro;.set .Lab_alt,1\n.NoAltMacro;.set .Lab_alt,0\n",
         PRELUDE | DYNAMIC, NULL},
        {".include \"other.s\"\n", LEAVE ".include \"other.s\"" HIDDEN "\n",
         PRELUDE | CLOSED | DYNAMIC, NULL},
        {".macro m to\n.\\to\n.text\n.endm\n",
         ".macro m to\n" LEAVE ".\\to" HIDDEN "\n" LEAVE ".text" ENTER(1) "\n.endm\n",
         PRELUDE | CLOSED, NULL},
        {".code32\n.macro m\n.byte 0xfa\n.endm\n.byte 0xfa\n",
         ".code32" CODE(32) "\n.macro m\n.if .Lab_bits-32;.byte 0xfa;.else;.Lab_site .byte "
                            "0xfa;.endif\n.endm\n.Lab_site .byte 0xfa\n",
         PRELUDE | CLOSED, NULL},
        {".incbin \"blob\"\n", NULL, 0, NULL},
    };
    static const struct mode alternate = {.bits = 64, .alternate = 1};
    static const struct expected cases_alternate[] = {
        {"nop\n", NULL, PRELUDE | DYNAMIC, NULL},
    };

    (void)state;
    CHECK(&plain, cases);
    CHECK(&alternate, cases_alternate);
}

static void sources(void **state)
{
    static const struct expected cases[] = {
        {.in = "# 1 \"dir/a.S\"\nnop\n", .source = "dir/a.S"},
        {.in = "\t.file \"a.c\"\n", .source = "a.c", .flags = FROM_FILE},
        {.in = "# 1 \"dir/a.S\"\n.file \"a.c\"\n", .source = "dir/a.S"},
        {.in = ".file \"a.c\"\n.file \"b.c\"\n", .source = "a.c", .flags = FROM_FILE},
        {.in = ".file 1 \"a.c\"\n.file 0 \"d\" \"b.c\"\n"},
        {.in = ".file \"\"\n.file\n.file \"open\n"},
        {.in = ".ident \"GCC: 12\"\n", .flags = COMPILED},
        {.in = ".file \"a.c\"\ncli\n.ident \"GCC\"\n",
         .source = "a.c",
         .flags = PRELUDE | COMPILED | FROM_FILE},
    };

    (void)state;
    CHECK(&plain, cases);
}

/* A file name that does not fit is as if it were not there. */
static void long_source(void **state)
{
    char text[5000] = ".file \"";
    struct expected expected = {.in = text};

    (void)state;
    memset(text + strlen(text), 'a', 4500);
    append(text, sizeof(text), "\"\n");
    check_one(&plain, &expected);
}

/* In mode off, gas must not see our directives; nothing else changes, no line moves. */
static void blanked_directives(void **state)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"cli\n", NULL},
        {"", NULL},
        {".afterburn_off\ncli\n.afterburn_on\n", "              \ncli\n             \n"},
        {"f: .afterburn_off # why\n", "f:                # why\n"},
        {".AFTERBURN_OFF\n", "              \n"},
        {".ascii \".afterburn_off\"\n# .afterburn_on\n", NULL},
        {".afterburn_offer\n.afterburn_o\n", NULL},
        {"nop; .afterburn_off; cli\n", "nop;               ; cli\n"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t size = strlen(cases[i].in);
        char *text = exact_copy(cases[i].in, size), *out;

        out = prefilter_blank_directives(text, size);
        if (!cases[i].out)
            assert_null(out);
        else if (!out || memcmp(out, cases[i].out, size) != 0)
            fail_msg("'%s' became '%.*s'", cases[i].in, out ? (int)size : 0, out ? out : "");
        free(out);
        free(text);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(innocuous),
        cmocka_unit_test(by_mnemonic),
        cmocka_unit_test(labels_and_assignments),
        cmocka_unit_test(moves),
        cmocka_unit_test(intel_syntax),
        cmocka_unit_test(prefixes),
        cmocka_unit_test(strings),
        cmocka_unit_test(macros),
        cmocka_unit_test(sources),
        cmocka_unit_test(long_source),
        cmocka_unit_test(blanked_directives),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
