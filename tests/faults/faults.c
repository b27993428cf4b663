/* Replaces functions of the system (LD_PRELOAD).  Calls that a test chooses
   fail, are interrupted or return less.  All others call the system. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <netinet/sctp.h>

#define RULES_MAX 16
#define EXPORT __attribute__((visibility("default")))

enum {
    SENDMSG,
    RECVMSG,
    GETSOCKOPT,
    SETSOCKOPT,
    GETSOCKNAME,
    POLL,
    ACCEPT4,
    CONNECT,
    SHUTDOWN,
    SOCKET,
    CLOSE,
    FCNTL,
    IOCTL,
    GETADDRINFO,
    SCTP_BINDX,
    SCTP_CONNECTX,
    SCTP_GETLADDRS,
    SCTP_GETPADDRS,
    SCTP_PEELOFF,
    FUNCTIONS,
};

static const char *const names[FUNCTIONS] = {
    "sendmsg",        "recvmsg",        "getsockopt",   "setsockopt",
    "getsockname",    "poll",           "accept4",      "connect",
    "shutdown",       "socket",         "close",        "fcntl",
    "ioctl",          "getaddrinfo",    "sctp_bindx",   "sctp_connectx",
    "sctp_getladdrs", "sctp_getpaddrs", "sctp_peeloff",
};

/* The faults of a call.  injection.py has the same order. */
enum {
    PASS,
    FAIL,            /* instead of the call: -1 with the value as errno */
    INTERRUPT,       /* instead of the call: a signal, and EINTR */
    INTERRUPT_AFTER, /* the call is made, but seems interrupted */
    ANSWER,          /* instead of the call: the value; of poll, the events */
    CONTROL,         /* recvmsg: at most so many bytes of control data */
    ROOM,            /* recvmsg: so much room for control data */
    NAMELEN,         /* recvmsg: an address of at most so many bytes */
    FLAGS,           /* recvmsg: these flags as well */
    LENGTH,          /* getsockopt: at most so many bytes */
    SIGNAL,          /* a signal first, which does not interrupt the call */
    INFO,            /* recvmsg: an info of zeros in place of what there is */
};

typedef struct {
    int function, first, last, action, value;
} rule;

static rule rules[RULES_MAX];
static int rule_count, signal_number, hits, calls[FUNCTIONS];
/* Calls of other threads and of signal handlers are not counted or changed. */
static __thread int is_armed;

EXPORT void
faults_clear(int number)
{
    signal_number = number;
    rule_count = hits = 0;
    memset(calls, 0, sizeof calls);
}

static int
find_name(const char *name)
{
    int function = 0;

    while (function < FUNCTIONS && strcmp(names[function], name) != 0) {
        function++;
    }
    return function;
}

/* Chooses the calls first to last of a function.  Returns whether the function
   is known. */
EXPORT int
faults_add(const char *name, int first, int last, int action, int value)
{
    int function = find_name(name);

    if (function == FUNCTIONS || rule_count == RULES_MAX) {
        return 0;
    }
    rules[rule_count++] = (rule){function, first, last, action, value};
    return 1;
}

EXPORT int
faults_arm(int armed)
{
    int before = is_armed;

    is_armed = armed;
    return before;
}

EXPORT int
faults_hits(void)
{
    return hits;
}

EXPORT int
faults_calls(const char *name)
{
    int function = find_name(name);

    return function == FUNCTIONS ? -1 : calls[function];
}

/* Returns the fault for this call of the function. */
static rule
decide(int function)
{
    rule none = {0};

    if (!is_armed) {
        return none;
    }
    calls[function]++;
    for (int i = 0; i < rule_count; i++) {
        if (rules[i].function == function &&
            rules[i].first <= calls[function] &&
            calls[function] <= rules[i].last) {
            hits++;
            if (rules[i].action == SIGNAL) {
                raise(signal_number);
            }
            return rules[i];
        }
    }
    return none;
}

static int
fail(int err)
{
    errno = err;
    return -1;
}

static int
interrupt(void)
{
    raise(signal_number);
    return fail(EINTR);
}

