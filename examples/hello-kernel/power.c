/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Chapter 17: the ends.
 *
 * 17.1 A byte written to port 0xf4 ends the run with that exit code. QEMU's isa-debug-exit makes
 * it (code << 1) | 1; `afterburner run` undoes that. On a machine without such a port the write
 * goes nowhere and the processor sleeps with interrupts off.
 */
#include <stdarg.h>

#include "kernel.h"
#include "print.h"

#define EXIT_PORT 0xf4

void machine_exit(unsigned code)
{
    outb(EXIT_PORT, (uint8_t)code);
    for (;;) {
        cli();
        hlt();
    }
}

/* 17.2 The kernel found itself wrong: one line that says where, and the end. */
void panic(const char *format, ...)
{
    va_list arguments;

    cli();
    print("hello-kernel: panic: ");
    va_start(arguments, format);
    print_arguments(format, &arguments);
    va_end(arguments);
    print("\n");
    machine_exit(EXIT_PANIC);
}
