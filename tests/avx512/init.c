/* init.c: process 1 of the machine that scripts/avx512.sh emulates: runs the
 * programs that are named in /programs, a path a line, and switches it off. It
 * says first whether the kernel lets programs use AVX-512.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/io.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

enum { POWER_PORT = 0x8900 /* of Bochs: "Shutdown" ends the emulation */ };

static void mount_at(const char *path, const char *type)
{
    mkdir(path, 0755);
    if (mount(type, path, type, 0, NULL) != 0)
        perror(path);
}

/* As clary_cpu_has_avx512 and clary_cpu_keeps_its_clock. */
static bool has_avx512(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
           __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") &&
           __builtin_cpu_supports("popcnt") &&
           __builtin_cpu_supports("avx512f") &&
           __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512vbmi2");
}

/* The exit status, or 128 and the signal. */
static int run(const char *program)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        execl(program, program, (char *)NULL);
        perror(program);
        _exit(127);
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        return 127;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void switch_off(void)
{
    tcdrain(STDOUT_FILENO);
    if (ioperm(POWER_PORT, 1, 1) == 0)
        for (const char *c = "Shutdown"; *c != '\0'; c++)
            outb((unsigned char)*c, POWER_PORT);
}

int main(void)
{
    char program[4096];

    mount_at("/proc", "proc");
    mount_at("/dev", "devtmpfs");
    mount_at("/tmp", "tmpfs");
    puts(has_avx512() ? "AVX-512: yes" : "AVX-512: no");
    FILE *programs = fopen("/programs", "r");
    while (programs != NULL &&
           fgets(program, sizeof program, programs) != NULL) {
        program[strcspn(program, "\n")] = '\0';
        int status = run(program);
        if (status != 0)
            printf("FAILED %s: exit status %d\n", program, status);
        fflush(stdout);
    }
    puts("the end");
    fflush(stdout);
    switch_off();
    for (;;) /* the kernel would panic and begin again */
        pause();
}
