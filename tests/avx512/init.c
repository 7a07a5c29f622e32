/* init.c: process 1 of the machine that scripts/avx512.sh emulates: runs the
 * programs that are named in /programs, a path a line, and switches it off.
 * test_kernel fails where the kernel does not let it use AVX-512.
 *
 * What is said goes to the serial port from here, byte by byte: Linux's driver
 * sleeps until Bochs interrupts it, and seems to have been left asleep.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    SERIAL_PORT = 0x3f8, /* COM1; its status is 5 behind */
    IS_EMPTY = 0x20,
    HAS_SENT = 0x40,
    EIGHT_BITS = 3,     /* a character, for the register 3 behind */
    POWER_PORT = 0x8900 /* of Bochs: "Shutdown" ends the emulation */
};

static void say(const char *text)
{
    for (; *text != '\0'; text++) {
        while (!(inb(SERIAL_PORT + 5) & IS_EMPTY))
            ;
        outb((unsigned char)*text, SERIAL_PORT);
    }
}

static void say_file(const char *path)
{
    char line[4096];
    FILE *file = fopen(path, "r");

    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        say(line);
    if (file != NULL)
        fclose(file);
}

static void mount_at(const char *path, const char *type)
{
    mkdir(path, 0755);
    if (mount(type, path, type, 0, NULL) != 0)
        perror(path);
}

/* The exit status, or 128 and the signal. */
static int run(const char *program, const char *output)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        if (freopen(output, "w", stdout) != NULL)
            dup2(STDOUT_FILENO, STDERR_FILENO);
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
    while (!(inb(SERIAL_PORT + 5) & HAS_SENT))
        ;
    for (const char *c = "Shutdown"; *c != '\0'; c++)
        outb((unsigned char)*c, POWER_PORT);
}

int main(void)
{
    static const char output[] = "/tmp/output";
    char program[4096], verdict[4200];

    if (iopl(3) != 0)
        return 1; /* the kernel panics, and begins again until its time is up */
    mount_at("/proc", "proc");
    mount_at("/dev", "devtmpfs");
    mount_at("/tmp", "tmpfs");
    setenv("CLARY_CPU", "avx512", 1);
    outb(EIGHT_BITS, SERIAL_PORT + 3);
    FILE *programs = fopen("/programs", "r");
    while (programs != NULL &&
           fgets(program, sizeof program, programs) != NULL) {
        program[strcspn(program, "\n")] = '\0';
        int status = run(program, output);
        say_file(output);
        snprintf(verdict, sizeof verdict, "FAILED %s: exit status %d\n",
                 program, status);
        if (status != 0)
            say(verdict);
    }
    say("the end\n");
    switch_off();
    for (;;) /* the kernel would panic and begin again */
        pause();
}
