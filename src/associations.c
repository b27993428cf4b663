/* The socket's addresses and associations: binding, connecting, listing,
   accepting and peeling off.  The methods that users call are in
   _sctp/_life.py. */
#include "error.h"
#include "state.h"

#include <errno.h>
#include <string.h>

/* Returns the address family of a descriptor, or -1 if it is unknown. */
PyObject *
association_ask_family(PyObject *Py_UNUSED(self), PyObject *fileno)
{
    int family = -1;
    socklen_t size = sizeof family;
    long descriptor = PyLong_AsLong(fileno);

    PyErr_Clear();
    if (descriptor >= 0 && descriptor <= INT_MAX) {
        (void)getsockopt((int)descriptor, SOL_SOCKET, SO_DOMAIN, &family,
                         &size);
    }
    return PyLong_FromLong(family);
}

/* Appends a descriptor to a list.  If that fails, closes the descriptor.
   Returns 0 or -1. */
static int
append_descriptor(PyObject *list, int descriptor)
{
    PyObject *number = PyLong_FromLong(descriptor);
    int result = number == NULL ? -1 : PyList_Append(list, number);

    Py_XDECREF(number);
    if (result < 0) {
        close(descriptor);
    }
    return result;
}

typedef struct {
    struct sockaddr_storage address;
    socklen_t size;
} accepting;

static Py_ssize_t
accept_once(int descriptor, void *argument)
{
    accepting *call = argument;

    call->size = sizeof call->address;
    return accept4(descriptor, (struct sockaddr *)&call->address, &call->size,
                   SOCK_CLOEXEC);
}

/* Waits for an association and returns the address of the peer.  Appends the
   new descriptor to the list into. */
PyObject *
association_accept(PyObject *self, PyObject *into)
{
    const sctp_state *state = state_get(Py_TYPE(self));
    accepting call;
    int descriptor =
        (int)call_run(&state->methods, self, POLLIN, accept_once, &call);

    return descriptor < 0 || append_descriptor(into, descriptor) < 0
               ? NULL
               : sockaddr_to_tuple(&call.address, call.size);
}

/* Shuts down a peeled-off association, if the kernel's shutdown would do
   nothing. */
PyObject *
association_end_peeled(PyObject *self, PyObject *how)
{
    const sctp_state *state = state_get(Py_TYPE(self));
    int descriptor = call_descriptor(&state->methods, self), direction;

    if (descriptor < 0 || args_int(how, "shutdown()", "how", &direction) < 0) {
        return NULL;
    }
    if (PLATFORM_SHUTDOWN_NEEDS_EOF) {
        /* This comes first: after SCTP_EOF a reader could find that there is
           no association any more. */
        if (direction == SHUT_RDWR) {
            (void)shutdown(descriptor, SHUT_RD);
        }
        if (message_send_eof(&state->methods, self) < 0) {
            return NULL;
        }
    }
    Py_RETURN_NONE;
}

typedef struct {
    sockaddr_list addresses;
    int flags;        /* of bindx */
    sctp_assoc_t *id; /* of connectx */
} address_call;

static Py_ssize_t
bindx_once(int descriptor, void *argument)
{
    address_call *call = argument;

    return sctp_bindx(descriptor, (struct sockaddr *)call->addresses.bytes,
                      call->addresses.count, call->flags);
}

/* The work of sctp_bindx().  Arguments: (addrs, flags). */
PyObject *
association_bindx(PyObject *self, PyObject *args)
{
    const sctp_state *state = state_get(Py_TYPE(self));
    PyObject *addresses, *flags, *result = NULL;
    address_call call;

    if (!PyArg_ParseTuple(args, "OO", &addresses, &flags) ||
        args_int(flags, "sctp_bindx()", "flags", &call.flags) < 0) {
        return NULL;
    }
    if (call.flags != SCTP_BINDX_ADD_ADDR &&
        call.flags != SCTP_BINDX_REM_ADDR) {
        PyErr_SetString(PyExc_ValueError,
                        "sctp_bindx(): flags must be SCTP_BINDX_ADD_ADDR or "
                        "SCTP_BINDX_REM_ADDR");
        return NULL;
    }
    sockaddr_list_init(&call.addresses);
    if (sockaddr_list_parse(&call.addresses, addresses,
                            call_member(state->methods.family, self),
                            "socket.bind", self) < 0 ||
        sockaddr_list_agree(&call.addresses, "sctp_bindx") < 0) {
        goto done;
    }
    if (call_run(&state->methods, self, 0, bindx_once, &call) < 0) {
        error_explain(self, "sctp_bindx", "(O&i)", sockaddr_list_convert,
                      &call.addresses, call.flags);
        goto done;
    }
    result = Py_NewRef(Py_None);
done:
    sockaddr_list_clear(&call.addresses);
    return result;
}

static Py_ssize_t
connectx_once(int descriptor, void *argument)
{
    address_call *call = argument;

    /* libsctp looks at errno even after success. */
    errno = 0;
    return sctp_connectx(descriptor, (struct sockaddr *)call->addresses.bytes,
                         call->addresses.count, call->id);
}

