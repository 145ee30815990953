/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Compiles one sensitive instruction with each compiler by way of `afterburner cc`, just as a
 * kernel's build would, and looks for its site record in the object. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/memory.h"
#include "doctor/checks.h"
#include "doctor/process.h"
#include "run/find-program.h"

#define COMPILE_MILLISECONDS 30000
#define RECORDS              ".afterburn"

static const char source_text[] = "void mask(void)\n{\n    __asm__ volatile(\"cli\");\n}\n";

/* Whether the file has the bytes of `text`, which as a section's name stand in its string table. */
static bool file_mentions(const char *path, const char *text)
{
    FILE *file = fopen(path, "re");
    size_t length = strlen(text), matched = 0;
    int byte;

    if (!file)
        return false;
    while (matched < length && (byte = getc(file)) != EOF) {
        /* No proper prefix of the name ends in its first byte, so a mismatch restarts there or at
         * once. */
        if (byte == text[matched])
            matched++;
        else
            matched = byte == text[0];
    }
    fclose(file);
    return matched == length;
}

/* Compiles source to object; NULL if records came out, else what is wrong, to be freed. */
static char *try_compiler(const char *compiler, const char *source, const char *object)
{
    char self[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
    const char *argv[] = {self, "cc", compiler, "-c", "-o", object, source, NULL};
    struct process_result result;
    char *wrong = NULL;

    if (length < 0)
        return memory_copy_string("/proc/self/exe cannot be read");
    self[length] = '\0';
    result = process_run(argv, COMPILE_MILLISECONDS);
    result.output[strcspn(result.output, "\n")] = '\0';
    if (result.timed_out)
        wrong = memory_copy_string("no end in 30 s");
    else if (result.status != 0)
        wrong = memory_format("exit code %d: %s", result.status, result.output);
    else if (!file_mentions(object, RECORDS))
        wrong = memory_copy_string("it compiles, but without a site record for `cli`");
    free(result.output);
    return wrong;
}

static bool write_source(const char *path)
{
    FILE *file = fopen(path, "we");
    bool written = file && fputs(source_text, file) >= 0;

    return file && fclose(file) == 0 && written;
}

static void check_compiler(struct report *report, const char *name, const char *compiler,
                           unsigned int uses)
{
    const char *temporary = getenv("TMPDIR");
    char *folder, *source, *object, *wrong;
    char *path = find_program(compiler);

    if (!path) {
        report_add(report, name, uses, STATE_MISSING,
                   memory_format("no %s to assemble for", compiler),
                   memory_format("apt-get install %s", compiler));
        return;
    }
    free(path);
    folder =
        memory_format("%s/afterburner-doctor.XXXXXX", temporary && *temporary ? temporary : "/tmp");
    if (!mkdtemp(folder)) {
        report_add(report, name, uses, STATE_BROKEN, memory_format("%s cannot be made", folder),
                   memory_copy_string("set TMPDIR to a folder with room"));
        free(folder);
        return;
    }
    source = memory_format("%s/probe.c", folder);
    object = memory_format("%s/probe.o", folder);
    wrong = write_source(source) ? try_compiler(compiler, source, object)
                                 : memory_format("%s cannot be written", source);
    if (wrong)
        report_add(report, name, uses, STATE_BROKEN, wrong,
                   getenv("AFTERBURNER_MODE")
                       ? memory_copy_string("unset AFTERBURNER_MODE")
                       : memory_format("see why: afterburner cc %s -c FILE.c", compiler));
    else
        report_add(report, name, uses, STATE_OK,
                   memory_format("afterburner cc %s leaves a site record for `cli`", compiler),
                   NULL);
    unlink(object);
    unlink(source);
    rmdir(folder);
    free(object);
    free(source);
    free(folder);
}

void check_annotating(struct report *report)
{
    if (report_wants(report, USE_ALL))
        check_compiler(report, "gcc through us", "gcc", USE_ALL);
    if (report_wants(report, USE_CHECK))
        check_compiler(report, "clang through us", "clang", USE_CHECK);
}
