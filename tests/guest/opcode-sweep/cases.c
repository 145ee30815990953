/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Enumerates the opcode maps. Deliberately without a decoder and without the table of sensitive
 * instructions: this is the second source they are checked against. Layout of the maps: Intel SDM
 * vol. 2, appendix A; AMD APM vol. 3, appendix A. */
#include "cases.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum map { MAP_ONE_BYTE, MAP_0F, MAP_0F38, MAP_0F3A, MAP_COUNT };

/* One encoding on its way to being a case. */
struct encoding {
    unsigned bits;
    enum map map;
    uint8_t prefix; /* 0, 0x66, 0xf3 or 0xf2 */
    bool rex_w;
    uint8_t opcode;
    bool has_modrm;
    uint8_t modrm;
};

#define MODRM_REG(modrm)    ((modrm) >> 3 & 7)
#define MODRM_MEMORY(reg)   ((reg) << 3 | 3)        /* (%rbx) */
#define MODRM_REGISTER(reg) (0xc0 | (reg) << 3 | 1) /* %rcx */
#define IS_MEMORY(modrm)    ((modrm) < 0xc0)

static bool is_prefix_or_escape(unsigned bits, uint8_t opcode)
{
    switch (opcode) {
    case 0x0f:
    case 0x26:
    case 0x2e:
    case 0x36:
    case 0x3e:
    case 0x64:
    case 0x65:
    case 0x66:
    case 0x67:
    case 0xf0:
    case 0xf2:
    case 0xf3:
        return true;
    default:
        return bits == 64 && (opcode & 0xf0) == 0x40; /* REX */
    }
}

static bool one_byte_has_modrm(uint8_t opcode)
{
    if (opcode < 0x40)
        return (opcode & 7) < 4;
    return opcode == 0x62 || opcode == 0x63 || opcode == 0x69 || opcode == 0x6b ||
           (opcode & 0xf0) == 0x80 || opcode == 0xc0 || opcode == 0xc1 ||
           (opcode >= 0xc4 && opcode <= 0xc7) || (opcode >= 0xd0 && opcode <= 0xd3) ||
           (opcode & 0xf8) == 0xd8 || opcode == 0xf6 || opcode == 0xf7 || opcode == 0xfe ||
           opcode == 0xff;
}

static bool map_0f_has_modrm(uint8_t opcode)
{
    return !((opcode >= 0x04 && opcode <= 0x0c) || opcode == 0x0e ||
             (opcode >= 0x30 && opcode <= 0x37) || opcode == 0x77 || (opcode & 0xf0) == 0x80 ||
             (opcode >= 0xa0 && opcode <= 0xa2) || (opcode >= 0xa8 && opcode <= 0xaa) ||
             (opcode & 0xf8) == 0xc8);
}

static bool has_modrm(enum map map, uint8_t opcode)
{
    if (map == MAP_ONE_BYTE)
        return one_byte_has_modrm(opcode);
    return map != MAP_0F || map_0f_has_modrm(opcode);
}

/* Opcodes whose register forms are 64 instructions, not eight: the system groups, x87, and
 * hreset's. */
static bool register_form_is_opcode(enum map map, uint8_t opcode)
{
    if (map == MAP_ONE_BYTE)
        return (opcode & 0xf8) == 0xd8;
    if (map == MAP_0F3A)
        return opcode == 0xf0;
    return map == MAP_0F && (opcode == 0x00 || opcode == 0x01 || opcode == 0xae || opcode == 0xc7);
}

/* mov to and from control and debug registers take ModRM's mod for 3 whatever it says. */
static bool modrm_is_register(const struct encoding *encoding)
{
    return encoding->map == MAP_0F && (encoding->opcode & 0xfc) == 0x20;
}

static uint8_t width(const struct encoding *encoding, uint8_t plain)
{
    if (encoding->rex_w)
        return 8;
    return encoding->prefix == 0x66 ? 2 : plain;
}

static void choose_input(struct sweep_case *test, enum sweep_input input, unsigned argument)
{
    test->input = input;
    test->argument = argument;
}

static void append(struct sweep_case *test, uint64_t value, unsigned size)
{
    for (unsigned i = 0; i < size; i++)
        test->bytes[test->size++] = value >> 8 * i;
}

