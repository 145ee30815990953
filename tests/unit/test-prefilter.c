/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The prefilter as tables of text in and text out. */
#include "helpers.h"

#include "as/policy.h"
#include "as/prefilter.h"

#define SITE           ".Lab_site {nooptimize} "
#define BEFORE         ".Lab_site_before {nooptimize} "
#define PREFIXED_1(p)  "Lab.prefixed \"{nooptimize} " p ";\",{nooptimize} "
#define PREFIXED(p, q) PREFIXED_1(p ";{nooptimize} " q)

/* What follows the section and the code size. */
#define LEAVE        ".Lab_leave;"
#define ENTER(place) ";.Lab_enter " #place
#define CODE(bits)   ";.Lab_code " #bits
#define HIDDEN       ";.Lab_hidden"

enum flags {
    PRELUDE = 1,
    DYNAMIC = 2,
    COMPILED = 4,
    FROM_FILE = 8, /* the source's name came from .file */
    CLOSED = 16,   /* .Lab_end must follow */
    ENDS = 32,     /* it has .end */
};

struct expected {
    const char *in, *out; /* out: NULL when the text stays as it is */
    int flags;
    const char *source;
};

struct mode {
    int bits, intel, alternate;
    const char *policy;
};

static const struct mode plain = {.bits = 64};

static struct policy *policy_of(const char *text)
{
    char path[32];
    struct policy *policy;
    int fd;

    if (!text)
        return policy_default();
    fd = memory_file(text, strlen(text), path);
    policy = policy_read(path);
    close(fd);
    assert_non_null(policy);
    return policy;
}

static size_t lines(const char *text, size_t size)
{
    size_t count = 0;

    for (size_t i = 0; i < size; i++)
        count += text[i] == '\n';
    return count;
}

static void check_one(const struct mode *mode, const struct expected *expected)
{
    size_t size = strlen(expected->in);
    char *text = exact_copy(expected->in, size);
    struct policy *policy = policy_of(mode->policy);
    struct prefilter_options options = {
        .bits = mode->bits, .intel = mode->intel, .alternate = mode->alternate, .policy = policy};
    struct prefilter_result result;
    const char *out = expected->out ? expected->out : expected->in;
    int flags;

    prefilter(text, size, &options, &result);
    if (!expected->out && result.text)
        fail_msg("'%s' was changed to '%.*s'", expected->in, (int)result.size, result.text);
    if (expected->out && !result.text && strcmp(out, expected->in) != 0)
        fail_msg("'%s' was not changed, expected '%s'", expected->in, out);
    if (result.text && (result.size != strlen(out) || memcmp(result.text, out, result.size) != 0))
        fail_msg("'%s' became\n'%.*s', expected\n'%s'", expected->in, (int)result.size, result.text,
                 out);
    if (result.text)
        assert_int_equal(lines(result.text, result.size), lines(text, size));
    flags = (result.needs_prelude ? PRELUDE : 0) | (result.needs_dynamic ? DYNAMIC : 0) |
            (result.compiled ? COMPILED : 0) | (result.source_is_base ? FROM_FILE : 0) |
            (result.needs_end ? CLOSED : 0) | (result.ends ? ENDS : 0);
    if (flags != expected->flags)
        fail_msg("'%s': flags %d, expected %d", expected->in, flags, expected->flags);
    assert_string_equal(result.source, expected->source ? expected->source : "");
    free(result.text);
    free(text);
    policy_free(policy);
}

#define CHECK(mode, cases)                                                                         \
    for (size_t i = 0; i < COUNT(cases); i++)                                                      \
    check_one(mode, &(cases)[i])

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
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(innocuous),
        cmocka_unit_test(by_mnemonic),
        cmocka_unit_test(labels_and_assignments),
        cmocka_unit_test(moves),
        cmocka_unit_test(intel_syntax),
        cmocka_unit_test(prefixes),
        cmocka_unit_test(data_directives),
        cmocka_unit_test(long_data),
        cmocka_unit_test(sections),
        cmocka_unit_test(deep_sections),
        cmocka_unit_test(strings),
        cmocka_unit_test(data_rows),
        cmocka_unit_test(exemptions),
        cmocka_unit_test(code_size),
        cmocka_unit_test(macros),
        cmocka_unit_test(sources),
        cmocka_unit_test(long_source),
        cmocka_unit_test(blanked_directives),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
