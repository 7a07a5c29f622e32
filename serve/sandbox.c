/* sandbox.c: Landlock and seccomp by their system calls, which glibc has no
 * functions for.
 *
 * The filter refuses with EPERM and does not kill: a C library that tries a
 * new call and goes on without it must not end the server. It is a plain list,
 * because the kernel keeps the answer for each call that depends on nothing but
 * its number (since 5.11), so that its length costs nothing.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sandbox.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define THIS_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define THIS_ARCH AUDIT_ARCH_AARCH64
#endif /* any other machine has to be named here */

/* --- files --------------------------------------------------------------- */

/* How many kinds of access a version of Landlock knows. All of them are
 * refused, but for what is allowed; a kind that the kernel does not know must
 * not be asked for. */
static unsigned known_accesses(long version)
{
    if (version >= 5)
        return 16; /* and to devices by ioctl */
    if (version >= 3)
        return 15;                 /* and truncation */
    return version == 2 ? 14 : 13; /* and moves between directories */
}

static int allow_reading(int ruleset, const char *path)
{
    struct landlock_path_beneath_attr rule = {.allowed_access =
                                                  LANDLOCK_ACCESS_FS_READ_FILE};
    struct stat info;
    int error = 0;

    rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
    if (rule.parent_fd < 0)
        return 0;
    if (fstat(rule.parent_fd, &info) == 0 && S_ISDIR(info.st_mode))
        rule.allowed_access |= LANDLOCK_ACCESS_FS_READ_DIR;
    if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH,
                &rule, 0) != 0)
        error = errno;
    close(rule.parent_fd);
    return error;
}

static int restrict_files(const char *model_path)
{
    const long version = syscall(SYS_landlock_create_ruleset, NULL, 0,
                                 LANDLOCK_CREATE_RULESET_VERSION);
    if (version < 0)
        return errno;
    const struct landlock_ruleset_attr all = {
        .handled_access_fs = (UINT64_C(1) << known_accesses(version)) - 1};
    const int ruleset =
        (int)syscall(SYS_landlock_create_ruleset, &all, sizeof all, 0);
    if (ruleset < 0)
        return errno;
    int error = allow_reading(ruleset, model_path);
    if (error == 0 && syscall(SYS_landlock_restrict_self, ruleset, 0) != 0)
        error = errno;
    close(ruleset);
    return error;
}

void sandbox_fence_files(struct sandbox *sandbox, const char *model_path)
{
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        sandbox->files = errno;
    else
        sandbox->files = restrict_files(model_path);
}

/* --- system calls -------------------------------------------------------- */

static const int allowed_calls[] = {
    /* connections and the log; every descriptor is open already */
    SYS_read,
    SYS_write,
    SYS_readv,
    SYS_writev,
    SYS_recvfrom,
    SYS_recvmsg,
    SYS_sendto,
    SYS_sendmsg,
    SYS_accept4,
    SYS_dup,
    SYS_epoll_ctl,
    SYS_epoll_pwait,
    SYS_ppoll,
    SYS_pselect6,
    SYS_shutdown,
    SYS_close,
    SYS_fcntl,
    SYS_setsockopt,
    SYS_getsockopt,
    SYS_getsockname,
    SYS_getpeername,
    /* memory */
    SYS_brk,
    SYS_munmap,
    SYS_mremap,
    SYS_madvise,
    /* threads that are there, and their end */
    SYS_futex,
    SYS_sched_yield,
    SYS_sched_getaffinity,
    SYS_rseq,
    SYS_set_robust_list,
    SYS_sigaltstack,
    SYS_exit,
    SYS_exit_group,
    /* signals */
    SYS_rt_sigaction,
    SYS_rt_sigprocmask,
    SYS_rt_sigtimedwait,
    SYS_rt_sigpending,
    SYS_rt_sigreturn,
    SYS_restart_syscall,
    SYS_getpid,
    SYS_gettid,
    /* time, chance, and how much memory there is */
    SYS_clock_gettime,
    SYS_clock_nanosleep,
    SYS_nanosleep,
    SYS_gettimeofday,
    SYS_getrandom,
    SYS_sysinfo,
#ifdef __x86_64__
    /* older names of what is above */
    SYS_epoll_wait,
    SYS_poll,
    SYS_select,
    SYS_time,
#endif
};

