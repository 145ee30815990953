/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "decode.h"

#include <stdio.h>
#include <string.h>

#include "decode/classify.h"

static csh capstone[2]; /* 64 and 32 bits */
static cs_insn *capstone_instruction[2];

int decode_open(void)
{
    static const cs_mode modes[2] = {CS_MODE_64, CS_MODE_32};

    for (int i = 0; i < 2; i++) {
        cs_err error = cs_open(CS_ARCH_X86, modes[i], &capstone[i]);
        if (error != CS_ERR_OK) {
            fprintf(stderr, "sweep-host: Capstone: %s\n", cs_strerror(error));
            return -1;
        }
        cs_option(capstone[i], CS_OPT_DETAIL, CS_OPT_ON);
        capstone_instruction[i] = cs_malloc(capstone[i]);
    }
    return 0;
}

void decode_close(void)
{
    for (int i = 0; i < 2; i++) {
        if (capstone_instruction[i])
            cs_free(capstone_instruction[i], 1);
        if (capstone[i])
            cs_close(&capstone[i]);
    }
}

struct decoded decode_zydis(const struct sweep_case *test)
{
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    ZydisDecodedInstruction instruction;
    ZydisDecoder decoder;
    struct decoded decoded = {0};

    zydis_open(&decoder, test->bits);
    if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, test->bytes, sizeof(test->bytes),
                                             &instruction, operands)))
        return decoded;
    decoded.valid = true;
    decoded.length = instruction.length;
    decoded.entry = classify_zydis(&instruction, operands);
    decoded.privileged = (instruction.attributes & ZYDIS_ATTRIB_IS_PRIVILEGED) != 0;
    snprintf(decoded.mnemonic, sizeof(decoded.mnemonic), "%s",
             ZydisMnemonicGetString(instruction.mnemonic));
    return decoded;
}

/* Capstone has no one attribute for it: all groups that a kernel's code has to do with count. */
static bool capstone_calls_privileged(const cs_insn *instruction)
{
    for (int i = 0; i < instruction->detail->groups_count; i++)
        switch (instruction->detail->groups[i]) {
        case X86_GRP_PRIVILEGE:
        case X86_GRP_VM:
        case X86_GRP_IRET:
        case X86_GRP_INT:
            return true;
        default:
            break;
        }
    return false;
}

struct decoded decode_capstone(const struct sweep_case *test)
{
    int mode = test->bits == 64 ? 0 : 1;
    cs_insn *instruction = capstone_instruction[mode];
    const uint8_t *bytes = test->bytes;
    size_t size = sizeof(test->bytes);
    uint64_t address = SWEEP_CODE;
    struct decoded decoded = {0};

    if (!cs_disasm_iter(capstone[mode], &bytes, &size, &address, instruction))
        return decoded;
    decoded.valid = true;
    decoded.length = instruction->size;
    decoded.entry = classify_capstone(capstone[mode], instruction);
    decoded.privileged = capstone_calls_privileged(instruction);
    snprintf(decoded.mnemonic, sizeof(decoded.mnemonic), "%s",
             cs_insn_name(capstone[mode], instruction->id));
    return decoded;
}