static void input_one_byte(struct sweep_case *test, const struct encoding *encoding)
{
    unsigned reg = MODRM_REG(encoding->modrm);

    switch (encoding->opcode) {
    case 0x07: /* pop es, ss, ds */
    case 0x17:
    case 0x1f:
        choose_input(test, SWEEP_INPUT_STACK_SELECTOR, 0);
        break;
    case 0x8e: /* mov to a segment register */
    case 0x63: /* arpl; movslq does not mind */
        choose_input(test, SWEEP_INPUT_SELECTOR, SWEEP_KERNEL_DATA);
        break;
    case 0x9a: /* call and jmp with a far pointer in the instruction */
    case 0xea:
        append(test, SWEEP_LANDING, test->operand_size);
        append(test, SWEEP_KERNEL_CODE_32, 2);
        break;
    case 0x9d:
        choose_input(test, SWEEP_INPUT_STACK_FLAGS, 0);
        break;
    case 0xc4: /* les, lds */
    case 0xc5:
        choose_input(test, SWEEP_INPUT_FAR_DATA, 0);
        break;
    case 0xca:
    case 0xcb:
        choose_input(test, SWEEP_INPUT_STACK_FAR, 0);
        break;
    case 0xcf:
        choose_input(test, SWEEP_INPUT_STACK_INTERRUPT, 0);
        break;
    case 0xe4: /* in and out with a port in the instruction */
    case 0xe5:
    case 0xe6:
    case 0xe7:
        append(test, SWEEP_PORT, 1);
        break;
    case 0xff:
        if (IS_MEMORY(encoding->modrm) && (reg == 3 || reg == 5))
            choose_input(test, SWEEP_INPUT_FAR_CODE, 0);
        break;
    default:
        break;
    }
}

static void input_system_groups(struct sweep_case *test, const struct encoding *encoding)
{
    static const uint16_t group_6[8] = {
        [2] = SWEEP_LDT, [3] = SWEEP_TSS_FREE, [4] = SWEEP_KERNEL_DATA, [5] = SWEEP_KERNEL_DATA};
    unsigned reg = MODRM_REG(encoding->modrm);

    if (encoding->opcode == 0x00) {
        choose_input(test, SWEEP_INPUT_SELECTOR, group_6[reg]);
    } else if (reg == 6 && encoding->opcode == 0x01) {
        choose_input(test, SWEEP_INPUT_MACHINE_STATUS, 0);
    } else if (!IS_MEMORY(encoding->modrm)) {
        if (encoding->modrm == 0xd0 || encoding->modrm == 0xd1) /* xgetbv, xsetbv */
            choose_input(test, SWEEP_INPUT_EXTENDED, 0);
        else if (encoding->modrm == 0xd8 || encoding->modrm == 0xda) /* vmrun, vmload */
            choose_input(test, SWEEP_INPUT_VMCB, 0);
        else
            choose_input(test, SWEEP_INPUT_ADDRESS, 0);
    } else if (reg == 2) {
        choose_input(test, SWEEP_INPUT_GDTR, 0);
    } else if (reg == 3) {
        choose_input(test, SWEEP_INPUT_IDTR, 0);
    }
}

static void input_0f(struct sweep_case *test, const struct encoding *encoding)
{
    switch (encoding->opcode) {
    case 0x00:
    case 0x01:
        input_system_groups(test, encoding);
        break;
    case 0x02: /* lar, lsl */
    case 0x03:
        choose_input(test, SWEEP_INPUT_SELECTOR, SWEEP_KERNEL_DATA);
        break;
    case 0x07: /* sysret, sysexit */
    case 0x35:
        choose_input(test, SWEEP_INPUT_RETURN, 0);
        break;
    case 0x20:
    case 0x22:
        choose_input(test, SWEEP_INPUT_CONTROL, MODRM_REG(encoding->modrm));
        break;
    case 0x21:
    case 0x23:
        choose_input(test, SWEEP_INPUT_DEBUG, MODRM_REG(encoding->modrm));
        break;
    case 0x30:
    case 0x32:
        choose_input(test, SWEEP_INPUT_MSR, 0);
        break;
    case 0xa1: /* pop fs, gs */
    case 0xa9:
        choose_input(test, SWEEP_INPUT_STACK_SELECTOR, 0);
        break;
    case 0xb2: /* lss, lfs, lgs */
    case 0xb4:
    case 0xb5:
        choose_input(test, SWEEP_INPUT_FAR_DATA, 0);
        break;
    default:
        break;
    }
}

