/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Vector registers and MXCSR of three processes, each with values of its own, over switches among
 * them and, by what they print, to whoever has the console. */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROCESSES   3
#define ROUNDS      300
#define SPINS       200000ul
#define MXCSR_FLAGS 0x3fu

static int keeps(unsigned int number)
{
    int bad = 0;

    for (unsigned int round = 0; round < ROUNDS; round++) {
        unsigned long value = 0x1111111111111111ul * (number + 1) + round;
        const unsigned long in[4] = {value, value + 1, value + 2, value + 3};
        unsigned long first[4], last[4], spins = SPINS;
        unsigned int control = 0x1f80 | number << 13, after; /* the way to round */

        __asm__ volatile("ldmxcsr %5\n\tvmovdqu %4, %%ymm1\n\tvmovdqu %4, %%ymm15\n"
                         "1:\tdecq %0\n\tjnz 1b\n"
                         "\tvmovdqu %%ymm1, %1\n\tvmovdqu %%ymm15, %2\n\tstmxcsr %3\n\tvzeroupper"
                         : "+r"(spins), "=m"(first), "=m"(last), "=m"(after)
                         : "m"(in), "m"(control)
                         : "xmm1", "xmm15", "cc");
        if (memcmp(in, first, sizeof(in)) || memcmp(in, last, sizeof(in)) ||
            control != (after & ~MXCSR_FLAGS))
            bad++;
        if (round % 10 == 0)
            printf("."), fflush(stdout);
    }
    if (bad)
        printf("\nvectors: process %u lost its registers in %d of %d rounds\n", number, bad,
               ROUNDS);
    return bad != 0;
}

int main(void)
{
    int status, bad = 0;

    if (!__builtin_cpu_supports("avx")) {
        printf("vectors: no AVX here\n");
        return 2;
    }
    for (unsigned int i = 0; i < PROCESSES; i++)
        if (fork() == 0)
            _exit(keeps(i));
    while (wait(&status) > 0)
        bad |= status;
    printf("\nvectors: %s\n", bad ? "lost" : "kept");
    return bad != 0;
}
