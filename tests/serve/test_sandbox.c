/* test_sandbox.c: what a process behind the fences can do no more, and still
 * can. Each test goes on in a child, for there is no way back. Where the kernel
 * has no Landlock, or forbids either, the tests of it have nothing to say.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/log.h"
#include "serve/sandbox.h"
#include "tests/test.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* In the child: a check that does not hold ends it with its line number, which
 * is below 256. The sanitizers look at memory leaks only at a normal exit. */
#define HOLDS(condition)                                                       \
    do {                                                                       \
        if (!(condition))                                                      \
            _exit(__LINE__);                                                   \
    } while (0)

static char folder[] = "/tmp/clary-sandbox-XXXXXX";
static char model[48], inside[80], outside[80];

static bool write_file(const char *path)
{
    FILE *file = fopen(path, "w");
    return file != NULL && fputs("text", file) >= 0 && fclose(file) == 0;
}

/* folder/model/inside, the model, and folder/outside. */
static bool make_files(void)
{
    if (mkdtemp(folder) == NULL)
        return false;
    snprintf(model, sizeof model, "%s/model", folder);
    snprintf(inside, sizeof inside, "%s/inside", model);
    snprintf(outside, sizeof outside, "%s/outside", folder);
    return mkdir(model, 0755) == 0 && write_file(inside) && write_file(outside);
}

static void remove_files(void)
{
    unlink(inside);
    unlink(outside);
    rmdir(model);
    rmdir(folder);
    memcpy(strrchr(folder, '-') + 1, "XXXXXX", 6);
}

/* Runs `body` in a child; 0, or the line of what did not hold. */
static int in_child(void (*body)(const struct sandbox *sandbox))
{
    int status = -1;
    pid_t child = fork();

    if (child == 0) {
        struct sandbox sandbox;
        sandbox_fence_files(&sandbox, model);
        body(&sandbox);
        _exit(0);
    }
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status))
        return -1;
    return WEXITSTATUS(status);
}

static bool refused(long result)
{
    return result == -1 && (errno == EPERM || errno == EACCES);
}

static int opened(const char *path, int flags)
{
    return open(path, flags | O_CLOEXEC, 0644);
}

/* --- files --------------------------------------------------------------- */

static void body_of_files(const struct sandbox *sandbox)
{
    struct stat info;
    char new_file[64];

    HOLDS(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0);
    HOLDS(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
    if (sandbox->files != 0)
        return;
    HOLDS(opened(inside, O_RDONLY) >= 0);
    HOLDS(refused(opened(inside, O_RDWR)));
    HOLDS(refused(opened(outside, O_RDONLY)));
    HOLDS(refused(opened("/etc/passwd", O_RDONLY)));
    HOLDS(refused(opened("/", O_RDONLY | O_DIRECTORY)));
    snprintf(new_file, sizeof new_file, "%s/new", model);
    HOLDS(refused(opened(new_file, O_WRONLY | O_CREAT)));
    HOLDS(refused(unlink(inside)));
    HOLDS(refused(execl("/bin/true", "true", (char *)NULL)));
    HOLDS(stat(outside, &info) == 0);
}

TEST(files)
{
    CHECK(make_files());
    CHECK_INT(in_child(body_of_files), 0);
    remove_files();
}

/* A model that is one file, or is not there, or is a link, gets its own rule.
 */
static void body_of_one_file(const struct sandbox *unused)
{
    struct sandbox sandbox;

    (void)unused; /* fences add up: here there are two of them */
    sandbox_fence_files(&sandbox, inside);
    if (sandbox.files != 0)
        return;
    HOLDS(opened(inside, O_RDONLY) >= 0);
    HOLDS(refused(opened(outside, O_RDONLY)));
    sandbox_fence_files(&sandbox, "/nowhere/at/all");
    HOLDS(sandbox.files == 0);
    HOLDS(refused(opened(inside, O_RDONLY)));
    HOLDS(opened("/nowhere/at/all", O_RDONLY) == -1 && errno == ENOENT);
}

TEST(one_file)
{
    CHECK(make_files());
    CHECK_INT(in_child(body_of_one_file), 0);
    remove_files();
}

/* --- system calls -------------------------------------------------------- */

static void *stay(void *arg)
{
    (void)arg;
    return NULL;
}

static void fence_calls(const struct sandbox *sandbox)
{
    struct sandbox copy = *sandbox;

    clary_log_set_level(CLARY_LOG_NONE);
    sandbox_fence_calls(&copy);
    if (copy.calls != 0)
        _exit(0);
}

static void body_of_refused(const struct sandbox *sandbox)
{
    pthread_t thread;

    fence_calls(sandbox);
    HOLDS(refused(opened(inside, O_RDONLY)));
    HOLDS(refused(socket(AF_INET, SOCK_STREAM, 0)));
    HOLDS(refused(syscall(SYS_connect, 0, NULL, 0)));
    HOLDS(refused(syscall(SYS_bind, 0, NULL, 0)));
    HOLDS(refused(execl("/bin/true", "true", (char *)NULL)));
    HOLDS(refused(syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL)));
    HOLDS(pthread_create(&thread, NULL, stay, NULL) == EPERM);
    HOLDS(refused(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL)));
    HOLDS(refused(kill(getppid(), 0)));
    HOLDS(refused(syscall(SYS_tgkill, getppid(), getppid(), 0)));
    HOLDS(refused(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)));
    HOLDS(refused(setuid(0)));
    HOLDS(refused(syscall(SYS_bpf, 0, NULL, 0)));
    HOLDS(refused(syscall(1 << 20)));