/* If a function has several versions, dlsym finds the oldest. */
static void *
find_real(const char *name)
{
    void *newest = strcmp(name, "sctp_connectx") == 0
                       ? dlvsym(RTLD_NEXT, name, "VERS_3")
                       : NULL;

    return newest != NULL ? newest : dlsym(RTLD_NEXT, name);
}

#define REAL(name) ((__typeof__(&name))find_real(#name))

/* Defines the replacement of a function that returns -1 with errno. */
#define STAND_BEFORE(type, name, function, parameters, arguments)     \
    EXPORT type name parameters                                       \
    {                                                                 \
        rule what = decide(function);                                 \
        type result;                                                  \
                                                                      \
        switch (what.action) {                                        \
        case FAIL:                                                    \
            return fail(what.value);                                  \
        case INTERRUPT:                                               \
            return interrupt();                                       \
        case ANSWER:                                                  \
            return what.value;                                        \
        }                                                             \
        result = REAL(name) arguments;                                \
        return what.action == INTERRUPT_AFTER ? interrupt() : result; \
    }

STAND_BEFORE(ssize_t, sendmsg, SENDMSG,
             (int descriptor, const struct msghdr *header, int flags),
             (descriptor, header, flags))
STAND_BEFORE(int, setsockopt, SETSOCKOPT,
             (int descriptor, int level, int name, const void *value,
              socklen_t size),
             (descriptor, level, name, value, size))
STAND_BEFORE(int, getsockname, GETSOCKNAME,
             (int descriptor, struct sockaddr *address, socklen_t *size),
             (descriptor, address, size))
STAND_BEFORE(int, accept4, ACCEPT4,
             (int descriptor, struct sockaddr *address, socklen_t *size,
              int flags),
             (descriptor, address, size, flags))
STAND_BEFORE(int, connect, CONNECT,
             (int descriptor, const struct sockaddr *address, socklen_t size),
             (descriptor, address, size))
STAND_BEFORE(int, shutdown, SHUTDOWN, (int descriptor, int how),
             (descriptor, how))
STAND_BEFORE(int, socket, SOCKET, (int family, int type, int protocol),
             (family, type, protocol))
STAND_BEFORE(int, sctp_bindx, SCTP_BINDX,
             (int descriptor, struct sockaddr *addresses, int count,
              int flags),
             (descriptor, addresses, count, flags))
STAND_BEFORE(int, sctp_connectx, SCTP_CONNECTX,
             (int descriptor, struct sockaddr *addresses, int count,
              sctp_assoc_t *id),
             (descriptor, addresses, count, id))
STAND_BEFORE(int, sctp_getladdrs, SCTP_GETLADDRS,
             (int descriptor, sctp_assoc_t id, struct sockaddr **addresses),
             (descriptor, id, addresses))
STAND_BEFORE(int, sctp_getpaddrs, SCTP_GETPADDRS,
             (int descriptor, sctp_assoc_t id, struct sockaddr **addresses),
             (descriptor, id, addresses))
STAND_BEFORE(int, sctp_peeloff, SCTP_PEELOFF,
             (int descriptor, sctp_assoc_t id), (descriptor, id))

/* Makes the end of file look as on FreeBSD. */
static void
put_info_of_zeros(struct msghdr *header)
{
    struct cmsghdr *control = header->msg_control;

    memset(control, 0, CMSG_SPACE(sizeof(struct sctp_rcvinfo)));
    control->cmsg_level = IPPROTO_SCTP;
    control->cmsg_type = SCTP_RCVINFO;
    control->cmsg_len = CMSG_LEN(sizeof(struct sctp_rcvinfo));
    header->msg_controllen = CMSG_SPACE(sizeof(struct sctp_rcvinfo));
}

/* Cuts control data as the kernel does: the last message is cut, too. */
static void
cut_control(struct msghdr *header, size_t size)
{
    unsigned char *end = (unsigned char *)header->msg_control + size;
    struct cmsghdr *control;

    if (header->msg_controllen <= size) {
        return;
    }
    for (control = CMSG_FIRSTHDR(header); control != NULL;
         control = CMSG_NXTHDR(header, control)) {
        unsigned char *start = (unsigned char *)control;

        if (start < end && control->cmsg_len > (size_t)(end - start)) {
            control->cmsg_len = (size_t)(end - start);
            break;
        }
    }
    header->msg_controllen = size;
}

