/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Chapter 5: the command line.
 *
 * 5.1 Words with blanks between them, found where the start info says. A word we do not know is
 * not ours and is passed over, as loaders and hypervisors add their own; a known word with a
 * value that makes no sense ends the run, since guessing would make a test lie.
 */
#include "kernel.h"
#include "startinfo.h"

#define DEFAULT_TICKS 5
#define MAX_TICKS     360000
#define MAX_EXIT      99

static bool ends_word(char character)
{
    return character == '\0' || character == ' ' || character == '\t' || character == '\n';
}

/* Does the word at `text` start with `name`? Returns what follows it, or NULL. */
static const char *after(const char *text, const char *name)
{
    while (*name) {
        if (*text++ != *name++)
            return NULL;
    }
    return text;
}

static bool is_word(const char *text, const char *word)
{
    const char *rest = after(text, word);

    return rest && ends_word(*rest);
}

/* A decimal number from 0 to `limit`, up to the end of the word. */
static unsigned number(const char *name, const char *text, unsigned limit)
{
    unsigned value = 0;
    bool good = !ends_word(*text);

    for (; good && !ends_word(*text); text++) {
        unsigned digit = (unsigned)(*text - '0');

        if (digit > 9)
            good = false;
        else
            value = value * 10 + digit;
        if (value > limit)
            good = false;
    }
    if (!good) {
        print("hello-kernel: command line: %s takes a number from 0 to %u\n", name, limit);
        machine_exit(EXIT_BAD_OPTION);
    }
    return value;
}

/* Fills `options` from the command line in `info`, with defaults for what it does not say. */
void cmdline_parse(const struct start_info *info, struct options *options)
{
    *options = (struct options){.ticks = DEFAULT_TICKS};
    if (!info->command_line)
        return;
    CHECK(info->command_line < KERNEL_MAP_SIZE);

    const char *text = phys_to_virt(info->command_line);
    while (*text) {
        const char *value;

        if ((value = after(text, "exit=")))
            options->exit_code = number("exit=", value, MAX_EXIT);
        else if ((value = after(text, "ticks=")))
            options->ticks = number("ticks=", value, MAX_TICKS);
        else if (is_word(text, "panic"))
            options->panic = true;
        else if (is_word(text, "spin"))
            options->spin = true;

        while (!ends_word(*text))
            text++;
        while (*text && ends_word(*text))
            text++;
    }
}
