/* The call loop: everything that can wait goes through it. */
#ifndef SCTP_CALL_H
#define SCTP_CALL_H

#include "compat.h"
#include "platform.h"

/* What _socket.socket tells of a socket, whatever a subclass overrides: two
   methods and two member descriptors.  They live in the module's state. */
typedef struct {
    PyObject *fileno;
    PyObject *gettimeout;
    PyObject *family;
    PyObject *type;
} call_methods;

/* One try of a system call on a descriptor: uses nothing of Python and returns
   -1 with errno for an error. */
typedef Py_ssize_t (*call_function)(int descriptor, void *argument);

/* The socket's descriptor, or -1 with EBADF as OSError for a closed one. */
int call_descriptor(const call_methods *methods, PyObject *socket);

/* The socket's family or type (a member descriptor of call_methods), or -1
   with an exception for what is no socket. */
int call_member(PyObject *member, PyObject *socket);

/* Makes the call until it succeeds, waiting for events (of poll) as the
   socket's timeout says; without events, EAGAIN is an error.  Signal handlers
   run meanwhile (PEP 475).  Returns the call's result, or -1 with an
   exception. */
Py_ssize_t call_run(const call_methods *methods, PyObject *socket,
                    short events, call_function function, void *argument);

/* Makes a call that may have done a part of its work when it fails, and so is
   never made again: EAGAIN and EINTR are errors. */
Py_ssize_t call_once(const call_methods *methods, PyObject *socket,
                     call_function function, void *argument);

/* As call_run, for a call that begins to connect, and so is made only once;
   what is left is waited for where the kernel lets one: not on a one-to-many
   socket (awaitable 0).  Returns 0 for connected, 1 for an attempt that goes
   on in the background although the call was interrupted or timed, or -1 with
   an exception. */
int call_connect(const call_methods *methods, PyObject *socket, int awaitable,
                 call_function function, void *argument);

#endif