#ifdef __x86_64__
    HOLDS(refused(syscall(0x40000000 + SYS_getpid))); /* the x32 one */
#endif
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    HOLDS(page != MAP_FAILED);
    HOLDS(refused(mprotect(page, 4096, PROT_READ | PROT_EXEC)));
    HOLDS(mprotect(page, 4096, PROT_READ) == 0);
    HOLDS(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
               -1, 0) == MAP_FAILED);
    HOLDS(errno == EPERM);
    HOLDS(munmap(page, 4096) == 0);
}

TEST(refused_calls)
{
    CHECK(make_files());
    CHECK_INT(in_child(body_of_refused), 0);
    remove_files();
}

static void body_of_allowed(const struct sandbox *sandbox)
{
    const struct timespec moment = {.tv_nsec = 1000};
    int pair[2];
    char byte = 'x';

    HOLDS(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    fence_calls(sandbox);
    HOLDS(send(pair[0], &byte, 1, MSG_NOSIGNAL) == 1);
    HOLDS(recv(pair[1], &byte, 1, 0) == 1);
    HOLDS(nanosleep(&moment, NULL) == 0);
    void *large = malloc(64 << 20);
    HOLDS(large != NULL);
    void *larger = realloc(large, 128 << 20);
    HOLDS(larger != NULL);
    free(larger);
    HOLDS(shutdown(pair[0], SHUT_WR) == 0 && close(pair[0]) == 0);
    HOLDS(syscall(SYS_tgkill, getpid(), getpid(), 0) == 0);
}

TEST(allowed_calls)
{
    CHECK(make_files());
    CHECK_INT(in_child(body_of_allowed), 0);
    remove_files();
}

/* --- threads ------------------------------------------------------------- */

static void *wait_and_try(void *pipe_end)
{
    char byte;

    if (read(*(int *)pipe_end, &byte, 1) != 1)
        return "no byte came";
    return refused(opened(inside, O_RDONLY)) ? NULL : "a file was opened";
}

/* Those that run when the second fence goes up are behind it too. */
static void body_of_threads(const struct sandbox *sandbox)
{
    pthread_t thread;
    int pair[2];
    void *complaint;

    HOLDS(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    HOLDS(pthread_create(&thread, NULL, wait_and_try, &pair[0]) == 0);
    fence_calls(sandbox);
    HOLDS(write(pair[1], "x", 1) == 1);
    HOLDS(pthread_join(thread, &complaint) == 0);
    HOLDS(complaint == NULL);
}

TEST(threads)
{
    CHECK(make_files());
    CHECK_INT(in_child(body_of_threads), 0);
    remove_files();
}
