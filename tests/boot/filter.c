/* SPDX-License-Identifier: GPL-3.0-or-later */
/* In the guest of linux.rewriting: gives a socket a filter, which the kernel makes code of, and
 * looks whether it lets through what it should. */
#include <linux/filter.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(void)
{
    /* Takes what begins with 'a' to 'm', and of that as many bytes as the second byte says. */
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 'a', 0, 4),
        BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 'm', 3, 0),
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 1),
        BPF_STMT(BPF_ALU | BPF_SUB | BPF_K, '0'),
        BPF_STMT(BPF_RET | BPF_A, 0),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
    struct sock_fprog program = {sizeof(code) / sizeof(code[0]), code};
    char buffer[16];
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) != 0 ||
        setsockopt(ends[1], SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) != 0) {
        perror("filter");
        return 1;
    }
    for (int i = 0; i < 1000; i++) {
        char text[] = "x5cdefghi";
        ssize_t size;

        text[0] = (char)('a' + i % 26);
        if (send(ends[0], text, 9, MSG_DONTWAIT) < 0 && i % 26 <= 'm' - 'a') {
            perror("send");
            return 1;
        }
        size = recv(ends[1], buffer, sizeof(buffer), MSG_DONTWAIT);
        if (i % 26 <= 'm' - 'a' ? size != 5 || memcmp(buffer, text, 5) != 0 : size >= 0) {
            printf("filter: message %d: %zd\n", i, size);
            return 1;
        }
    }
    puts("filter: 1000 messages");
    return 0;
}
