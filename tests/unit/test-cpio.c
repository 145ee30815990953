/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What cpio itself reads of our archives. */
#include "helpers.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "run/cpio.h"

static void read_by_cpio(void **state)
{
    char folder[] = "/tmp/afterburner-cpio.XXXXXX", command[256], line[64] = "";
    int archive = memfd_create("archive", 0), file = memfd_create("file", 0);
    FILE *output;

    (void)state;
    if (system("command -v cpio >/dev/null") != 0)
        skip(); /* apt-get install cpio */
    assert_true(write(file, "12345", 5) == 5 && lseek(file, 0, SEEK_SET) == 0);
    assert_true(write(archive, "x", 1) == 1 && cpio_align(archive));
    assert_int_equal(lseek(archive, 0, SEEK_CUR), 4);
    assert_int_equal(ftruncate(archive, 0), 0);
    lseek(archive, 0, SEEK_SET);
    assert_true(cpio_add_folder(archive, "a"));
    assert_true(cpio_add_bytes(archive, "a/bytes", "one\ntwo", 7));
    assert_true(cpio_add_bytes(archive, "a/none", "", 0));
    assert_true(cpio_add_file(archive, "a/file", file));
    assert_true(cpio_end(archive));
    assert_int_equal(lseek(archive, 0, SEEK_CUR) % 4, 0);
    assert_non_null(mkdtemp(folder));
    snprintf(command, sizeof(command),
             "cd %s && cpio -id --quiet <&%d && cat a/bytes a/none a/file && rm -r a && rmdir $PWD",
             folder, archive);
    lseek(archive, 0, SEEK_SET);
    output = popen(command, "r");
    assert_non_null(output);
    assert_int_equal(fread(line, 1, sizeof(line) - 1, output), 12);
    assert_int_equal(pclose(output), 0);
    assert_string_equal(line, "one\ntwo12345");
    close(file);
    close(archive);
}

static void says_why_not(void **state)
{
    int pipe_ends[2], full = open("/dev/full", O_WRONLY);

    (void)state;
    assert_int_equal(pipe(pipe_ends), 0);
    errno = 0;
    assert_false(cpio_add_bytes(full, "name", "x", 1));
    assert_int_equal(errno, ENOSPC);
    assert_false(cpio_align(pipe_ends[1]));
    assert_int_equal(errno, ESPIPE);
    assert_false(cpio_add_file(full, "name", -1));
    assert_int_equal(errno, EBADF);
    close(full);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read_by_cpio),
        cmocka_unit_test(says_why_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
