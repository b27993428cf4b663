/* The call loop: every system call that can wait goes through it. */
#include "call.h"
#include "error.h"

#include <errno.h>
#include <time.h>

#define NANOSECONDS 1000000000LL

/* poll may return at once, again and again, although the call still has to
   wait.  The loop then rests so many milliseconds before the next try. */
#define REST_HUNG_UP 100
#define REST_NO_ROOM 10

/* A call in progress.  It reads the timeout only if it has to wait. */
typedef struct {
    const call_methods *methods;
    PyObject *socket;
    int descriptor;
    int has_deadline;
    int rest; /* milliseconds before it polls again, or 0 */
    int64_t timeout;
    int64_t deadline;
} waiting;

static int64_t
now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * NANOSECONDS + time.tv_nsec;
}

/* Returns the value of an int and consumes the reference to it.  NULL gives -1
   with the exception that is set. */
static int
to_number(PyObject *number)
{
    long value = -1;

    if (number != NULL) {
        value = PyLong_AsLong(number);
        Py_DECREF(number);
    }
    return (int)value;
}

int
call_descriptor(const call_methods *methods, PyObject *socket)
{
    int descriptor = to_number(PyObject_CallOneArg(methods->fileno, socket));

    if (descriptor < 0 && !PyErr_Occurred()) {
        error_raise(EBADF);
    }
    return descriptor;
}

int
call_member(PyObject *member, PyObject *socket)
{
    return to_number(Py_TYPE(member)->tp_descr_get(
        member, socket, (PyObject *)Py_TYPE(socket)));
}

/* Stores the socket's timeout in nanoseconds in *out: -1 if it has none, 0 if
   it does not block.  Returns 0, or -1 with an exception. */
static int
get_timeout(const call_methods *methods, PyObject *socket, int64_t *out)
{
    PyObject *timeout = PyObject_CallOneArg(methods->gettimeout, socket);
    double seconds;

    if (timeout == NULL) {
        return -1;
    }
    seconds = timeout == Py_None ? -1 : PyFloat_AsDouble(timeout);
    Py_DECREF(timeout);
    if (seconds < 0) {
        *out = -1;
        return PyErr_Occurred() ? -1 : 0;
    }
    /* This cannot overflow: settimeout() checks the range, and rounds up. */
    *out = (int64_t)(seconds * NANOSECONDS);
    return 0;
}

static int
begin(waiting *self, const call_methods *methods, PyObject *socket)
{
    self->methods = methods;
    self->socket = socket;
    self->has_deadline = 0;
    self->rest = 0;
    self->descriptor = call_descriptor(methods, socket);
    return self->descriptor < 0 ? -1 : 0;
}

/* Reads the timeout once, before the first wait: the deadline counts from
   there. */
static int
read_timeout(waiting *self)
{
    int64_t start;

    if (self->has_deadline) {
        return 0;
    }
    if (get_timeout(self->methods, self->socket, &self->timeout) < 0) {
        return -1;
    }
    start = now();
    self->deadline =
        self->timeout > INT64_MAX - start ? INT64_MAX : start + self->timeout;
    self->has_deadline = 1;
    return 0;
}

/* Other threads ran while we waited.  They may have closed the socket, and its
   number may belong to another file by now. */
static int
still_open(waiting *self)
{
    int descriptor = call_descriptor(self->methods, self->socket);

    if (descriptor >= 0 && descriptor != self->descriptor) {
        error_raise(EBADF);
        return -1;
    }
    return descriptor < 0 ? -1 : 0;
}

static int
run_signal_handlers(waiting *self)
{
    return PyErr_CheckSignals() < 0 ? -1 : still_open(self);
}

/* Returns how long to rest if the call has to wait although poll returned.  If
   the socket is shut down, poll returns without the event that the call waits
   for.  On FreeBSD, poll reports room while a sender still has to wait for it.
   A reader has to wait only if another reader was quicker: it does not
   rest. */
static int
choose_rest(short events, short found)
{
    if ((found & events) == 0) {
        return REST_HUNG_UP;
    }
    return events & POLLOUT ? REST_NO_ROOM : 0;
}

