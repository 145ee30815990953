/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The smallest dom0 that ends in each way a run on Xen can end. It does what the words of its
 * command line say, one after the other; what it says goes to COM1. Numbers and layouts are those
 * of Xen's public headers (public/xen.h, sched.h, physdev.h, sysctl.h of Xen 4.17). */
#include <stdint.h>

/* Hypercalls. */
#define CONSOLE_IO     18
#define VCPU_OP        24
#define SCHED_OP       29
#define PHYSDEV_OP     33
#define SYSCTL         35
#define HYPERCALL_SIZE 32 /* bytes of the hypercall page for each */

#define CONSOLE_IO_WRITE   0
#define VCPU_OP_IS_UP      3
#define SCHED_OP_SHUTDOWN  2
#define SHUTDOWN_POWER_OFF 0
#define SHUTDOWN_REBOOT    1
#define SHUTDOWN_CRASH     3
#define PHYSDEV_OP_IOPL    6
#define SYSCTL_VERSION     0x15
#define SYSCTL_DEBUG_KEYS  7

#define COM1        0x3f8
#define COM1_STATUS (COM1 + 5)
#define COM_FULL    0x01
#define COM_EMPTY   0x20
#define EXIT_PORT   0xf4

#define WEDGE_WINDOW 0xffffffff7f800000

struct start_info {
    char magic[32];
    uint64_t page_count;
    uint64_t shared_info;
    uint32_t flags;
    uint64_t store_page;
    uint32_t store_event;
    uint64_t console_page;
    uint32_t console_event;
    uint64_t page_table;
    uint64_t page_table_pages;
    uint64_t page_list;
    uint64_t module_start;
    uint64_t module_size;
    char command_line[1024];
};

void crash_by_ud2(void);
void crash_by_pointer(void);

static long hypercall(unsigned int number, uint64_t first, uint64_t second, uint64_t third)
{
    extern char hypercall_page[];
    long result;

    __asm__ volatile("call *%[target]"
                     : "=a"(result), "+D"(first), "+S"(second), "+d"(third)
                     : [target] "r"(hypercall_page + (uint64_t)number * HYPERCALL_SIZE)
                     : "rcx", "r8", "r9", "r10", "r11", "memory");
    return result;
}

static void port_write(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" ::"a"(value), "Nd"(port));
}

static uint8_t port_read(uint16_t port)
{
    uint8_t value;

    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static unsigned int length(const char *text)
{
    unsigned int count = 0;

    while (text[count])
        count++;
    return count;
}

static void say(const char *text)
{
    for (; *text; text++) {
        while (!(port_read(COM1_STATUS) & COM_EMPTY))
            ;
        port_write(COM1, *text);
    }
}

static void say_number(uint64_t value)
{
    char digits[24];
    unsigned int at = sizeof(digits) - 1;

    digits[at] = '\0';
    do
        digits[--at] = '0' + value % 10;
    while (value /= 10);
    say(digits + at);
}

/* On Xen's own console, where the wedge's log goes. */
static void log_line(const char *text)
{
    hypercall(CONSOLE_IO, CONSOLE_IO_WRITE, length(text), (uint64_t)text);
}

static void shut_down(uint32_t reason)
{
    hypercall(SCHED_OP, SCHED_OP_SHUTDOWN, (uint64_t)&reason, 0);
}

/* What an operator's Ctrl-A on Xen's console does. */
static void press_key(char key)
{
    struct {
        uint32_t command;
        uint32_t version;
        char *keys;
        uint32_t count;
        char padding[128];
    } control = {SYSCTL_DEBUG_KEYS, SYSCTL_VERSION, &key, 1, {0}};

    if (hypercall(SYSCTL, (uint64_t)&control, 0, 0) != 0)
        say("xen-guest: the key was refused\n");
}

static unsigned int processors(void)
{
    unsigned int count = 0;

    while (hypercall(VCPU_OP, VCPU_OP_IS_UP, count, 0) >= 0)
        count++;
    return count;
}

static int is(const char *word, const char *name)
{
    while (*name && *word == *name)
        word++, name++;
    return *name == '\0' && (*word == '\0' || *word == ' ' || name[-1] == '=');
}

static void flood(void)
{
    static char line[] =
        "wedge: a line of the flood, which is as long as many that a log has .... 0\n";

    for (int i = 0; i < 5000; i++) {
        line[sizeof(line) - 3] = '0' + i % 10;
        log_line(line);
    }
}

/* Says a line back that somebody types. */
static void echo(void)
{
    char key = '\0';

    say("type: ");
    while (key != '\n' && key != '\r') {
        while (!(port_read(COM1_STATUS) & COM_FULL))
            ;
        key = port_read(COM1);
        say((char[]){key, '\0'});
    }
}

static void obey(const struct start_info *start, const char *word)
{
    if (is(word, "exit=")) {
        unsigned int code = 0;

        for (word += 5; *word >= '0' && *word <= '9'; word++)
            code = code * 10 + *word - '0';
        port_write(EXIT_PORT, code);
    } else if (is(word, "arguments")) {
        say("arguments: ");
        say(start->command_line);
        say("\nmemory: ");
        say_number(start->page_count);
        say(" pages\nprocessors: ");
        say_number(processors());
        say("\nmodule: ");
        say_number(start->module_size);
        say(" bytes\n");
        for (uint64_t i = 0; i < start->module_size && i < 64; i++)
            say((char[]){((const char *)start->module_start)[i], '\0'});
    } else if (is(word, "crash")) {
        crash_by_ud2();
    } else if (is(word, "pointer")) {
        crash_by_pointer();
    } else if (is(word, "jump")) {
        ((void (*)(void))(WEDGE_WINDOW + 0x1234))();
    } else if (is(word, "give-up")) {
        shut_down(SHUTDOWN_CRASH);
    } else if (is(word, "poweroff")) {
        shut_down(SHUTDOWN_POWER_OFF);
    } else if (is(word, "reboot")) {
        shut_down(SHUTDOWN_REBOOT);
    } else if (is(word, "spin")) {
        for (;;)
            ;
    } else if (is(word, "wedge-stop")) {
        log_line("wedge: site 17 at ffffffff81001000: no stub\n");
        log_line("wedge: stopped: no stub for a site\n");
    } else if (is(word, "wedge-stop-guest")) {
        log_line("wedge: triple fault at ffffffff81001000\n");
        log_line("wedge: stopped: guest\n");
    } else if (is(word, "echo")) {
        echo();
    } else if (is(word, "flood")) {
        flood();
    } else if (is(word, "key=")) {
        press_key(word[4]);
    }
}

void main(const struct start_info *start)
{
    uint32_t level = 1;
    const char *word = start->command_line;

    /* Ring 3 of Xen: IN and OUT trap to Xen, which does them for a dom0 of this level. */
    hypercall(PHYSDEV_OP, PHYSDEV_OP_IOPL, (uint64_t)&level, 0);
    say("xen-guest: hello\n");
    while (*word) {
        while (*word == ' ')
            word++;
        obey(start, word);
        while (*word && *word != ' ')
            word++;
    }
    say("xen-guest: nothing more to do\n");
    for (;;)
        ;
}
