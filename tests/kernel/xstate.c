/* Preloaded into User-mode Linux 6.1, so that it runs on processors with AMX.

   It sets the registers of its processes as far as AVX-512's, whereas the
   host takes only all that the processor has (EFAULT).  The rest, tiles that
   no guest asks for, is zero. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/uio.h>

#define XSTATE_SIZE_MAX (64 << 10)

typedef long (*ptrace_function)(int request, pid_t pid, void *at, void *data);

long
ptrace(enum __ptrace_request request, ...)
{
    ptrace_function next = (ptrace_function)dlsym(RTLD_NEXT, "ptrace");
    va_list arguments;
    long result;

    va_start(arguments, request);
    pid_t pid = va_arg(arguments, pid_t);
    void *at = va_arg(arguments, void *);
    void *data = va_arg(arguments, void *);
    va_end(arguments);

    result = next(request, pid, at, data);
    if (result < 0 && errno == EFAULT && request == PTRACE_SETREGSET &&
        (size_t)at == NT_X86_XSTATE) {
        static char whole[XSTATE_SIZE_MAX];
        const struct iovec *given = data;
        struct iovec all = {whole, sizeof whole};

        if (next(PTRACE_GETREGSET, pid, at, &all) < 0 ||
            given->iov_len > all.iov_len) {
            errno = EFAULT;
            return -1;
        }
        memset(whole, 0, all.iov_len);
        memcpy(whole, given->iov_base, given->iov_len);
        result = next(request, pid, at, &all);
    }
    return result;
}
