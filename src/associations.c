/* The socket's addresses and associations: bound, connected, listed, accepted,
   peeled off. */
#include "error.h"
#include "state.h"

#include <errno.h>
#include <string.h>

PyDoc_STRVAR(ask_family_doc,
             "_ask_family($self, fileno, /)\n--\n\n"
             "The address family of a descriptor, -1 where it is not known.");

static PyObject *
ask_family(PyObject *Py_UNUSED(self), PyObject *fileno)
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

/* Appends a descriptor to a list, and closes it if that fails.  Returns 0 or
   -1. */
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

PyDoc_STRVAR(accept_doc,
             "_accept($self, into, /)\n--\n\n"
             "Waits for an association, appends its descriptor to the list\n"
             "into and returns the peer's address.");

static PyObject *
socket_accept(PyObject *self, PyObject *into)
{
    const sctp_state *state = state_get(Py_TYPE(self));
    accepting call;
    int descriptor =
        (int)call_run(&state->methods, self, POLLIN, accept_once, &call);

    return descriptor < 0 || append_descriptor(into, descriptor) < 0
               ? NULL
               : sockaddr_to_tuple(&call.address, call.size);
}

PyDoc_STRVAR(
    end_peeled_doc,
    "_end_peeled($self, how, /)\n--\n\n"
    "Shuts a peeled-off association down, where the kernel's shutdown\n"
    "does nothing for it.");

static PyObject *
socket_end_peeled(PyObject *self, PyObject *how)
{
    const sctp_state *state = state_get(Py_TYPE(self));
    int descriptor = call_descriptor(&state->methods, self), direction;

    if (descriptor < 0 || args_int(how, "shutdown()", "how", &direction) < 0) {
        return NULL;
    }
    if (PLATFORM_SHUTDOWN_NEEDS_EOF) {
        /* Before who reads can find that there is no association any more. */
        if (direction == SHUT_RDWR) {
            (void)shutdown(descriptor, SHUT_RD);
        }
        if (message_send_eof(&state->methods, self) < 0) {
            return NULL;
        }
    }
    Py_RETURN_NONE;
}

PyDoc_STRVAR(
    bindx_doc,
    "sctp_bindx($self, /, addrs, flags)\n--\n\n"
    "Adds or removes local addresses (RFC 6458, section 9.1).\n\n"
    "flags is SCTP_BINDX_ADD_ADDR or SCTP_BINDX_REM_ADDR. All ports\n"
    "agree; those after the first may be 0, for the first's. On a\n"
    "connected socket the peer is told, where both sides support\n"
    "address reconfiguration (RFC 5061).\n\n"
    "Raises ValueError for other flags and for ports that disagree,\n"
    "TypeError for what is no address or none of the socket's family,\n"
    "OSError as the kernel does: EADDRNOTAVAIL, EADDRINUSE, EINVAL.");

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

