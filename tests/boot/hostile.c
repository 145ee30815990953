/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A process without privileges that tries what it must not: each sensitive instruction in 64-bit
 * and 32-bit code, the memory of kernel, wedge and hypervisor page by page, jumps to all of them,
 * ports, segments of its own making, single steps through system calls, and system calls with odd
 * registers. What it says must not depend on the place. hostile-samples.S has the instructions,
 * from `afterburner table`. */
#define _GNU_SOURCE
#include <asm/ldt.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/io.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#define PAGE       4096ul
#define CODE32     0x23
#define TRAP_FLAG  0x100
#define BREAKPOINT 0xcc
#define MEMORY     (192ul << 20)

struct sample {
    const char *name;
    const uint8_t *start, *end;
};
extern const struct sample samples64[], samples64_end[], samples32[], samples32_end[];

/* What a child's signal handler leaves for us. */
static volatile struct report {
    int signal, code;
    long trap, offset;
} * report;
static uint8_t *code, *data; /* pages below 4 GB */

/* Nothing here may lean on what an instruction may have taken away: no C library. */
__attribute__((optimize("no-stack-protector"))) static void tell(int number, siginfo_t *info,
                                                                 void *context)
{
    const greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;

    report->signal = number;
    report->code = info->si_code;
    report->trap = registers[REG_TRAPNO];
    report->offset = registers[REG_RIP] - (long)code;
    __asm__ volatile("syscall" ::"a"(SYS_exit_group), "D"(0) : "rcx", "r11", "memory");
}

static void catch (void (*handler)(int, siginfo_t *, void *))
{
    static const int signals[] = {SIGSEGV, SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSYS};
    static uint8_t stack[64 * 1024];
    const stack_t alternate = {.ss_sp = stack, .ss_size = sizeof(stack)};
    struct sigaction action = {.sa_sigaction = handler,
                               .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};

    sigaltstack(&alternate, NULL);
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        sigaction(signals[i], &action, NULL);
}

/* Goes to the code page with every register pointing into the data page. */
__attribute__((noreturn)) static void enter(int selector, uint64_t rflags, uint64_t rax)
{
    uint64_t pointer = (uint64_t)data + PAGE / 2;
    uint64_t frame[5] = {(uint64_t)code, (uint64_t)selector, rflags, pointer, 0x2b};

    __asm__ volatile("movq %%rcx, %%rsp\n\tmovq %%rbx, %%rcx\n\tmovq %%rbx, %%rdx\n"
                     "\tmovq %%rbx, %%rsi\n\tmovq %%rbx, %%rdi\n\tmovq %%rbx, %%rbp\n"
                     "\tmovq %%rbx, %%r8\n\tmovq %%rbx, %%r9\n\tmovq %%rbx, %%r10\n"
                     "\tmovq %%rbx, %%r11\n\tiretq" ::"a"(rax),
                     "b"(pointer), "c"(frame)
                     : "memory");
    __builtin_unreachable();
}

/* Runs bytes in a child of their own and prints how that ended. */
static void try_code(const char *bits, const char *name, const uint8_t *bytes, size_t size,
                     int selector, uint64_t rflags, uint64_t rax)
{
    int status;

    memset(code, BREAKPOINT, PAGE);
    memcpy(code, bytes, size);
    memset(data, 0, PAGE);
    memset((void *)report, 0, sizeof(*report));
    fflush(stdout);
    if (fork() == 0) {
        catch (tell);
        alarm(20);
        enter(selector, rflags, rax);
    }
    wait(&status);
    printf("%s %s: ", bits, name);
    if (WIFSIGNALED(status))
        printf("killed by signal %d\n", WTERMSIG(status));
    else if (report->signal == SIGTRAP && report->trap == 3)
        printf("done, behind it %+ld\n", report->offset - 1 - (long)size);
    else
        printf("signal %d code %d, trap %ld at %+ld\n", report->signal, report->code, report->trap,
               report->offset);
}

static void try_samples(const char *bits, const struct sample *at, const struct sample *end,
                        int selector)
{
    for (; at < end; at++)
        try_code(bits, at->name, at->start, (size_t)(at->end - at->start), selector, 0x202,
                 (uint64_t)data + PAGE / 2);
}