/* Asks for the identifier of the association that connectx has begun. */
static Py_ssize_t
find_association_once(int descriptor, void *argument)
{
    address_call *call = argument;
    const struct sockaddr *address =
        (const struct sockaddr *)call->addresses.bytes;
    struct sctp_paddrinfo info;
    socklen_t size = sizeof info;
    int result;

    memset(&info, 0, sizeof info);
    memcpy(&info.spinfo_address, address, sockaddr_size(address));
    result = getsockopt(descriptor, IPPROTO_SCTP, SCTP_GET_PEER_ADDR_INFO,
                        &info, &size);
    *call->id = info.spinfo_assoc_id;
    return result;
}

/* Sets the attribute assoc_id of the exception being raised. */
static void
add_assoc_id(sctp_assoc_t id)
{
    PyObject *exception = PyErr_GetRaisedException();
    PyObject *number = PyLong_FromLongLong(id);

    if (number == NULL ||
        PyObject_SetAttrString(exception, "assoc_id", number) < 0) {
        Py_DECREF(exception);
    }
    else {
        PyErr_SetRaisedException(exception);
    }
    Py_XDECREF(number);
}

/* The work of sctp_connectx().  Arguments: (addrs, assoc_id). */
PyObject *
association_connectx(PyObject *self, PyObject *args)
{
    const sctp_state *state = state_get(Py_TYPE(self));
    PyObject *addresses, *result = NULL;
    address_call call;
    sctp_assoc_t id = 0;
    int wanted;

    if (!PyArg_ParseTuple(args, "Op", &addresses, &wanted)) {
        return NULL;
    }
    sockaddr_list_init(&call.addresses);
    call.id = &id;
    if (sockaddr_list_parse(&call.addresses, addresses,
                            call_member(state->methods.family, self),
                            "socket.connect", self) < 0 ||
        sockaddr_list_agree(&call.addresses, "sctp_connectx") < 0) {
        goto done;
    }
    if (call_connect(&state->methods, self,
                     call_member(state->methods.type, self) == SOCK_STREAM,
                     connectx_once, &call) < 0) {
        error_explain(self, "sctp_connectx", "(O&)", sockaddr_list_convert,
                      &call.addresses);
        if (wanted && id != 0 &&
            PyErr_ExceptionMatches(PyExc_BlockingIOError)) {
            add_assoc_id(id);
        }
        goto done;
    }
    if (!wanted) {
        result = Py_NewRef(Py_None);
    }
    else if (id != 0 || call_run(&state->methods, self, 0,
                                 find_association_once, &call) >= 0) {
        result = PyLong_FromLongLong(id);
    }
done:
    sockaddr_list_clear(&call.addresses);
    return result;
}

typedef struct {
    int local;
    sctp_assoc_t id;
    struct sockaddr *addresses;
} getaddrs_call;

static Py_ssize_t
getaddrs_once(int descriptor, void *argument)
{
    getaddrs_call *call = argument;
    int count;

    if (call->local) {
        return sctp_getladdrs(descriptor, call->id, &call->addresses);
    }
    count = sctp_getpaddrs(descriptor, call->id, &call->addresses);
    /* Without an association Linux fails; RFC 6458, 9.3 wants 0. */
    return count < 0 && errno == EINVAL ? 0 : count;
}

/* The work of sctp_getladdrs() and sctp_getpaddrs().  Arguments: (assoc_id,
   local). */
PyObject *
association_getaddrs(PyObject *self, PyObject *args)
{
    const sctp_state *state = state_get(Py_TYPE(self));
    getaddrs_call call = {0, 0, NULL};
    const char *owner;
    PyObject *id, *result;
    Py_ssize_t count;

    if (!PyArg_ParseTuple(args, "Op", &id, &call.local)) {
        return NULL;
    }
    owner = call.local ? "sctp_getladdrs" : "sctp_getpaddrs";
    if (args_assoc_id(id, owner, &call.id) < 0) {
        return NULL;
    }
    count = call_run(&state->methods, self, 0, getaddrs_once, &call);
    if (count < 0) {
        error_explain(self, owner, "(L)", (long long)call.id);
        return NULL;
    }
    result = count == 0 ? Py_NewRef(Py_None)
                        : sockaddr_list_to_tuple(call.addresses, (int)count);
    if (count > 0 || PLATFORM_ALLOCATES_NO_ADDRESSES) {
        if (call.local) {
            sctp_freeladdrs(call.addresses);
        }
        else {
            sctp_freepaddrs(call.addresses);
        }
    }
    return result;
}

static Py_ssize_t
peeloff_once(int descriptor, void *argument)
{
    return platform_peeloff(descriptor, *(sctp_assoc_t *)argument);
}

/* The work of sctp_peeloff().  Arguments: (assoc_id, into).  Appends the new
   descriptor to the list into. */
PyObject *
association_peeloff(PyObject *self, PyObject *args)
{
    const sctp_state *state = state_get(Py_TYPE(self));
    PyObject *value, *into;
    sctp_assoc_t id;
    Py_ssize_t descriptor;

    if (!PyArg_ParseTuple(args, "OO!", &value, &PyList_Type, &into) ||
        args_assoc_id(value, "sctp_peeloff()", &id) < 0) {
        return NULL;
    }
    descriptor = call_run(&state->methods, self, 0, peeloff_once, &id);
    if (descriptor < 0 || append_descriptor(into, (int)descriptor) < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}
