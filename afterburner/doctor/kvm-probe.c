/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sources: Linux Documentation/virt/kvm/api.rst for the interface; the Intel SDM, volume 3, for the
 * state that a processor in long mode has to have.
 *
 * The child writes one line per step to its parent, before the step: should it hang, its last line
 * tells where. step NAME              fail TEXT              measure NANOSECONDS NAME */
#include "doctor/kvm-probe.h"

#if defined(__x86_64__)

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/memory.h"
#include "doctor/kvm-guest.h"
#include "doctor/process.h"
#include "run/clock.h"

#define DEVICE             "/dev/kvm"
#define PROBE_MILLISECONDS 5000
#define TIMED_TRIES        3 /* the best counts: another process may have had the processor */
/* A loop's instruction takes about half a nanosecond on a processor, some ten where that is itself
 * emulated, and several hundred when KVM interprets it. */
#define SLOWEST_NANOSECONDS 100

#define CR0_PE           0x1u
#define CR0_ET           0x10u
#define CR0_NE           0x20u
#define CR0_WP           0x10000u
#define CR0_PG           0x80000000u
#define CR4_PAE          0x20u
#define EFER_SCE         0x1u
#define EFER_LME         0x100u
#define EFER_LMA         0x400u
#define PAGE_PRESENT     0x1u
#define PAGE_WRITE       0x2u
#define PAGE_USER        0x4u
#define PAGE_LARGE       0x80u
#define MSR_STAR         0xc0000081u
#define MSR_LSTAR        0xc0000082u
#define MSR_SYSCALL_MASK 0xc0000084u
#define CPUID_ENTRIES    128
#define TYPE_CODE        11 /* execute, read, accessed */
#define TYPE_DATA        3  /* read, write, accessed */

struct machine {
    int device, vm, vcpu;
    unsigned char *memory;
    struct kvm_run *run;
    struct kvm_regs initial_registers;
    struct kvm_sregs initial_segments;
};

enum mode { MODE_REAL, MODE_LONG };

/* ---- in the child ---- */

static int report_fd;

__attribute__((format(printf, 1, 2))) static void report(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vdprintf(report_fd, format, arguments);
    va_end(arguments);
}

static bool fail_call(const char *call)
{
    report("fail %s: %s\n", call, strerror(errno));
    return false;
}

static uint32_t guest_address(const unsigned char *code)
{
    return KVM_GUEST_CODE + (code - kvm_guest_start);
}

static bool set_cpuid(const struct machine *machine)
{
    struct kvm_cpuid2 *cpuid =
        calloc(1, sizeof(*cpuid) + CPUID_ENTRIES * sizeof(struct kvm_cpuid_entry2));
    bool good;

    if (!cpuid)
        return fail_call("memory");
    cpuid->nent = CPUID_ENTRIES;
    good = ioctl(machine->device, KVM_GET_SUPPORTED_CPUID, cpuid) == 0 &&
           ioctl(machine->vcpu, KVM_SET_CPUID2, cpuid) == 0;
    free(cpuid);
    return good || fail_call("KVM_SET_CPUID2");
}

/* Identity-maps the first 2 MiB for everybody, and copies the code in. */
static void fill_memory(unsigned char *memory)
{
    uint64_t *tables = (uint64_t *)(memory + KVM_GUEST_PAGE_TABLES);
    uint64_t flags = PAGE_PRESENT | PAGE_WRITE | PAGE_USER;

    tables[0] = (KVM_GUEST_PAGE_TABLES + 0x1000) | flags;
    tables[512] = (KVM_GUEST_PAGE_TABLES + 0x2000) | flags;
    tables[1024] = flags | PAGE_LARGE;
    memcpy(memory + KVM_GUEST_CODE, kvm_guest_start, kvm_guest_end - kvm_guest_start);
}

static bool set_syscall_msrs(const struct machine *machine)
{
    struct {
        struct kvm_msrs header;
        struct kvm_msr_entry entries[3];
    } msrs = {
        .header = {.nmsrs = 3},
        .entries = {{.index = MSR_STAR,
                     .data = (uint64_t)KVM_GUEST_USER_BASE << 48 | (uint64_t)KVM_GUEST_KERNEL_CS
                                                                       << 32},
                    {.index = MSR_LSTAR, .data = guest_address(kvm_guest_syscall_entry)},
                    {.index = MSR_SYSCALL_MASK, .data = 0x200}},
    };

    return ioctl(machine->vcpu, KVM_SET_MSRS, &msrs) == 3 || fail_call("KVM_SET_MSRS of syscall's");
}

