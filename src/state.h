/* The state of the module _sctp.sctp, which all methods of the socket use. */
#ifndef SCTP_STATE_H
#define SCTP_STATE_H

#include "args.h"
#include "batch.h"
#include "message.h"
#include "option.h"

typedef struct {
    call_methods methods;
    message_types messages;
    option_types options;
    PyTypeObject *base; /* socket.socket */
    PyTypeObject *core; /* the base class of sctp_socket */
    Py_ssize_t kept;    /* the offset of an object's batch_error */
} sctp_state;

/* Returns the state of the module that made the type or one of its bases. */
sctp_state *state_get(PyTypeObject *type);

/* Methods of associations.c. */
PyObject *association_ask_family(PyObject *self, PyObject *fileno);
PyObject *association_accept(PyObject *self, PyObject *into);
PyObject *association_end_peeled(PyObject *self, PyObject *how);
PyObject *association_bindx(PyObject *self, PyObject *args);
PyObject *association_connectx(PyObject *self, PyObject *args);
PyObject *association_getaddrs(PyObject *self, PyObject *args);
PyObject *association_peeloff(PyObject *self, PyObject *args);

#endif
