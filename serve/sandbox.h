/* sandbox.h: what a server that was taken over could still do.
 *
 * Two fences of the kernel's. The first holds while the artifact is read: of
 * the file system, only what is under the model's path can be opened, for
 * reading. The second holds while requests are served: only the system calls
 * that serving makes; no file is opened any more, no socket and no thread made,
 * no program started, no memory made executable. What is refused fails with
 * EPERM or EACCES. Neither can be taken down again.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVE_SANDBOX_H
#define SERVE_SANDBOX_H

/* Why a fence does not stand: an errno; 0: it does. */
struct sandbox {
    int files; /* Landlock */
    int calls; /* seccomp */
};

/* The first fence, for the calling thread and those that it starts. Nor can
 * the process gain privileges or leave a core, from now on. A path that does
 * not exist is left to whoever opens it to report. */
void sandbox_fence_files(struct sandbox *sandbox, const char *model_path);

/* The second fence, for all threads of the process; it must have no more to
 * start. Then one line of the log says which fences stand: a kernel may lack
 * them, and the engine of the container may forbid them. */
void sandbox_fence_calls(struct sandbox *sandbox);

#endif
