/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a case finds in its registers, its operand page and its stack: the same in both rings, and
 * such that the instruction does something bounded when it is allowed to. */
#include "guest.h"

#define FLAGS_RESERVED  0x0002u
#define FLAGS_INTERRUPT 0x0200u
#define FLAGS_OVERFLOW  0x0800u
#define FLAGS_IOPL_3    0x3000u

/* Interrupts on, IOPL 0, and OF so that into acts. */
#define FLAGS_ENTRY (FLAGS_RESERVED | FLAGS_INTERRUPT | FLAGS_OVERFLOW)
/* What popf and iret find: IF and IOPL change in ring 0, and silently do not in ring 3. */
#define FLAGS_LOADED (FLAGS_RESERVED | FLAGS_IOPL_3)

/* Near returns and indirect jumps find the landing in every stack slot and in the first words of
 * the operand. The rest of the operand page is 0: an XSAVE image in its initial state. */
#define OPERAND_POINTERS 8

/* Any MSR will do; this one can take any value without touching the running code. */
#define MSR_OPERAND       MSR_KERNEL_GS_BASE
#define MSR_OPERAND_VALUE 0x4000

static void fill_words(uintptr_t start, size_t count, uint64_t value)
{
    volatile uint64_t *word = (volatile uint64_t *)start;

    for (size_t i = 0; i < count; i++)
        word[i] = value;
}

static void write_code(const struct sweep_case *test)
{
    volatile uint8_t *code = (volatile uint8_t *)(uintptr_t)SWEEP_CODE;

    for (unsigned i = 0; i < SWEEP_CASE_SIZE_MAX; i++)
        if (code[i] != test->bytes[i])
            code[i] = test->bytes[i];
}

/* Stores elements of the case's operand size (2, 4 or 8 bytes) one after the other; gives the end.
 */
static uintptr_t store(uintptr_t address, unsigned size, uint64_t value)
{
    for (unsigned i = 0; i < size; i++)
        ((volatile uint8_t *)address)[i] = value >> 8 * i;
    return address + size;
}

static void set_registers(const struct sweep_case *test, struct registers *registers,
                          uint64_t value)
{
    for (int i = 0; i < 16; i++)
        if (i != RSP && !(i == RBX && test->has_memory))
            registers->gpr[i] = value;
}

static uint64_t kernel_code(const struct sweep_case *test)
{
    return test->bits == 64 ? SWEEP_KERNEL_CODE_64 : SWEEP_KERNEL_CODE_32;
}

static uint64_t present_control(const struct sweep_outcome *present, unsigned number)
{
    switch (number) {
    case 0:
        return present->item[SWEEP_ITEM_CR0];
    case 3:
        return present->item[SWEEP_ITEM_CR3];
    case 4:
        return present->item[SWEEP_ITEM_CR4];
    default:
        return 0;
    }
}

static uint64_t present_debug(const struct sweep_outcome *present, unsigned number)
{
    switch (number) {
    case 4: /* alias of DR6 while CR4.DE is 0 */
    case 6:
        return present->item[SWEEP_ITEM_DR6];
    case 5:
    case 7:
        return present->item[SWEEP_ITEM_DR7];
    default:
        return 0;
    }
}

static void set_pair(struct registers *registers, uint64_t rcx, uint64_t value)
{
    registers->gpr[RCX] = rcx;
    registers->gpr[RAX] = (uint32_t)value;
    registers->gpr[RDX] = value >> 32;
}

static void store_far_pointer(const struct sweep_case *test, uint64_t offset, uint64_t selector)
{
    store(store(SWEEP_MEMORY, test->operand_size, offset), 2, selector);
    /* AMD's processors ignore REX.W here and take the selector from behind 32 bits of offset. For
     * data that word may as well lie inside Intel's offset, which nobody follows; far jmp and call
     * of QEMU's take 64 bits. */
    if (test->operand_size == 8 && test->input == SWEEP_INPUT_FAR_DATA)
        store(SWEEP_MEMORY + 4, 2, selector);
}

static void store_frame(const struct sweep_case *test, bool interrupt)
{
    uintptr_t top = SWEEP_STACK;

    top = store(top, test->operand_size, SWEEP_LANDING);
    top = store(top, test->operand_size, kernel_code(test));
    if (!interrupt)
        return;
    top = store(top, test->operand_size, FLAGS_LOADED);
    top = store(top, test->operand_size, SWEEP_STACK + 0x100);
    store(top, test->operand_size, SWEEP_KERNEL_DATA);
}

