/* SPDX-License-Identifier: BSD-2-Clause */
/* The IDT, and what comes through it: expected exceptions, interrupts, the ways out of user mode.
 */
#include "guest.h"

struct gate idt[256] __attribute__((aligned(16)));
struct fault fault;
bool (*trap_hook)(struct frame *frame);
volatile uint64_t interrupts[16], interrupt_rip;
struct frame interrupt_frame;

extern struct frame *user_frame;
void user_back(void) __attribute__((noreturn));
void trap_init(void);
void trap(struct frame *frame);

struct fixup {
    int32_t from, to, kind;
};
extern const struct fixup fixups_start[], fixups_end[];

void gate_set(unsigned vector, uint64_t handler, uint8_t ist, uint8_t type)
{
    idt[vector] = (struct gate){
        .offset_low = (uint16_t)handler,
        .selector = KERNEL_CS,
        .ist = ist,
        .type = type,
        .offset_middle = (uint16_t)(handler >> 16),
        .offset_high = (uint32_t)(handler >> 32),
    };
}

void trap_init(void)
{
    struct table_pointer pointer = {sizeof(idt) - 1, (uint64_t)idt};

    for (unsigned vector = 0; vector < 256; vector++)
        gate_set(vector, trap_stubs[vector], 0, GATE_INTERRUPT);
    asm volatile("lidt %0" ::"m"(pointer));
}

/* What gas fills a pad of up to seven bytes with begins so: 90, 66 90, 0f 1f. */
static bool only_a_pad(uint64_t from, uint64_t to)
{
    const uint8_t *byte = (const uint8_t *)from;

    return to - from <= 15 && (byte[0] == 0x90 || byte[0] == 0x66 || byte[0] == 0x0f);
}

static bool expected(struct frame *frame)
{
    uint64_t cr2 = frame->vector == 14 ? cr2_read() : 0;

    for (const struct fixup *fixup = fixups_start; fixup < fixups_end; fixup++) {
        uint64_t from = (uint64_t)&fixup->from + (uint64_t)(int64_t)fixup->from,
                 to = (uint64_t)&fixup->to + (uint64_t)(int64_t)fixup->to;

        if (frame->rip < from || frame->rip > to)
            continue;
        if (frame->rip == to && (frame->vector == 6 || (frame->vector > 9 && frame->vector < 32)))
            continue; /* a fault of the next instruction */
        fault.frame = *frame;
        fault.cr2 = cr2;
        fault.offset = (int64_t)(frame->rip - from);
        fault.behind = frame->rip > from;
        if (fixup->kind == 1 && fault.behind && only_a_pad(from, frame->rip))
            fault.offset = 0, fault.behind = false;
        frame->rip = to;
        if (frame->vector == 1)
            frame->rflags &= ~FLAG_TF;
        return true;
    }
    return false;
}

void trap(struct frame *frame)
{
    if (frame->cs & 3 && user_frame) {
        *user_frame = *frame;
        user_cr2 = frame->vector == 14 ? cr2_read() : 0;
        user_back();
    }
    if (trap_hook && trap_hook(frame))
        return;
    if (frame->vector >= VECTOR_IRQ0 && frame->vector < VECTOR_IRQ0 + 16) {
        interrupts[frame->vector - VECTOR_IRQ0]++;
        interrupt_rip = frame->rip;
        interrupt_frame = *frame;
        pic_end((unsigned)frame->vector - VECTOR_IRQ0);
        return;
    }
    if (expected(frame))
        return;
    print("unexpected vector 0x%lx error 0x%lx rip 0x%lx cs 0x%lx rsp 0x%lx cr2 0x%lx\n",
          frame->vector, frame->error, frame->rip, frame->cs, frame->rsp, cr2_read());
    leave(99);
}

void print_exception(uint64_t vector, uint64_t error, uint64_t cr2)
{
    static const char *const names[32] = {
        "#DE", "#DB", "NMI", "#BP", "#OF", "#BR", "#UD", "#NM", "#DF", "9",
        "#TS", "#NP", "#SS", "#GP", "#PF", "15",  "#MF", "#AC", "#MC", "#XM",
    };

    if (vector < 20)
        print("%s", names[vector]);
    else
        print("vector 0x%lx", vector);
    if (vector < 32 && 0x60227d00u >> vector & 1)
        print("(0x%lx)", error);
    if (vector == 14)
        print(" at 0x%lx", cr2);
}

void read_at(const char *name, uint64_t address)
{
    uint64_t value = 0;

    TRY("movq (%1), %0", : "+r"(value) : "r"(address) : "memory");
    if (fault.frame.vector == NO_FAULT)
        print("%s: 0x%lx\n", name, value);
    else
        outcome(name);
}

void outcome(const char *name)
{
    print("%s: ", name);
    if (fault.frame.vector == NO_FAULT) {
        print("fine\n");
        return;
    }
    print_exception(fault.frame.vector, fault.frame.error, fault.cr2);
    if (fault.behind)
        print(fault.frame.vector == 1 || fault.frame.vector == 3 || fault.frame.vector == 4 ||
                      fault.frame.vector >= 20
                  ? ", behind it"
                  : ", NOT AT THE INSTRUCTION");
    print("\n");
}