/* --- Memory */

static sigjmp_buf back;
static volatile int last_signal;

static void jump_back(int number, siginfo_t *info, void *context)
{
    (void)info;
    (void)context;
    last_signal = number;
    siglongjmp(back, 1);
}

enum way { READ, WRITE, EXECUTE, WAYS };

static int reaches(uint64_t address, enum way way)
{
    if (sigsetjmp(back, 0))
        return 0;
    if (way == READ)
        (void)*(volatile uint8_t *)address;
    else if (way == WRITE)
        *(volatile uint8_t *)address = 0;
    else
        ((void (*)(void))address)();
    return 1;
}

static void try_range(const char *name, uint64_t start, uint64_t count, uint64_t step, int ways)
{
    static const char *const names[WAYS] = {"read", "written", "executed"};

    catch (jump_back);
    printf("%s: %lu addresses", name, count);
    for (enum way way = READ; way < (enum way)ways; way++) {
        uint64_t reached = 0, others = 0;

        for (uint64_t i = 0; i < count; i++) {
            reached += (uint64_t)reaches(start + i * step, way);
            others += last_signal != SIGSEGV;
        }
        printf(", %lu %s", reached, names[way]);
        if (others)
            printf(" (%lu by other signals)", others);
    }
    printf("\n");
}

/* --- Segments of its own */

static void try_segments(void)
{
    for (unsigned int contents = 0; contents < 4; contents++)
        for (unsigned int bits = 0; bits < 16; bits++) {
            struct user_desc wanted = {.entry_number = 1,
                                       .base_addr = (unsigned int)(uintptr_t)data,
                                       .limit = 0xfff,
                                       .contents = contents & 3,
                                       .seg_32bit = bits & 1,
                                       .read_exec_only = bits >> 1 & 1,
                                       .seg_not_present = bits >> 2 & 1,
                                       .useable = bits >> 3 & 1};
            long result = syscall(SYS_modify_ldt, 1, &wanted, sizeof(wanted));
            char name[64];
            static const uint8_t loads[][6] = {{0xb8, 0x0f, 0, 0, 0, 0x90}};
            uint8_t bytes[16];
            size_t size;

            snprintf(name, sizeof(name), "segment %u/%x (%ld)", contents, bits, result);
            /* mov $0xf,%eax; mov %eax,%fs; mov %eax,%es; lar; lsl */
            size = 5;
            memcpy(bytes, loads[0], 5);
            memcpy(bytes + size, "\x8e\xe0\x8e\xc0", 4);
            try_code("64", name, bytes, size + 4, 0x33, 0x202, 0);
            /* ... and as a stack */
            memcpy(bytes + size, "\x8e\xd0\x90", 3);
            try_code("64, stack,", name, bytes, size + 3, 0x33, 0x202, 0);
            /* lcall to it */
            memcpy(bytes, "\x9a\0\0\0\0\x0f\0", 7);
            try_code("32, far call,", name, bytes, 7, CODE32, 0x202, 0);
        }
}

/* --- Steps and system calls */

static void try_entries(void)
{
    static const struct {
        const char *name;
        uint8_t bytes[12];
        size_t size;
    } entries[] = {
        {"syscall", {0x0f, 0x05}, 2},
        {"int $0x80", {0xcd, 0x80}, 2},
        {"int $3", {0xcd, 3}, 2},
        {"int $4", {0xcd, 4}, 2},
        {"int $0x20", {0xcd, 0x20}, 2},
        /* Not 0x82: TCG's error code of it, twice what the manual says, is of vector 4 to Xen. */
        {"int $0x81", {0xcd, 0x81}, 2},
        {"int $14", {0xcd, 14}, 2},
        {"pushf; popf with TF", {0x9c, 0x81, 0x0c, 0x24, 0, 1, 0, 0, 0x9d, 0x90}, 10},
        {"mov ss; syscall", {0x8c, 0xd1, 0x8e, 0xd1, 0x0f, 0x05}, 6},
        {"mov ss; int $0x80", {0x8c, 0xd1, 0x8e, 0xd1, 0xcd, 0x80}, 6},
    };
    static const uint64_t numbers[] = {SYS_getppid, ~0ul, 1ul << 40, 0x7fffffff, 0x80000000};
    static const uint64_t flags[] = {0x202, 0x202 | TRAP_FLAG, 0x4202, 0x40202, 0x602};

    for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++)
        for (size_t k = 0; k < sizeof(numbers) / sizeof(numbers[0]); k++)
            for (size_t f = 0; f < sizeof(flags) / sizeof(flags[0]); f++) {
                char name[80];

                snprintf(name, sizeof(name), "%s, rax %lx, rflags %lx", entries[i].name, numbers[k],
                         flags[f]);
                try_code("64", name, entries[i].bytes, entries[i].size, 0x33, flags[f], numbers[k]);
                try_code("32", name, entries[i].bytes, entries[i].size, CODE32, flags[f],
                         numbers[k]);
            }
}