static bool create(struct machine *machine)
{
    struct kvm_userspace_memory_region region = {.memory_size = KVM_GUEST_MEMORY};
    int run_size;

    report("step creating a virtual machine\n");
    if (ioctl(machine->device, KVM_GET_API_VERSION, 0) != KVM_API_VERSION) {
        report("fail its interface is not version %d\n", KVM_API_VERSION);
        return false;
    }
    machine->vm = ioctl(machine->device, KVM_CREATE_VM, 0);
    if (machine->vm < 0)
        return fail_call("KVM_CREATE_VM");
    machine->memory =
        mmap(NULL, KVM_GUEST_MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (machine->memory == MAP_FAILED)
        return fail_call("memory");
    fill_memory(machine->memory);
    region.userspace_addr = (uintptr_t)machine->memory;
    if (ioctl(machine->vm, KVM_SET_USER_MEMORY_REGION, &region) != 0)
        return fail_call("KVM_SET_USER_MEMORY_REGION");
    machine->vcpu = ioctl(machine->vm, KVM_CREATE_VCPU, 0);
    if (machine->vcpu < 0)
        return fail_call("KVM_CREATE_VCPU");
    run_size = ioctl(machine->device, KVM_GET_VCPU_MMAP_SIZE, 0);
    machine->run = run_size < (int)sizeof(struct kvm_run)
                       ? MAP_FAILED
                       : mmap(NULL, run_size, PROT_READ | PROT_WRITE, MAP_SHARED, machine->vcpu, 0);
    if (machine->run == MAP_FAILED)
        return fail_call("mapping the processor's state");
    if (ioctl(machine->vcpu, KVM_GET_REGS, &machine->initial_registers) != 0 ||
        ioctl(machine->vcpu, KVM_GET_SREGS, &machine->initial_segments) != 0)
        return fail_call("KVM_GET_SREGS");
    return set_cpuid(machine) && set_syscall_msrs(machine);
}

static void make_segment(struct kvm_segment *segment, unsigned int selector, unsigned int type,
                         bool code)
{
    *segment = (struct kvm_segment){.limit = 0xffffffff,
                                    .selector = selector,
                                    .type = type,
                                    .present = 1,
                                    .s = 1,
                                    .g = 1,
                                    .l = code,
                                    .db = !code};
}

/* Puts the processor at `entry`, in the state of its reset but for the mode. */
static bool enter(const struct machine *machine, enum mode mode, const unsigned char *entry)
{
    struct kvm_regs registers = machine->initial_registers;
    struct kvm_sregs segments = machine->initial_segments;

    registers.rip = guest_address(entry);
    registers.rsp = KVM_GUEST_STACK;
    registers.rflags = 2;
    segments.cs.base = 0;
    segments.cs.selector = 0;
    if (mode == MODE_LONG) {
        make_segment(&segments.cs, KVM_GUEST_KERNEL_CS, TYPE_CODE, true);
        make_segment(&segments.ss, KVM_GUEST_KERNEL_CS + 8, TYPE_DATA, false);
        segments.ds = segments.es = segments.fs = segments.gs = segments.ss;
        segments.cr0 = CR0_PE | CR0_ET | CR0_NE | CR0_WP | CR0_PG;
        segments.cr3 = KVM_GUEST_PAGE_TABLES;
        segments.cr4 = CR4_PAE;
        segments.efer = EFER_SCE | EFER_LME | EFER_LMA;
    }
    return (ioctl(machine->vcpu, KVM_SET_SREGS, &segments) == 0 &&
            ioctl(machine->vcpu, KVM_SET_REGS, &registers) == 0) ||
           fail_call("KVM_SET_SREGS");
}

/* Runs until the guest writes its result; says what else happened. */
static bool run_to_result(const struct machine *machine, const char *name)
{
    const struct kvm_run *run = machine->run;
    unsigned int result;

    while (ioctl(machine->vcpu, KVM_RUN, 0) != 0)
        if (errno != EINTR && errno != EAGAIN) {
            report("fail %s: KVM_RUN: %s\n", name, strerror(errno));
            return false;
        }
    if (run->exit_reason == KVM_EXIT_SHUTDOWN) {
        report("fail %s: triple fault\n", name);
        return false;
    }
    if (run->exit_reason == KVM_EXIT_INTERNAL_ERROR) {
        report("fail %s: KVM gives up on an instruction\n", name);
        return false;
    }
    if (run->exit_reason != KVM_EXIT_IO || run->io.direction != KVM_EXIT_IO_OUT ||
        run->io.port != KVM_GUEST_PORT) {
        report("fail %s: an exit for reason %u instead of its result\n", name, run->exit_reason);
        return false;
    }
    result = ((const unsigned char *)run)[run->io.data_offset];
    if (result == KVM_GUEST_PASSED)
        return true;
    report("fail %s: %s\n", name, kvm_guest_failure(result));
    return false;
}

static bool run_test(const struct machine *machine, enum mode mode, const unsigned char *entry,
                     const char *name)
{
    report("step %s\n", name);
    return enter(machine, mode, entry) && run_to_result(machine, name);
}

static void run_loop(const struct machine *machine, enum mode mode, const unsigned char *entry,
                     const char *name)
{
    int64_t best = INT64_MAX;

    for (int i = 0; i < TIMED_TRIES; i++) {
        int64_t start = clock_nanoseconds(), taken;

        if (!run_test(machine, mode, entry, name))
            return;
        taken = clock_nanoseconds() - start;
        if (taken < best)
            best = taken;
    }
    if (best > (int64_t)SLOWEST_NANOSECONDS * 2 * KVM_GUEST_ITERATIONS)
        report("fail %s: %.1f million instructions a second, so it is interpreted\n", name,
               2e3 * KVM_GUEST_ITERATIONS / best);
}

static void run_exits(const struct machine *machine)
{
    int64_t start;

    if (!run_test(machine, MODE_LONG, kvm_guest_exits, "port output"))
        return;
    start = clock_nanoseconds();
    for (int i = 0; i < KVM_GUEST_EXITS; i++)
        if (!run_to_result(machine, "port output"))
            return;
    report("measure %lu a port exit\n",
           (unsigned long)((clock_nanoseconds() - start) / KVM_GUEST_EXITS));
}

static void probe_in_child(int fd)
{
    struct machine machine = {.device = open(DEVICE, O_RDWR | O_CLOEXEC)};

    report_fd = fd;
    if (machine.device < 0) {
        fail_call("open");
        return;
    }
    if (!create(&machine))
        return;
    /* Each is tried whatever became of the others: their failures together tell what kind of KVM
     * this is. */
    run_test(&machine, MODE_REAL, kvm_guest_real, "real mode");
    run_test(&machine, MODE_LONG, kvm_guest_long, "long mode");
    run_test(&machine, MODE_LONG, kvm_guest_interrupt_flag, "cli and sti");
    run_test(&machine, MODE_LONG, kvm_guest_syscall, "syscall and sysret");
    run_loop(&machine, MODE_LONG, kvm_guest_long_loop, "long mode loop");
    run_loop(&machine, MODE_REAL, kvm_guest_real_loop, "real mode loop");
    run_exits(&machine);
}

/* ---- in the parent ---- */

static void append(char **list, const char *separator, char *text)
{
    char *longer =
        *list ? memory_format("%s%s%s", *list, separator, text) : memory_copy_string(text);

    free(*list);
    free(text);
    *list = longer;
}

static enum kvm_state judge(const struct process_result *result, char **detail)
{
    char *failures = NULL, *measures = NULL, *rest = result->output, *line;
    const char *step = "start";

    while ((line = strsep(&rest, "\n"))) {
        if (strncmp(line, "step ", 5) == 0) {
            step = line + 5;
        } else if (strncmp(line, "fail ", 5) == 0) {
            append(&failures, "; ", memory_copy_string(line + 5));
        } else if (strncmp(line, "measure ", 8) == 0) {
            char *name;
            double microseconds = strtoul(line + 8, &name, 10) / 1e3;

            append(&measures, ", ", memory_format("%.1f us for%s", microseconds, name));
        }
    }
    if (result->timed_out)
        append(&failures, "; ",
               memory_format("%s: no end in %d s", step, PROBE_MILLISECONDS / 1000));
    else if (result->status != 0)
        append(&failures, "; ",
               memory_format("%s: the probe ended by signal %d", step, result->signal));
    if (failures) {
        *detail = memory_format(DEVICE " fails: %s", failures);
        free(failures);
        free(measures);
        return KVM_BROKEN;
    }
    *detail = memory_format(DEVICE " works: %s", measures ? measures : "");
    free(measures);
    return KVM_WORKS;
}

enum kvm_state kvm_probe(char **detail)
{
    int fd = open(DEVICE, O_RDWR | O_CLOEXEC);
    struct process_result result;
    enum kvm_state state;

    if (fd < 0) {
        state = errno == EACCES || errno == EPERM ? KVM_DENIED
                : errno == EBUSY                  ? KVM_BUSY
                                                  : KVM_ABSENT;
        *detail = memory_format(DEVICE ": %s", strerror(errno));
        return state;
    }
    close(fd);
    result = process_call(probe_in_child, PROBE_MILLISECONDS);
    state = judge(&result, detail);
    free(result.output);
    return state;
}

#else

#include "cli/memory.h"

enum kvm_state kvm_probe(char **detail)
{
    *detail = memory_copy_string("this machine is not x86_64");
    return KVM_ABSENT;
}

#endif
