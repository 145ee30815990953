/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: software interrupts go through the IDT without a trap: through the hypervisor's, if nobody
 * takes care, where the guest's gates and their privilege levels are not known. Expected: int n
 * calls the guest's gate n from kernel and user mode, with RIP behind it; user mode needs a gate of
 * DPL 3, else #GP(n * 8 + 2) at the instruction (QEMU's TCG gives n * 16 + 2, see facts in docs/;
 * both are taken); an interrupt gate clears IF, a trap gate does not; int3 and int1 are traps; a
 * gate that is not there is #NP. */
#include "guest.h"

static uint64_t flags_in_handler, seen;

static bool hook(struct frame *frame)
{
    flags_in_handler = flags_read() & FLAG_IF;
    if (frame->vector == 0x90)
        seen++;
    return frame->vector == 0x90;
}

static void bad_gate(const char *name, unsigned vector, unsigned expected_vector)
{
    uint64_t error = fault.frame.error;

    print("%s: ", name);
    if (fault.frame.vector != expected_vector || fault.behind)
        print("WRONG: vector 0x%lx, error 0x%lx, behind %u\n", fault.frame.vector, error,
              fault.behind);
    else
        print("%s, %s\n", expected_vector == 13 ? "#GP" : "#NP",
              error == vector * 8 + 2 || error == vector * 16 + 2 ? "with the vector"
                                                                  : "WRONG CODE");
}

static void user_bad_gate(const char *name, const struct frame *frame, const void *code,
                          unsigned vector)
{
    print("%s: ", name);
    if (frame->vector != 13 || frame->rip != (uint64_t)code)
        print("WRONG: vector 0x%lx, error 0x%lx, rip +0x%lx\n", frame->vector, frame->error,
              frame->rip - (uint64_t)code);
    else
        print("#GP, %s\n", frame->error == vector * 8 + 2 || frame->error == vector * 16 + 2
                               ? "with the vector"
                               : "WRONG CODE");
}

USER_CODE(user_int80, "int $0x80; ud2");
USER_CODE(user_int81, "int $0x81; ud2");
USER_CODE(user_int0, "int $0; ud2");
USER_CODE(user_int14, "int $14; ud2");
USER_CODE(user_int32, "int $32; ud2");
USER_CODE(user_int3, "int3; ud2");
USER_CODE(user_int3_long, "int $3; ud2");
USER_CODE(user_int1, ".byte 0xf1; ud2");

void test(void)
{
    struct frame frame;
    uint64_t registers = 0;

    trap_hook = hook;
    TRY("int $0x80", ::: "memory");
    outcome("int $0x80 in the kernel, DPL 0");
    check("CS and SS", fault.frame.cs == KERNEL_CS && fault.frame.ss == KERNEL_SS);
    asm volatile("sti");
    TRY("int $0x81", ::: "memory");
    outcome("int $0x81");
    show("IF in the frame", fault.frame.rflags & FLAG_IF);
    show("IF in the handler", flags_in_handler);
    gate_set(0x81, trap_stubs[0x81], 0, GATE_TRAP);
    TRY("int $0x81", ::: "memory");
    show("IF in a trap gate's handler", flags_in_handler);
    asm volatile("cli");
    TRY("int $0xff", ::: "memory");
    outcome("int $0xff");
    TRY("int $3", ::: "memory");
    outcome("int $3");
    TRY("int3", ::: "memory");
    outcome("int3");
    TRY("int $4", ::: "memory");
    outcome("int $4");
    TRY("int1", ::: "memory");
    check("int1 raises #DB behind it (TCG: #UD at it)",
          fault.frame.vector == 1 ? fault.behind : fault.frame.vector == 6 && !fault.behind);
    TRY("movl $0x1234, %k0; int $0x82", : "=r"(registers)::"memory");
    show("a register through it", registers);
    /* These come back to where they say they were. */
    asm volatile("xorl %%eax, %%eax\n.rept 20\nincl %%eax; int $0x90; incl %%eax; int $0x90; nop; "
                 "incl %%eax; int $0x90\n"
                 "incl %%eax; nop; nop; int $0x90; incl %%eax; nop; nop; nop; int $0x90; incl "
                 "%%eax; incl %%eax; int $0x90\n.endr"
                 : "=a"(registers)::"memory", "cc");
    print("of %lu interrupts %lu came back\n", seen, registers * 6 / 7);
    idt[0x83].type &= 0x7f;
    TRY("int $0x83", ::: "memory");
    bad_gate("a gate that is not present", 0x83, 11);
    idt[0x84].type = 0x85;
    TRY("int $0x84", ::: "memory");
    bad_gate("a gate of another type", 0x84, 13);
    idt[0x85] = idt[0x86];
    TRY("int $0x85", ::: "memory");
    outcome("two gates with one handler");

    user_prepare(&frame, user_int80);
    user_run(&frame);
    user_bad_gate("user mode, int $0x80 of DPL 0", &frame, user_int80, 0x80);
    gate_set(0x80, trap_stubs[0x80], 0, GATE_INTERRUPT | GATE_DPL3);
    user_prepare(&frame, user_int80);
    frame.rax = 0x1111;
    frame.r15 = 0x2222;
    user_run(&frame);
    user_outcome("user mode, int $0x80", &frame, user_int80);
    print("rax 0x%lx r15 0x%lx cs 0x%lx ss 0x%lx rsp 0x%lx\n", frame.rax, frame.r15, frame.cs,
          frame.ss, frame.rsp);
    user_prepare(&frame, user_int81);
    user_run(&frame);
    user_bad_gate("user mode, int $0x81 of DPL 0", &frame, user_int81, 0x81);
    user_prepare(&frame, user_int0);
    user_run(&frame);
    user_bad_gate("user mode, int $0", &frame, user_int0, 0);
    user_prepare(&frame, user_int14);
    user_run(&frame);
    user_bad_gate("user mode, int $14", &frame, user_int14, 14);
    user_prepare(&frame, user_int32);
    user_run(&frame);
    user_bad_gate("user mode, int $32", &frame, user_int32, 32);
    user_prepare(&frame, user_int3_long);
    user_run(&frame);
    user_bad_gate("user mode, int $3 of DPL 0", &frame, user_int3_long, 3);
    gate_set(0x81, trap_stubs[0x81], 0, GATE_INTERRUPT | GATE_DPL3);
    user_prepare(&frame, user_int81);
    user_run(&frame);
    user_outcome("user mode, int $0x81 of DPL 3", &frame, user_int81);
    gate_set(3, trap_stubs[3], 0, GATE_INTERRUPT | GATE_DPL3);
    user_prepare(&frame, user_int3);
    user_run(&frame);
    user_outcome("user mode, int3", &frame, user_int3);
    gate_set(32, trap_stubs[32], 0, GATE_INTERRUPT | GATE_DPL3);
    user_prepare(&frame, user_int32);
    user_run(&frame);
    user_outcome("user mode, int $32 of DPL 3", &frame, user_int32);
    user_prepare(&frame, user_int1);
    user_run(&frame);
    check("user mode, int1 raises #DB or #UD, too",
          frame.vector == (frame.rip == (uint64_t)user_int1 ? 6 : 1));
}