/* Waits until the descriptor is ready or the deadline has passed. */
static int
wait_ready(waiting *self, short events)
{
    struct pollfd poll_descriptor = {self->descriptor, events, 0};

    for (;;) {
        int milliseconds = -1, result, err;

        if (self->timeout >= 0) {
            int64_t left = self->deadline - now();

            if (left <= 0) {
                PyErr_SetString(PyExc_TimeoutError, "timed out");
                return -1;
            }
            /* Rounded up; otherwise it would wake early and spin. */
            left = left / 1000000 + (left % 1000000 != 0);
            milliseconds = left > INT_MAX ? INT_MAX : (int)left;
        }
        if (self->rest > 0 &&
            (milliseconds < 0 || milliseconds > self->rest)) {
            milliseconds = self->rest;
        }
        Py_BEGIN_ALLOW_THREADS
        result = poll(&poll_descriptor, self->rest == 0, milliseconds);
        err = errno;
        Py_END_ALLOW_THREADS
        if (result < 0 && err != EINTR) {
            error_raise(err);
            return -1;
        }
        /* A signal does not always interrupt poll. */
        if (run_signal_handlers(self) < 0) {
            return -1;
        }
        self->rest =
            result > 0 ? choose_rest(events, poll_descriptor.revents) : 0;
        if (result > 0) {
            return 0;
        }
    }
}

static Py_ssize_t
try_once(waiting *self, call_function function, void *argument, int *err)
{
    Py_ssize_t result;

    Py_BEGIN_ALLOW_THREADS
    result = function(self->descriptor, argument);
    *err = errno;
    Py_END_ALLOW_THREADS
    return result;
}

Py_ssize_t
call_run(const call_methods *methods, PyObject *socket, short events,
         call_function function, void *argument)
{
    waiting self;

    if (begin(&self, methods, socket) < 0) {
        return -1;
    }
    for (;;) {
        int err;
        Py_ssize_t result = try_once(&self, function, argument, &err);

        if (result >= 0) {
            return result;
        }
        if (err == EINTR) {
            if (run_signal_handlers(&self) < 0) {
                return -1;
            }
            continue;
        }
        if ((err != EAGAIN && err != EWOULDBLOCK) || events == 0) {
            error_raise(err);
            return -1;
        }
        if (read_timeout(&self) < 0) {
            return -1;
        }
        if (self.timeout <= 0) {
            error_raise(err);
            return -1;
        }
        if (wait_ready(&self, events) < 0) {
            return -1;
        }
    }
}

Py_ssize_t
call_once(const call_methods *methods, PyObject *socket,
          call_function function, void *argument)
{
    waiting self;
    int err;
    Py_ssize_t result;

    if (begin(&self, methods, socket) < 0) {
        return -1;
    }
    result = try_once(&self, function, argument, &err);
    if (result < 0 && (err != EINTR || PyErr_CheckSignals() == 0)) {
        error_raise(err);
    }
    return result;
}

int
call_connect(const call_methods *methods, PyObject *socket, int awaitable,
             call_function function, void *argument)
{
    waiting self;
    int err;
    socklen_t size = sizeof err;

    if (begin(&self, methods, socket) < 0) {
        return -1;
    }
    if (try_once(&self, function, argument, &err) >= 0) {
        if (PLATFORM_CONNECTX_WAITS || !awaitable) {
            return 0;
        }
        err = EINPROGRESS;
    }
    if (err == EINTR && run_signal_handlers(&self) < 0) {
        return -1;
    }
    if (err != EINTR && err != EINPROGRESS && err != EALREADY) {
        error_raise(err);
        return -1;
    }
    if (read_timeout(&self) < 0) {
        return -1;
    }
    /* EALREADY: after SIGSTOP and SIGCONT the kernel repeats a call that
       waits, and the repeated call finds its own attempt.  A call that does
       not wait can only find another attempt, which is an error. */
    if (self.timeout == 0 ||
        (err == EALREADY && (!PLATFORM_CONNECTX_WAITS || self.timeout > 0))) {
        error_raise(err);
        return -1;
    }
    if (!awaitable) {
        return 1;
    }
    if (wait_ready(&self, POLLOUT) < 0) {
        return -1;
    }
    if (getsockopt(self.descriptor, SOL_SOCKET, SO_ERROR, &err, &size) < 0) {
        err = errno;
    }
    if (err != 0 && err != EISCONN) {
        error_raise(err);
        return -1;
    }
    return 0;
}