EXPORT ssize_t
recvmsg(int descriptor, struct msghdr *header, int flags)
{
    rule what = decide(RECVMSG);
    ssize_t result;

    switch (what.action) {
    case FAIL:
        return fail(what.value);
    case INTERRUPT:
        return interrupt();
    case ROOM:
        header->msg_controllen = (size_t)what.value;
        break;
    }
    result = REAL(recvmsg)(descriptor, header, flags);
    if (result < 0) {
        return result;
    }
    if (what.action == CONTROL) {
        cut_control(header, (size_t)what.value);
    }
    if (what.action == INFO) {
        put_info_of_zeros(header);
    }
    if (what.action == NAMELEN && header->msg_namelen > (unsigned)what.value) {
        header->msg_namelen = (socklen_t)what.value;
    }
    if (what.action == FLAGS) {
        header->msg_flags |= what.value;
    }
    return result;
}

EXPORT int
getsockopt(int descriptor, int level, int name, void *value, socklen_t *size)
{
    rule what = decide(GETSOCKOPT);
    int result;

    switch (what.action) {
    case FAIL:
        return fail(what.value);
    case INTERRUPT:
        return interrupt();
    }
    result = REAL(getsockopt)(descriptor, level, name, value, size);
    if (what.action == LENGTH && result >= 0 &&
        *size > (socklen_t)what.value) {
        *size = (socklen_t)what.value;
    }
    return what.action == INTERRUPT_AFTER ? interrupt() : result;
}

EXPORT int
poll(struct pollfd *descriptors, nfds_t count, int timeout)
{
    rule what = decide(POLL);

    switch (what.action) {
    case FAIL:
        return fail(what.value);
    case INTERRUPT:
        return interrupt();
    case ANSWER:
        descriptors[0].revents = (short)what.value;
        return what.value != 0;
    }
    return REAL(poll)(descriptors, count, timeout);
}

/* Programs that are compiled with _FORTIFY_SOURCE call this instead of poll. */
EXPORT int
__poll_chk(struct pollfd *descriptors, nfds_t count, int timeout, size_t size)
{
    (void)size;
    return poll(descriptors, count, timeout);
}

/* A close that fails has closed the descriptor, too. */
EXPORT int
close(int descriptor)
{
    rule what = decide(CLOSE);
    int result = REAL(close)(descriptor);

    return what.action == FAIL ? fail(what.value) : result;
}

static int
control(int function, const char *name, int descriptor, long request,
        void *argument)
{
    rule what = decide(function);

    if (what.action == FAIL) {
        return fail(what.value);
    }
    if (function == FCNTL) {
        return ((int (*)(int, int, ...))dlsym(RTLD_NEXT, name))(
            descriptor, (int)request, argument);
    }
    return ((int (*)(int, unsigned long, ...))dlsym(RTLD_NEXT, name))(
        descriptor, (unsigned long)request, argument);
}

#define STAND_BEFORE_CONTROL(name, function, type)                            \
    EXPORT int name(int descriptor, type request, ...)                        \
    {                                                                         \
        va_list arguments;                                                    \
        void *argument;                                                       \
                                                                              \
        va_start(arguments, request);                                         \
        argument = va_arg(arguments, void *);                                 \
        va_end(arguments);                                                    \
        return control(function, #name, descriptor, (long)request, argument); \
    }

STAND_BEFORE_CONTROL(fcntl, FCNTL, int)
STAND_BEFORE_CONTROL(fcntl64, FCNTL, int)
STAND_BEFORE_CONTROL(ioctl, IOCTL, unsigned long)

/* It fails with one of its own codes.  A negative value is a negated errno. */
EXPORT int
getaddrinfo(const char *host, const char *service,
            const struct addrinfo *hints, struct addrinfo **found)
{
    rule what = decide(GETADDRINFO);

    switch (what.action) {
    case FAIL:
        errno = what.value;
        return EAI_SYSTEM;
    case INTERRUPT:
        interrupt();
        return EAI_SYSTEM;
    case ANSWER:
        return what.value;
    }
    return REAL(getaddrinfo)(host, service, hints, found);
}