static PyObject *
socket_bindx(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
             PyObject *kwnames)
{
    static const args_signature signature = {
        "sctp_bindx()", {"addrs", "flags"}, 2, 2, 2};
    const sctp_state *state = state_get(Py_TYPE(self));
    PyObject *values[2], *result = NULL;
    address_call call;

    if (args_parse(&signature, args, nargs, kwnames, values) < 0 ||
        args_int(values[1], signature.function, "flags", &call.flags) < 0) {
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
    if (sockaddr_list_parse(&call.addresses, values[0],
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

PyDoc_STRVAR(
    connectx_doc,
    "sctp_connectx($self, /, addrs, *, assoc_id=False)\n--\n\n"
    "Sets up an association with a peer of several addresses (RFC 6458,\n"
    "section 9.9).\n\n"
    "Returns None, or the association identifier if assoc_id is true.\n"
    "On a one-to-many socket with a timeout it returns at once: the\n"
    "outcome comes as SCTP_ASSOC_CHANGE.\n\n"
    "All ports agree; those after the first may be 0, for the first's.\n\n"
    "Raises TypeError for what is no address or none of the socket's\n"
    "family, ValueError for ports that disagree, OSError as connect does:\n"
    "ECONNREFUSED, ETIMEDOUT, EISCONN. A non-blocking socket raises\n"
    "BlockingIOError; with assoc_id, the identifier is its attribute\n"
    "assoc_id where the kernel gave one.");

static Py_ssize_t
connectx_once(int descriptor, void *argument)
{
    address_call *call = argument;

    /* libsctp looks at errno even after success. */
    errno = 0;
    return sctp_connectx(descriptor, (struct sockaddr *)call->addresses.bytes,
                         call->addresses.count, call->id);
}

/* Asks for the association that an interrupted connectx began. */
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

/* Gives the exception of an attempt that is under way its identifier. */
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

static PyObject *
socket_connectx(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
                PyObject *kwnames)
{
    static const args_signature signature = {
        "sctp_connectx()", {"addrs", "assoc_id"}, 2, 1, 1};
    const sctp_state *state = state_get(Py_TYPE(self));
    PyObject *values[2], *result = NULL;
    address_call call;
    sctp_assoc_t id = 0;
    int wanted;

    if (args_parse(&signature, args, nargs, kwnames, values) < 0) {
        return NULL;
    }
    wanted = values[1] == NULL ? 0 : PyObject_IsTrue(values[1]);
    if (wanted < 0) {
        return NULL;
    }
    sockaddr_list_init(&call.addresses);
    call.id = &id;
    if (sockaddr_list_parse(&call.addresses, values[0],
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
    /* RFC 6458, 9.3: 0 without an association; Linux calls that an error. */
    return count < 0 && errno == EINVAL ? 0 : count;
}

/* What sctp_getladdrs and sctp_getpaddrs share. */
static PyObject *
getaddrs(PyObject *self, const args_signature *signature,
         PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames, int local)
{
    const sctp_state *state = state_get(Py_TYPE(self));
    getaddrs_call call = {local, 0, NULL};
    PyObject *id, *result;
    Py_ssize_t count;

    if (args_parse(signature, args, nargs, kwnames, &id) < 0 ||
        args_assoc_id(id, signature->function, &call.id) < 0) {
        return NULL;
    }
    count = call_run(&state->methods, self, 0, getaddrs_once, &call);
    if (count < 0) {
        error_explain(self, local ? "sctp_getladdrs" : "sctp_getpaddrs", "(L)",
                      (long long)call.id);
        return NULL;
    }
    result = count == 0 ? Py_NewRef(Py_None)
                        : sockaddr_list_to_tuple(call.addresses, (int)count);
    if (count > 0 || PLATFORM_ALLOCATES_NO_ADDRESSES) {
        if (local) {
            sctp_freeladdrs(call.addresses);
        }
        else {
            sctp_freepaddrs(call.addresses);
        }
    }
    return result;
}

PyDoc_STRVAR(
    getladdrs_doc,
    "sctp_getladdrs($self, /, assoc_id=0)\n--\n\n"
    "The local addresses of an association, or with 0 those that the\n"
    "socket is bound to, as a tuple of address tuples; None where there\n"
    "is none (RFC 6458, section 9.5).");

static PyObject *
socket_getladdrs(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
                 PyObject *kwnames)
{
    static const args_signature signature = {
        "sctp_getladdrs()", {"assoc_id"}, 1, 0, 1};

    return getaddrs(self, &signature, args, nargs, kwnames, 1);
}

PyDoc_STRVAR(getpaddrs_doc,
             "sctp_getpaddrs($self, /, assoc_id=0)\n--\n\n"
             "The peer's addresses in an association as a tuple of address\n"
             "tuples; None where there is none (RFC 6458, section 9.3).\n"
             "One-to-one sockets ignore assoc_id.");

static PyObject *
socket_getpaddrs(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
                 PyObject *kwnames)
{
    static const args_signature signature = {
        "sctp_getpaddrs()", {"assoc_id"}, 1, 0, 1};

    return getaddrs(self, &signature, args, nargs, kwnames, 0);
}

PyDoc_STRVAR(
    peeloff_doc,
    "_peeloff($self, assoc_id, into, /)\n--\n\n"
    "Peels an association off and appends its descriptor to the list\n"
    "into.");

static Py_ssize_t
peeloff_once(int descriptor, void *argument)
{
    return platform_peeloff(descriptor, *(sctp_assoc_t *)argument);
}

static PyObject *
socket_peeloff(PyObject *self, PyObject *args)
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

PyMethodDef association_methods[] = {
    {"_ask_family", ask_family, METH_O, ask_family_doc},
    {"_accept", socket_accept, METH_O, accept_doc},
    {"_end_peeled", socket_end_peeled, METH_O, end_peeled_doc},
    {"_peeloff", socket_peeloff, METH_VARARGS, peeloff_doc},
    SCTP_METHOD("sctp_bindx", socket_bindx, bindx_doc),
    SCTP_METHOD("sctp_connectx", socket_connectx, connectx_doc),
    SCTP_METHOD("sctp_getladdrs", socket_getladdrs, getladdrs_doc),
    SCTP_METHOD("sctp_getpaddrs", socket_getpaddrs, getpaddrs_doc),
    {NULL, NULL, 0, NULL},
};
