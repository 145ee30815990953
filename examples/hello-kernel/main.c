/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Chapter 2: the table of contents.
 *
 * 2.1 boot.S has brought us here with the loader's start info, on the boot page tables, with
 * interrupts off and no IDT: until trap_init() any mistake is a triple fault. Each step below is
 * one file; each says on the console when it is done. What it says holds no address, size or
 * time, so that a good run prints the same text wherever it runs.
 */
#include "kernel.h"
#include "startinfo.h"

void kernel_main(unsigned long start_info) NORETURN;

void kernel_main(unsigned long start_info)
{
    struct options options;

    console_init();
    stage("console ok");

    CHECK(start_info < KERNEL_MAP_SIZE);
    const struct start_info *info = phys_to_virt(start_info);
    CHECK(info->magic == START_INFO_MAGIC);
    cmdline_parse(info, &options);

    segments_init();
    trap_init();
    check_registers();
    stage("segments ok");
    check_traps();
    stage("traps ok");

    /* 2.2 From here on pages are handed out, perhaps those that held the start info. */
    memory_init(info);
    stage("memory ok");
    paging_init();
    check_paging();
    stage("paging ok");

    pic_init();
    check_interrupt_flag();
    stage("interrupts ok");
    timer_init();
    timer_wait(options.ticks);
    stage("timer ok");

    /* 2.3 Two ways not to go on, for whoever tests the testers. */
    if (options.panic)
        provoke_panic();
    if (options.spin) {
        stage("spinning");
        for (;;)
            sti_hlt();
    }

    /* 2.4 This thread becomes the idle task; the two user tasks print lines of their own. */
    syscall_init();
    unsigned long before = pages_free();
    tasks_start();
    tasks_wait();
    stage("user mode ok");
    for (int gate = 0; gate < SYSTEM_CALL_GATES; gate++)
        CHECK(counts.gates[gate]);
    stage("system calls ok");
    CHECK(counts.preemptions >= 2);
    stage("preemption ok");
    CHECK(counts.demand_pages >= 4);
    stage("demand paging ok");
    tasks_free();
    CHECK(pages_free() == before);
    stage("clean-up ok");

    stage("all done");
    machine_exit(options.exit_code);
}