enum { N_ALLOWED = sizeof allowed_calls / sizeof allowed_calls[0] };

struct filter {
    struct sock_filter code[2 * N_ALLOWED + 32];
    unsigned short len;
};

static void add(struct filter *filter, struct sock_filter instruction)
{
    filter->code[filter->len++] = instruction;
}

static void load(struct filter *filter, size_t offset)
{
    add(filter, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                                             (uint32_t)offset));
}

/* A test of what was loaded (BPF_JEQ, BPF_JSET), and how many instructions to
 * skip for either outcome. */
static void skip(struct filter *filter, unsigned test, uint32_t value,
                 unsigned char if_true, unsigned char if_false)
{
    add(filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_K | test, value,
                                             if_true, if_false));
}

static void end(struct filter *filter, uint32_t verdict)
{
    add(filter, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, verdict));
}

static const uint32_t allow = SECCOMP_RET_ALLOW;
static const uint32_t refuse = SECCOMP_RET_ERRNO | EPERM;

/* Allows `call` if its argument n (the low half of it, which is the lower
 * address on the machines above) passes the test or, with `negated`, does not
 * pass it. The number of the call is loaded. */
static void allow_if(struct filter *filter, int call, size_t n, unsigned test,
                     uint32_t value, bool negated)
{
    skip(filter, BPF_JEQ, (uint32_t)call, 0, 4);
    load(filter, offsetof(struct seccomp_data, args) + 8 * n);
    skip(filter, test, value, 0, 1);
    end(filter, negated ? refuse : allow);
    end(filter, negated ? allow : refuse);
}

static int restrict_calls(void)
{
    struct filter filter = {.len = 0};

    /* the same number is another call for another kind of machine */
    load(&filter, offsetof(struct seccomp_data, arch));
    skip(&filter, BPF_JEQ, THIS_ARCH, 1, 0);
    end(&filter, refuse);
    load(&filter, offsetof(struct seccomp_data, nr));
    for (size_t i = 0; i < N_ALLOWED; i++) {
        skip(&filter, BPF_JEQ, (uint32_t)allowed_calls[i], 0, 1);
        end(&filter, allow);
    }
    allow_if(&filter, SYS_ioctl, 1, BPF_JEQ, FIONREAD, false);
    allow_if(&filter, SYS_mmap, 2, BPF_JSET, PROT_EXEC, true);
    allow_if(&filter, SYS_mprotect, 2, BPF_JSET, PROT_EXEC, true);
    allow_if(&filter, SYS_tgkill, 0, BPF_JEQ, (uint32_t)getpid(), false);
    end(&filter, refuse);

    const struct sock_fprog program = {filter.len, filter.code};
    long result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                          SECCOMP_FILTER_FLAG_TSYNC, &program);
    if (result < 0)
        return errno;
    return result > 0 ? ESRCH : 0; /* a thread with filters of its own */
}

static const char *standing(int error)
{
    return error == 0 ? "on" : strerror(error);
}

void sandbox_fence_calls(struct sandbox *sandbox)
{
    char files[64];

    sandbox->calls = restrict_calls();
    /* strerror may use the same buffer for both */
    snprintf(files, sizeof files, "%s", standing(sandbox->files));
    clary_log(sandbox->files == 0 && sandbox->calls == 0 ? CLARY_LOG_INFO
                                                         : CLARY_LOG_WARNING,
              "sandbox",
              (struct clary_log_field[]){{"landlock", files},
                                         {"seccomp", standing(sandbox->calls)},
                                         {NULL, NULL}});
}