static volatile unsigned long steps;

static void count_step(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)info;
    (void)context;
    steps++;
}

/* Each instruction of a system call's wrapper is a step, and so is none of the kernel's. */
static void try_steps(void)
{
    struct sigaction action = {.sa_sigaction = count_step, .sa_flags = SA_SIGINFO};
    unsigned long first;

    sigaction(SIGTRAP, &action, NULL);
    for (int i = 0; i < 2; i++) {
        steps = 0;
        __asm__ volatile(
            "pushfq\n\torq $0x100, (%%rsp)\n\tpopfq\n\tmovl %0, %%eax\n\tsyscall\n\tnop\n"
            "\tpushfq\n\tandq $~0x100, (%%rsp)\n\tpopfq" ::"i"(SYS_getppid)
            : "rax", "rcx", "r11", "memory", "cc");
        printf("steps through getppid: %lu\n", steps);
    }
    first = steps;
    for (int i = 0; i < 3; i++) {
        struct timespec now;

        steps = 0;
        __asm__ volatile("pushfq\n\torq $0x100, (%%rsp)\n\tpopfq" ::: "memory", "cc");
        clock_gettime(CLOCK_MONOTONIC, &now);
        __asm__ volatile("pushfq\n\tandq $~0x100, (%%rsp)\n\tpopfq" ::: "memory", "cc");
        printf("steps through the vDSO: %s\n", steps > first ? "more" : "none");
    }
}

int main(void)
{
    char *low = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

    report = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (low == MAP_FAILED || report == MAP_FAILED || setgid(1000) != 0 || setuid(1000) != 0) {
        perror("hostile");
        return 1;
    }
    code = (uint8_t *)low;
    data = code + PAGE;
    printf("iopl: %s\n", iopl(3) == 0 ? "taken" : strerror(errno));
    printf("ioperm: %s\n", ioperm(0x80, 1, 1) == 0 ? "taken" : strerror(errno));
    try_samples("64", samples64, samples64_end, 0x33);
    try_samples("32", samples32, samples32_end, CODE32);
    try_entries();
    try_segments();
    try_steps();
    try_range("the kernel's code and data", 0xffffffff81000000, 8192, PAGE, WAYS);
    try_range("the kernel's map of memory", 0xffff888000000000, MEMORY / PAGE, PAGE, EXECUTE);
    try_range("the wedge", 0xffffffff7f800000, 2048, PAGE, WAYS);
    try_range("the wedge, between its pages", 0xffffffff7f800000, 2048, 4093, WAYS);
    try_range("the wedge's other address", 0xffffffffff800000, 2048, PAGE, WAYS);
    try_range("the wedge's map of memory", 0xfffffe8000000000, MEMORY / PAGE, PAGE, EXECUTE);
    try_range("the hypervisor's tables", 0xffff800000000000, 4096, PAGE, WAYS);
    try_range("the hypervisor", 0xffff82d040000000, 4096, PAGE, WAYS);
    try_range("the hypervisor's half, by the gigabyte", 0xffff800000000000, 8192, 1ul << 30, WAYS);
    try_range("the kernel's other areas", 0xffffc90000000000, 4096, PAGE, WAYS);
    try_range("the kernel's page structures", 0xffffea0000000000, 4096, PAGE, WAYS);
    try_range("what is not canonical", 0x0000800000000000, 1024, 1ul << 36, WAYS);
    printf("hostile: done\n");
    return 0;
}
