/* The call loop: every system call that can wait goes through it. */
#ifndef SCTP_CALL_H
#define SCTP_CALL_H

#include "compat.h"
#include "platform.h"

/* Two methods and two member descriptors of _socket.socket.  They ask the
   socket itself, even if a subclass overrides them.  They live in the state of
   the module. */
typedef struct {
    PyObject *fileno;
    PyObject *gettimeout;
    PyObject *family;
    PyObject *type;
} call_methods;

/* Tries a system call on a descriptor once.  It runs without the GIL, so it
   must not use Python.  It returns -1 with errno if the call fails. */
typedef Py_ssize_t (*call_function)(int descriptor, void *argument);

/* Returns the socket's descriptor.  If the socket is closed, returns -1 with
   OSError (EBADF). */
int call_descriptor(const call_methods *methods, PyObject *socket);

/* Returns the socket's family or type; member is that member descriptor of
   call_methods.  If the object is not a socket, returns -1 with an
   exception. */
int call_member(PyObject *member, PyObject *socket);

/* Repeats the call until it succeeds.  Between two tries it waits for events
   (of poll), at most for the timeout of the socket.  If events is 0, it does
   not wait: EAGAIN is an error.  Signal handlers run in between (PEP 475).
   Returns the result of the call, or -1 with an exception. */
Py_ssize_t call_run(const call_methods *methods, PyObject *socket,
                    short events, call_function function, void *argument);

/* Makes a call that may fail after a part of its work.  So it is never
   repeated: EAGAIN and EINTR are errors. */
Py_ssize_t call_once(const call_methods *methods, PyObject *socket,
                     call_function function, void *argument);

/* Makes a call that begins to connect.  It makes the call once, and then waits
   for the rest of the handshake.  Set awaitable to 0 for a one-to-many socket,
   where the kernel offers no way to wait.  Returns 0 if the call is done, or 1
   if the kernel goes on connecting in the background: a signal interrupted the
   call, or the socket has a timeout (only with awaitable 0).  Returns -1 with
   an exception if it fails. */
int call_connect(const call_methods *methods, PyObject *socket, int awaitable,
                 call_function function, void *argument);

#endif