static void make_case(struct sweep_case *test, const struct encoding *encoding)
{
    memset(test, 0, sizeof(*test));
    memset(test->bytes, SWEEP_FILL, sizeof(test->bytes));
    test->bits = encoding->bits;
    test->operand_size = width(encoding, 4);
    test->has_memory =
        encoding->has_modrm && IS_MEMORY(encoding->modrm) && !modrm_is_register(encoding);
    if (encoding->prefix)
        append(test, encoding->prefix, 1);
    if (encoding->rex_w)
        append(test, 0x48, 1);
    if (encoding->map != MAP_ONE_BYTE)
        append(test, 0x0f, 1);
    if (encoding->map == MAP_0F38 || encoding->map == MAP_0F3A)
        append(test, encoding->map == MAP_0F38 ? 0x38 : 0x3a, 1);
    append(test, encoding->opcode, 1);
    if (encoding->has_modrm)
        append(test, encoding->modrm, 1);
    if (encoding->map == MAP_ONE_BYTE)
        input_one_byte(test, encoding);
    else if (encoding->map == MAP_0F)
        input_0f(test, encoding);
}

struct list {
    struct sweep_case *cases;
    size_t count;
};

static void add(struct list *list, const struct encoding *encoding)
{
    if (list->count < SWEEP_CASES_MAX)
        make_case(&list->cases[list->count], encoding);
    if (list->count <= SWEEP_CASES_MAX)
        list->count++;
}

static void add_modrm_forms(struct list *list, struct encoding encoding)
{
    encoding.has_modrm = true;
    for (unsigned reg = 0; reg < 8; reg++) {
        encoding.modrm = MODRM_MEMORY(reg);
        add(list, &encoding);
    }
    if (register_form_is_opcode(encoding.map, encoding.opcode)) {
        for (unsigned modrm = 0xc0; modrm <= 0xff; modrm++) {
            encoding.modrm = modrm;
            add(list, &encoding);
        }
        return;
    }
    for (unsigned reg = 0; reg < 8; reg++) {
        encoding.modrm = MODRM_REGISTER(reg);
        add(list, &encoding);
    }
}

static void add_map(struct list *list, struct encoding encoding)
{
    for (unsigned opcode = 0; opcode < 256; opcode++) {
        if (encoding.map == MAP_ONE_BYTE && is_prefix_or_escape(encoding.bits, opcode))
            continue;
        if (encoding.map == MAP_0F && (opcode == 0x38 || opcode == 0x3a))
            continue;
        encoding.opcode = opcode;
        if (has_modrm(encoding.map, opcode))
            add_modrm_forms(list, encoding);
        else
            add(list, &encoding);
    }
}

size_t cases_enumerate(struct sweep_case *cases)
{
    static const uint8_t prefixes[] = {0, 0x66, 0xf3, 0xf2};
    struct list list = {cases, 0};

    for (unsigned bits = 64; bits >= 32; bits -= 32)
        for (enum map map = 0; map < MAP_COUNT; map++)
            for (size_t i = 0; i < sizeof(prefixes); i++)
                for (unsigned rex_w = 0; rex_w <= (bits == 64); rex_w++)
                    add_map(&list,
                            (struct encoding){
                                .bits = bits, .map = map, .prefix = prefixes[i], .rex_w = rex_w});
    return list.count;
}

void cases_to_text(const struct sweep_case *test, char *text, size_t size)
{
    size_t used = 0;

    text[0] = '\0';
    for (unsigned i = 0; i < test->size && used + 3 <= size; i++)
        used += snprintf(text + used, size - used, "%02x", test->bytes[i]);
}

/* How many bytes of prefixes make_case put first. */
static unsigned prefix_size(const struct sweep_case *test)
{
    unsigned size = 0;

    if (test->bytes[size] == 0x66 || test->bytes[size] == 0xf3 || test->bytes[size] == 0xf2)
        size++;
    return test->bits == 64 && (test->bytes[size] & 0xf0) == 0x40 ? size + 1 : size;
}

void cases_opcode(const struct sweep_case *test, char *text, size_t size)
{
    const uint8_t *bytes = test->bytes + prefix_size(test);
    enum map map = MAP_ONE_BYTE;
    unsigned opcode = 0;

    if (bytes[0] == 0x0f) {
        map = bytes[1] == 0x38 ? MAP_0F38 : bytes[1] == 0x3a ? MAP_0F3A : MAP_0F;
        opcode = map == MAP_0F ? 1 : 2;
    }
    size_t used = 0;
    for (unsigned i = 0; i <= opcode; i++)
        used += snprintf(text + used, size - used, "%02x", bytes[i]);
    if (!has_modrm(map, bytes[opcode]))
        return;
    uint8_t modrm = bytes[opcode + 1];
    if (!IS_MEMORY(modrm) && register_form_is_opcode(map, bytes[opcode]))
        snprintf(text + used, size - used, "%02x", modrm);
    else
        snprintf(text + used, size - used, "/%u", MODRM_REG(modrm));
}