static void set_special(const struct sweep_case *test, const struct sweep_outcome *present,
                        struct registers *registers)
{
    uint64_t value;

    switch ((enum sweep_input)test->input) {
    case SWEEP_INPUT_PLAIN:
        break;
    case SWEEP_INPUT_CONTROL:
        set_registers(test, registers, present_control(present, test->argument));
        break;
    case SWEEP_INPUT_DEBUG:
        set_registers(test, registers, present_debug(present, test->argument));
        break;
    case SWEEP_INPUT_MACHINE_STATUS:
        value = present->item[SWEEP_ITEM_CR0] & 0xffff;
        set_registers(test, registers, value);
        store(SWEEP_MEMORY, 2, value);
        break;
    case SWEEP_INPUT_SELECTOR:
        set_registers(test, registers, test->argument);
        store(SWEEP_MEMORY, 2, test->argument);
        break;
    case SWEEP_INPUT_GDTR:
    case SWEEP_INPUT_IDTR:
        /* The table in use, with its limit: it has to carry the exception that ends the case. */
        value = present->item[test->input == SWEEP_INPUT_GDTR ? SWEEP_ITEM_GDTR : SWEEP_ITEM_IDTR];
        store(SWEEP_MEMORY, 2, value >> 48);
        store(SWEEP_MEMORY + 2, 8, value & 0xffffffffffff);
        break;
    case SWEEP_INPUT_FAR_CODE:
        store_far_pointer(test, SWEEP_LANDING, kernel_code(test));
        break;
    case SWEEP_INPUT_FAR_DATA:
        store_far_pointer(test, SWEEP_MEMORY, SWEEP_KERNEL_DATA);
        break;
    case SWEEP_INPUT_STACK_FLAGS:
        store(SWEEP_STACK, 8, FLAGS_LOADED);
        break;
    case SWEEP_INPUT_STACK_SELECTOR:
        store(SWEEP_STACK, 8, SWEEP_KERNEL_DATA);
        break;
    case SWEEP_INPUT_STACK_FAR:
        store_frame(test, false);
        break;
    case SWEEP_INPUT_STACK_INTERRUPT:
        store_frame(test, true);
        break;
    case SWEEP_INPUT_MSR:
        set_pair(registers, MSR_OPERAND, MSR_OPERAND_VALUE);
        break;
    case SWEEP_INPUT_EXTENDED:
        set_pair(registers, 0, present->item[SWEEP_ITEM_XCR0]);
        break;
    case SWEEP_INPUT_VMCB:
        __asm__ volatile("vmsave" ::"a"(SWEEP_MEMORY) : "memory");
        /* fall through */
    case SWEEP_INPUT_ADDRESS:
        registers->gpr[RAX] = SWEEP_MEMORY;
        registers->gpr[RCX] = 0;
        registers->gpr[RDX] = 0;
        break;
    case SWEEP_INPUT_RETURN:
        registers->gpr[RCX] = SWEEP_LANDING;
        registers->gpr[RDX] = SWEEP_LANDING;
        registers->gpr[11] = FLAGS_ENTRY; /* sysret's flags */
        break;
    }
}

void inputs_prepare(const struct sweep_case *test, const struct sweep_outcome *present,
                    struct registers *registers)
{
    write_code(test);
    fill_words(SWEEP_STACK_PAGE, SWEEP_PAGE_SIZE / 8, SWEEP_LANDING);
    fill_words(SWEEP_MEMORY_PAGE, OPERAND_POINTERS, SWEEP_LANDING);
    fill_words(SWEEP_MEMORY_PAGE + 8 * OPERAND_POINTERS, SWEEP_PAGE_SIZE / 8 - OPERAND_POINTERS, 0);

    for (int i = 0; i < 16; i++)
        registers->gpr[i] = 0x0101010101010101u * i;
    registers->gpr[RAX] = 1;
    registers->gpr[RCX] = 2; /* a short count for rep */
    registers->gpr[RDX] = SWEEP_PORT;
    registers->gpr[RBX] = SWEEP_MEMORY;
    registers->gpr[RSP] = SWEEP_STACK;
    registers->gpr[RBP] = SWEEP_STACK + 0x100;
    registers->gpr[RSI] = SWEEP_MEMORY + 0x100;
    registers->gpr[RDI] = SWEEP_MEMORY + 0x200;
    registers->rip = SWEEP_CODE;
    registers->flags = FLAGS_ENTRY;
    set_special(test, present, registers);
}
