/* SPDX-License-Identifier: BSD-2-Clause */
/* A 32-bit process for the tests of Linux, without a library: system calls by INT 0x80 and by the
 * kernel's entry in the vDSO, which takes the processor's quick way, a thread-local segment that
 * must survive switches of tasks, and the selector that its code runs with. Exit code 5 when all is
 * as it should be. */
#define SYS_EXIT            1
#define SYS_WRITE           4
#define SYS_GETPID          20
#define SYS_SCHED_YIELD     158
#define SYS_SET_THREAD_AREA 243

#define USER_CS_32 0x23
#define AT_SYSINFO 32
#define MAGIC      0x12345678u
#define ROUNDS     1000

struct user_descriptor {
    unsigned int entry, base, limit, flags; /* flags: 32-bit, limit in pages, usable */
};

static unsigned int area[4] = {MAGIC};
static int wrong;

static int call(int number, int a, int b, int c)
{
    int result;

    asm volatile("int $0x80" : "=a"(result) : "a"(number), "b"(a), "c"(b), "d"(c) : "memory");
    return result;
}

/* Where the auxiliary vector says that the kernel's entry is; 0: it offers none. */
static unsigned int find_entry(const unsigned int *stack)
{
    const unsigned int *at = stack + 1 + stack[0] + 1; /* behind the arguments */

    while (*at++) /* and the environment */
        ;
    for (; at[0]; at += 2)
        if (at[0] == AT_SYSINFO)
            return at[1];
    return 0;
}

/* All registers must come back but EAX. */
static int call_by_entry(unsigned int entry, int number, int *kept)
{
    int result, ebx = 0x1111, ecx = 0x2222, edx = 0x3333, esi = 0x4444;

    asm volatile("call *%[entry]"
                 : "=a"(result), "+b"(ebx), "+c"(ecx), "+d"(edx), "+S"(esi)
                 : "a"(number), [entry] "D"(entry)
                 : "memory", "cc");
    *kept = ebx == 0x1111 && ecx == 0x2222 && edx == 0x3333 && esi == 0x4444;
    return result;
}

static void say(const char *text)
{
    int length = 0;

    while (text[length])
        length++;
    call(SYS_WRITE, 1, (int)text, length);
}

static void check(int good, const char *yes, const char *no)
{
    say(good ? yes : no);
    wrong |= !good;
}

static unsigned int thread_local_word(void)
{
    unsigned int value;

    asm volatile("movl %%gs:0, %0" : "=r"(value));
    return value;
}

static void use_entry(const unsigned int *stack)
{
    unsigned int entry = find_entry(stack);
    int kept = 0, good = 1;

    check(entry != 0, "32-bit: the kernel offers an entry\n", "32-bit: NO ENTRY\n");
    for (int i = 0; entry && i < ROUNDS; i++)
        good &= call_by_entry(entry, SYS_GETPID, &kept) == call(SYS_GETPID, 0, 0, 0) && kept;
    check(good, "32-bit: which works\n", "32-bit: WHICH DOES NOT WORK\n");
}

/* The stack as the kernel made it: arguments, environment, auxiliary vector. */
asm(".globl _start\n_start: movl %esp, %eax\n pushl %eax\n call start\n hlt\n");
void start(const unsigned int *stack);

void start(const unsigned int *stack)
{
    struct user_descriptor descriptor = {
        .entry = -1u, .base = (unsigned int)area, .limit = 0xfffff, .flags = 0x51};
    unsigned int selector;

    check(call(SYS_SET_THREAD_AREA, (int)&descriptor, 0, 0) == 0, "32-bit: segment made\n",
          "32-bit: NO SEGMENT\n");
    asm volatile("movl %0, %%gs" ::"r"(descriptor.entry << 3 | 3));
    check(thread_local_word() == MAGIC, "32-bit: segment works\n", "32-bit: SEGMENT IS WRONG\n");
    for (int i = 0; i < ROUNDS; i++) {
        call(SYS_GETPID, 0, 0, 0);
        call(SYS_SCHED_YIELD, 0, 0, 0);
    }
    check(thread_local_word() == MAGIC, "32-bit: segment kept\n", "32-bit: SEGMENT LOST\n");
    asm volatile("movl %%cs, %0" : "=r"(selector));
    check(selector == USER_CS_32, "32-bit: selector\n", "32-bit: SELECTOR IS WRONG\n");
    use_entry(stack);
    call(SYS_EXIT, wrong ? 6 : 5, 0, 0);
}
