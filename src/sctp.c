/* Module _sctp.sctp: the socket, its addresses and its associations. */
#include "args.h"
#include "batch.h"
#include "constants.h"
#include "error.h"
#include "message.h"
#include "option.h"
#include "sockaddr.h"

#include <errno.h>
#include <string.h>

typedef struct {
    call_methods methods;
    message_types messages;
    option_types options;
    PyObject *base; /* socket.socket */
    PyTypeObject *type;
    Py_ssize_t kept; /* where an object has its batch_error */
    PyObject *error;
    PyObject *getdefaulttimeout;
} sctp_state;

static PyModuleDef sctp_module;

static sctp_state *
get_state(PyTypeObject *type)
{
    PyObject *module = PyType_GetModuleByDef(type, &sctp_module);

    return module == NULL ? NULL : PyModule_GetState(module);
}

/* The error that a batch left behind its messages. */
static batch_error *
get_kept(const sctp_state *state, PyObject *self)
{
    return (batch_error *)((char *)self + state->kept);
}

/* Raises the error that the socket has kept, if any.  Returns 0, or -1 with
   an exception. */
static int
raise_kept(const sctp_state *state, PyObject *self)
{
    batch_error *kept = get_kept(state, self);
    int err;

    if (atomic_load(kept) == 0) {
        return 0;
    }
    if (call_descriptor(&state->methods, self) < 0) {
        return -1;
    }
    err = atomic_exchange(kept, 0);
    if (err != 0) {
        error_raise(err);
    }
    return err == 0 ? 0 : -1;
}

static int
to_assoc_id(PyObject *value, const char *function, sctp_assoc_t *out)
{
    long long number = 0;

    if (value != NULL &&
        args_integer(value, function, "assoc_id", PLATFORM_ASSOC_ID_MIN,
                     PLATFORM_ASSOC_ID_MAX, &number) < 0) {
        return -1;
    }
    *out = (sctp_assoc_t)number;
    return 0;
}

/* A C int, 0 where the argument is absent. */
static int
to_int(PyObject *value, const char *function, const char *name, int *out)
{
    long long number = 0;

    if (value != NULL &&
        args_integer(value, function, name, INT_MIN, INT_MAX, &number) < 0) {
        return -1;
    }
    *out = (int)number;
    return 0;
}

/* Whether an argument of the constructor has one of two values, which rule
   names, or is left out where that is allowed.  Returns 0, or -1 with
   SCTPError. */
static int
check_choice(const sctp_state *state, const char *rule, PyObject *value,
             long first, long second, int may_lack)
{
    const long choices[] = {first, second, -1};
    PyObject *text;

    for (int i = 0; i < 2 + may_lack; i++) {
        PyObject *choice = PyLong_FromLong(choices[i]);
        int equal = choice == NULL
                        ? -1
                        : PyObject_RichCompareBool(value, choice, Py_EQ);

        Py_XDECREF(choice);
        if (equal != 0) {
            return equal < 0 ? -1 : 0;
        }
    }
    text = args_repr(value);
    if (text != NULL) {
        PyErr_Format(state->error, "sctp_socket(): %s, not %U", rule, text);
        Py_DECREF(text);
    }
    return -1;
}

static int
check_choices(const sctp_state *state, PyObject *family, PyObject *type,
              PyObject *proto, int may_lack)
{
    if (check_choice(state, "family must be AF_INET or AF_INET6", family,
                     AF_INET, AF_INET6, may_lack) < 0 ||
        check_choice(state, "type must be SOCK_STREAM or SOCK_SEQPACKET", type,
                     SOCK_STREAM, SOCK_SEQPACKET, may_lack) < 0) {
        return -1;
    }
    return check_choice(state, "proto must be IPPROTO_SCTP", proto,
                        IPPROTO_SCTP, IPPROTO_SCTP, may_lack);
}

/* Calls socket.socket.__init__. */
static int
init_base(const sctp_state *state, PyObject *self, PyObject *family,
          PyObject *type, PyObject *proto, PyObject *fileno)
{
    PyObject *result = PyObject_CallMethod(state->base, "__init__", "OOOOO",
                                           self, family, type, proto, fileno);

    Py_XDECREF(result);
    return result == NULL ? -1 : 0;
}

/* Makes a new socket; where the kernel has no SCTP, its error says how to get
   it. */
static int
init_new(const sctp_state *state, PyObject *self, PyObject *family,
         PyObject *type, PyObject *proto)
{
    if (init_base(state, self, family, type, proto, Py_None) == 0) {
        return 0;
    }
    error_explain(self, "sctp_socket", "()");
    return -1;
}

/* Whether the descriptor is of a peeled-off association: the kernel still
   calls it one-to-many, yet status needs no association identifier. */
static int
is_peeled(int descriptor)
{
    struct sctp_status status;
    socklen_t size = sizeof status;
    int type = 0;
    socklen_t type_size = sizeof type;

    memset(&status, 0, sizeof status);
    return getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &type_size) ==
               0 &&
           type == SOCK_SEQPACKET &&
           getsockopt(descriptor, IPPROTO_SCTP, SCTP_STATUS, &status, &size) ==
               0;
}

/* A new int of a descriptor's family, which CPython reads from the name of the
   socket: on FreeBSD one that is not bound has none.  -1 where it is not
   known; CPython then says what is wrong with the descriptor. */
static PyObject *
ask_family(PyObject *fileno)
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

/* Takes over a descriptor; one that is no SCTP socket stays as it is. */
static int
init_descriptor(const sctp_state *state, PyObject *self, PyObject *family,
                PyObject *type, PyObject *fileno)
{
    PyObject *unknown = PyLong_FromLong(-1), *real[3] = {NULL};
    PyObject *asked = NULL, *stream = NULL;
    static const char *const names[] = {"family", "type", "proto"};
    int result = -1, descriptor, lacks_family, lacks_type;

    if (unknown == NULL) {
        goto done;
    }
    lacks_type = PyObject_RichCompareBool(type, unknown, Py_EQ);
    lacks_family =
        lacks_type < 0 ? -1 : PyObject_RichCompareBool(family, unknown, Py_EQ);
    if (lacks_family < 0) {
        goto done;
    }
    if (lacks_family) {
        asked = ask_family(fileno);
        family = asked;
    }
    if (family == NULL ||
        init_base(state, self, family, type, unknown, fileno) < 0) {
        goto done;
    }
    for (int i = 0; i < 3; i++) {
        real[i] = PyObject_GetAttrString(self, names[i]);
        if (real[i] == NULL) {
            goto done;
        }
    }
    descriptor = call_descriptor(&state->methods, self);
    if (descriptor < 0) {
        goto done;
    }
    if (check_choices(state, real[0], real[1], real[2], 0) < 0) {
        PyObject *exception = PyErr_GetRaisedException();
        PyObject *detached = PyObject_CallMethod(self, "detach", NULL);

        Py_XDECREF(detached);
        PyErr_SetRaisedException(exception);
        goto done;
    }
    result = 0;
    if (lacks_type && is_peeled(descriptor)) {
        stream = PyLong_FromLong(SOCK_STREAM);
        result = stream == NULL ? -1
                                : init_base(state, self, real[0], stream,
                                            real[2], fileno);
    }
done:
    Py_XDECREF(unknown);
    Py_XDECREF(asked);
    Py_XDECREF(stream);
    for (int i = 0; i < 3; i++) {
        Py_XDECREF(real[i]);
    }
    return result;
}

static int
socket_init(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"family", "type", "proto", "fileno", NULL};
    sctp_state *state = get_state(Py_TYPE(self));
    PyObject *family = NULL, *type = NULL, *proto = NULL, *fileno = Py_None;
    PyObject *unknown = NULL, *sctp = NULL;
    int result = -1;

    if (state == NULL ||
        !PyArg_ParseTupleAndKeywords(args, kwargs, "|OOOO:sctp_socket", names,
                                     &family, &type, &proto, &fileno)) {
        return -1;
    }
    atomic_store(get_kept(state, self), 0);
    if (fileno == Py_None && (family == NULL || type == NULL)) {
        PyErr_Format(PyExc_TypeError, "sctp_socket() missing argument '%s'",
                     family == NULL ? "family" : "type");
        return -1;
    }
    unknown = PyLong_FromLong(-1);
    sctp = PyLong_FromLong(IPPROTO_SCTP);
    if (unknown == NULL || sctp == NULL) {
        goto done;
    }
    family = family == NULL ? unknown : family;
    type = type == NULL ? unknown : type;
    proto = proto == NULL ? sctp : proto;
    if (check_choices(state, family, type, proto, fileno != Py_None) < 0) {
        goto done;
    }
    result = fileno == Py_None
                 ? init_new(state, self, family, type, proto)
                 : init_descriptor(state, self, family, type, fileno);
done:
    Py_XDECREF(unknown);
    Py_XDECREF(sctp);
    return result;
}

/* accept's rule: without a default timeout, the socket of a waiting socket
   waits; systems differ in what the descriptor inherits. */
static int
inherit_timeout(const sctp_state *state, PyObject *self, PyObject *made)
{
    PyObject *fallback = PyObject_CallNoArgs(state->getdefaulttimeout);
    PyObject *timeout = NULL, *result = NULL;
    int waits = 0;

    if (fallback == NULL) {
        return -1;
    }
    if (fallback == Py_None) {
        timeout = PyObject_CallOneArg(state->methods.gettimeout, self);
        waits = timeout == NULL ? -1 : PyObject_IsTrue(timeout);
        Py_XDECREF(timeout);
    }
    Py_DECREF(fallback);
    if (waits > 0) {
        result = PyObject_CallMethod(made, "setblocking", "O", Py_True);
        waits = result == NULL ? -1 : 0;
        Py_XDECREF(result);
    }
    return waits;
}

/* The descriptor of a socket, or -1, without an exception. */
static int
peek_descriptor(const sctp_state *state, PyObject *socket)
{
    int descriptor = call_descriptor(&state->methods, socket);

    PyErr_Clear();
    return descriptor;
}

/* Closes a descriptor that made (or NULL) was to take when that failed with an
   exception.  The socket may own it by then, or even have given it up: it
   knows its family from the moment it took one.  Our own constructor gives up
   what SCTPError is about. */
static void
disown(const sctp_state *state, PyObject *made, int descriptor,
       PyObject *exception)
{
    int owned = made == NULL ? -1 : peek_descriptor(state, made);
    PyObject *closed;

    if (owned == descriptor) {
        closed = PyObject_CallMethod(made, "close", NULL);
        Py_XDECREF(closed);
    }
    else if (owned >= 0 || made == NULL ||
             call_member(state->methods.family, made) <= 0 ||
             PyErr_GivenExceptionMatches(exception, state->error)) {
        close(descriptor);
    }
}

/* A new socket of self's class on a descriptor, which it closes if that fails;
   the method of self that wants it stands in the errors. */
static PyObject *
adopt(const sctp_state *state, PyObject *self, int descriptor, int type,
      const char *method)
{
    PyTypeObject *class = Py_TYPE(self);
    PyObject *args = NULL, *kwargs = NULL, *made = NULL, *exception;
    char advice[400];
    int owned, result = -1;

    PyOS_snprintf(
        advice, sizeof advice,
        "%s() calls %.100s(family, type, proto, fileno=...): a class "
        "that makes no socket of that has to override %s()",
        method, class->tp_name, method);
    args = Py_BuildValue("(iii)", call_member(state->methods.family, self),
                         type, IPPROTO_SCTP);
    kwargs = Py_BuildValue("{si}", "fileno", descriptor);
    if (args == NULL || kwargs == NULL) {
        goto done;
    }
    made = class->tp_new(class, args, kwargs);
    if (made != NULL && !PyObject_TypeCheck(made, class)) {
        Py_CLEAR(made);
        PyErr_SetString(PyExc_TypeError, advice);
        goto done;
    }
    /* An older socket would lose its descriptor. */
    owned = made == NULL ? -1 : peek_descriptor(state, made);
    if (owned >= 0 && owned != descriptor) {
        PyErr_SetString(PyExc_TypeError, advice);
    }
    else if (made == NULL || Py_TYPE(made)->tp_init(made, args, kwargs) < 0) {
        if (PyErr_ExceptionMatches(PyExc_TypeError)) {
            error_add_note(advice);
        }
    }
    else if (peek_descriptor(state, made) != descriptor) {
        PyErr_SetString(PyExc_TypeError, advice);
    }
    else {
        result = inherit_timeout(state, self, made);
    }
done:
    if (result < 0) {
        exception = PyErr_GetRaisedException();
        disown(state, made, descriptor, exception);
        PyErr_SetRaisedException(exception);
        Py_CLEAR(made);
    }
    Py_XDECREF(args);
    Py_XDECREF(kwargs);
    return made;
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

PyDoc_STRVAR(
    accept_doc,
    "accept($self, /)\n--\n\n"
    "Waits for an association and returns (socket, address), as\n"
    "socket.socket.accept() does (RFC 6458, section 4.1.4). One-to-one\n"
    "sockets only.\n\n"
    "The socket is made by type(self)(family, type, proto, fileno=...): a\n"
    "class that takes other arguments has to override this.");

static PyObject *
socket_accept(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
              PyObject *kwnames)
{
    static const args_signature signature = {"accept", NULL, 0, 0, 0};
    sctp_state *state = get_state(Py_TYPE(self));
    accepting call;
    PyObject *made, *address;
    int descriptor;

    if (args_parse(&signature, args, nargs, kwnames, NULL) < 0) {
        return NULL;
    }
    descriptor =
        (int)call_run(&state->methods, self, POLLIN, accept_once, &call);
    if (descriptor < 0) {
        error_explain(self, "accept", "()");
        return NULL;
    }
    address = sockaddr_to_tuple(&call.address, call.size);
    if (address == NULL) {
        close(descriptor);
        return NULL;
    }
    made = adopt(state, self, descriptor,
                 call_member(state->methods.type, self), "accept");
    if (made == NULL) {
        Py_DECREF(address);
        return NULL;
    }
    return Py_BuildValue("(NN)", made, address);
}

PyDoc_STRVAR(shutdown_doc,
             "shutdown($self, how, /)\n--\n\n"
             "Shuts down one or both directions, as socket.socket.shutdown()\n"
             "does.\n\n"
             "SHUT_WR and SHUT_RDWR end the association gracefully once\n"
             "everything has been delivered, on peeled-off sockets too (RFC\n"
             "6458, section 4.1.7).");

static PyObject *
socket_shutdown(PyObject *self, PyObject *how)
{
    sctp_state *state = get_state(Py_TYPE(self));
    PyObject *result;
    int direction, descriptor;

    /* With the errors of socket.socket.shutdown(). */
    if (!PyArg_Parse(how, "i;shutdown(): how", &direction)) {
        return NULL;
    }
    descriptor = call_descriptor(&state->methods, self);
    if (descriptor < 0) {
        return NULL;
    }
    if (PLATFORM_SHUTDOWN_NEEDS_EOF &&
        (direction == SHUT_WR || direction == SHUT_RDWR) &&
        is_peeled(descriptor)) {
        /* Before who reads can find that there is no association any more. */
        if (direction == SHUT_RDWR) {
            (void)shutdown(descriptor, SHUT_RD);
        }
        if (message_send_eof(&state->methods, self) < 0) {
            return NULL;
        }
    }
    result =
        PyObject_CallMethod(state->base, "shutdown", "Oi", self, direction);
    if (result == NULL) {
        error_explain(self, "shutdown", "()");
    }
    return result;
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
    static const char *const names[] = {"addrs", "flags"};
    static const args_signature signature = {"sctp_bindx", names, 2, 2, 2};
    sctp_state *state = get_state(Py_TYPE(self));
    PyObject *values[2], *result = NULL;
    address_call call;

    if (args_parse(&signature, args, nargs, kwnames, values) < 0 ||
        to_int(values[1], "sctp_bindx()", "flags", &call.flags) < 0) {
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
    static const char *const names[] = {"addrs", "assoc_id"};
    static const args_signature signature = {"sctp_connectx", names, 2, 1, 1};
    sctp_state *state = get_state(Py_TYPE(self));
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
    sctp_state *state = get_state(Py_TYPE(self));
    getaddrs_call call = {local, 0, NULL};
    PyObject *id, *result;
    Py_ssize_t count;

    if (args_parse(signature, args, nargs, kwnames, &id) < 0 ||
        to_assoc_id(id, signature->function, &call.id) < 0) {
        return NULL;
    }
    count = call_run(&state->methods, self, 0, getaddrs_once, &call);
    if (count < 0) {
        error_explain(self, signature->function, "(L)", (long long)call.id);
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

static const char *const getaddrs_names[] = {"assoc_id"};

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
    static const args_signature signature = {"sctp_getladdrs", getaddrs_names,
                                             1, 0, 1};

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
    static const args_signature signature = {"sctp_getpaddrs", getaddrs_names,
                                             1, 0, 1};

    return getaddrs(self, &signature, args, nargs, kwnames, 0);
}

PyDoc_STRVAR(
    peeloff_doc,
    "sctp_peeloff($self, /, assoc_id)\n--\n\n"
    "Moves an association of a one-to-many socket to a new one-to-one\n"
    "socket and returns that (RFC 6458, section 9.2).\n\n"
    "The socket is made by type(self)(family, type, proto, fileno=...): a\n"
    "class that takes other arguments has to override this. Where that\n"
    "fails, the association ends.\n\n"
    "Linux lets no receiver on the new socket see an end of file:\n"
    "subscribe to SCTP_ASSOC_CHANGE or SCTP_SHUTDOWN_EVENT.\n\n"
    "Raises OSError for an association that the socket does not have\n"
    "(EINVAL on Linux, ENOENT on FreeBSD) and where there is no\n"
    "descriptor left (EMFILE, ENFILE): the association stays as it is,\n"
    "unless another thread takes the last descriptor meanwhile.");

static Py_ssize_t
peeloff_once(int descriptor, void *argument)
{
    return platform_peeloff(descriptor, *(sctp_assoc_t *)argument);
}

static PyObject *
socket_peeloff(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
               PyObject *kwnames)
{
    static const char *const names[] = {"assoc_id"};
    static const args_signature signature = {"sctp_peeloff", names, 1, 1, 1};
    sctp_state *state = get_state(Py_TYPE(self));
    PyObject *value;
    sctp_assoc_t id;
    Py_ssize_t descriptor;

    if (args_parse(&signature, args, nargs, kwnames, &value) < 0 ||
        to_assoc_id(value, "sctp_peeloff()", &id) < 0) {
        return NULL;
    }
    descriptor = call_run(&state->methods, self, 0, peeloff_once, &id);
    if (descriptor < 0) {
        error_explain(self, "sctp_peeloff", "(L)", (long long)id);
        return NULL;
    }
    return adopt(state, self, (int)descriptor, SOCK_STREAM, "sctp_peeloff");
}

PyDoc_STRVAR(
    sendv_doc,
    "sctp_sendv($self, /, data, addrs=None, info=None, flags=0)\n--\n\n"
    "Sends one message and returns the number of its bytes (RFC 6458,\n"
    "section 9.12).\n\n"
    "data is an iterable of bytes-like objects, sent one after the\n"
    "other without copying. addrs is an iterable of addresses: the\n"
    "first is the destination, and if there is no association with it\n"
    "yet, one is set up with all of them. Their ports agree; those after\n"
    "the first may be 0, for the first's. info is a sctp_sndinfo,\n"
    "sctp_prinfo, sctp_authinfo or sctp_sendv_spa. flags are those of\n"
    "sendmsg, such as MSG_DONTWAIT. SCTP_UNORDERED, SCTP_ABORT and the\n"
    "like go into snd_flags of a sctp_sndinfo; here they mean something\n"
    "else: on Linux SCTP_UNORDERED is MSG_OOB, SCTP_ABORT MSG_DONTROUTE\n"
    "and SCTP_SENDALL MSG_DONTWAIT.\n\n"
    "With SCTP_SENDALL, a blocking socket waits for room in every\n"
    "association. As a second try would send twice to some, there is\n"
    "none: a socket with a timeout does not wait, but raises\n"
    "BlockingIOError, and after a signal handler it raises\n"
    "InterruptedError. After any error, some associations may have got\n"
    "the message. Linux itself makes the call again where the process is\n"
    "stopped and continued (SIGSTOP, SIGCONT) while it waits.\n\n"
    "Raises TypeError for another info and for what is no address or no\n"
    "bytes-like object, ValueError for more buffers than the system\n"
    "takes, for ports that disagree and for SCTP_EOF and others that are\n"
    "no flags of sendmsg, OSError as the kernel does: EMSGSIZE for more\n"
    "than the send buffer holds, EINVAL for a stream that the association\n"
    "does not have or an empty message, EPIPE (Linux) or ENOENT (FreeBSD)\n"
    "without an association, EAGAIN where it would have to wait.");

static PyObject *
none_is_absent(PyObject *value)
{
    return value == Py_None ? NULL : value;
}

/* The flags of a message.  Refuses what belongs into snd_flags, as far as it
   is not a flag of sendmsg by the same number. */
static int
to_send_flags(PyObject *value, const char *function, int *out)
{
    static const struct {
        int flag;
        const char *name;
    } misplaced[] = {
        {SCTP_UNORDERED, "SCTP_UNORDERED"},
        {SCTP_ADDR_OVER, "SCTP_ADDR_OVER"},
        {SCTP_ABORT, "SCTP_ABORT"},
        {SCTP_EOF, "SCTP_EOF"},
        {SCTP_SENDALL, "SCTP_SENDALL"},
        {SCTP_SACK_IMMEDIATELY, "SCTP_SACK_IMMEDIATELY"},
    };

    if (to_int(value, function, "flags", out) < 0) {
        return -1;
    }
    for (size_t i = 0; *out != 0 && i < Py_ARRAY_LENGTH(misplaced); i++) {
        if (*out & misplaced[i].flag & ~PLATFORM_SEND_FLAGS) {
            PyErr_Format(
                PyExc_ValueError,
                "%s: flags: 0x%x is no flag of sendmsg; as %s it goes "
                "into snd_flags of a sctp_sndinfo",
                function, misplaced[i].flag, misplaced[i].name);
            return -1;
        }
    }
    return 0;
}

static PyObject *
socket_sendv(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
             PyObject *kwnames)
{
    static const char *const names[] = {"data", "addrs", "info", "flags"};
    static const args_signature signature = {"sctp_sendv", names, 4, 1, 4};
    sctp_state *state = get_state(Py_TYPE(self));
    PyObject *values[4];
    int flags;

    if (args_parse(&signature, args, nargs, kwnames, values) < 0 ||
        to_send_flags(values[3], "sctp_sendv()", &flags) < 0) {
        return NULL;
    }
    return message_send(&state->messages, &state->methods, self, values[0],
                        none_is_absent(values[1]), none_is_absent(values[2]),
                        flags);
}

PyDoc_STRVAR(
    recvv_doc,
    "sctp_recvv($self, /, bufsize, flags=0)\n--\n\n"
    "Receives a message or a notification and returns (data, addr,\n"
    "info, infotype, flags) (RFC 6458, section 9.13).\n\n"
    "data has at most bufsize bytes; what is longer comes in pieces,\n"
    "the last with MSG_EOR in flags. addr is the sender. info is a\n"
    "sctp_rcvinfo, sctp_nxtinfo, sctp_recvv_rn or None, as the options\n"
    "SCTP_RECVRCVINFO and SCTP_RECVNXTINFO are on, and infotype says\n"
    "which. With MSG_NOTIFICATION in flags, data is for\n"
    "parse_notification(). At the end of the association the result is\n"
    "(b'', None, None, SCTP_RECVV_NOINFO, flags).\n\n"
    "Raises ValueError for a bufsize below 1, MemoryError for one that\n"
    "there is no memory for, OSError as the kernel does: ECONNRESET after\n"
    "an ABORT, ENOTCONN, EAGAIN where it would have to wait.");

static PyObject *
socket_recvv(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
             PyObject *kwnames)
{
    static const char *const names[] = {"bufsize", "flags"};
    static const args_signature signature = {"sctp_recvv", names, 2, 1, 2};
    sctp_state *state = get_state(Py_TYPE(self));
    PyObject *values[2];
    long long size;
    int flags;

    if (args_parse(&signature, args, nargs, kwnames, values) < 0 ||
        args_integer(values[0], "sctp_recvv()", "bufsize", 1, PY_SSIZE_T_MAX,
                     &size) < 0 ||
        to_int(values[1], "sctp_recvv()", "flags", &flags) < 0) {
        return NULL;
    }
    return raise_kept(state, self) < 0
               ? NULL
               : message_receive(&state->messages, &state->methods, self,
                                 (Py_ssize_t)size, flags);
}

PyDoc_STRVAR(
    recvv_into_doc,
    "sctp_recvv_into($self, /, buffers, flags=0)\n--\n\n"
    "Receives as sctp_recvv() does, into the caller's memory: buffers\n"
    "is an iterable of writable bytes-like objects, filled one after\n"
    "the other. The result has the number of bytes in place of the\n"
    "data.");

static PyObject *
socket_recvv_into(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
                  PyObject *kwnames)
{
    static const char *const names[] = {"buffers", "flags"};
    static const args_signature signature = {"sctp_recvv_into", names, 2, 1,
                                             2};
    sctp_state *state = get_state(Py_TYPE(self));
    PyObject *values[2];
    int flags;

    if (args_parse(&signature, args, nargs, kwnames, values) < 0 ||
        to_int(values[1], "sctp_recvv_into()", "flags", &flags) < 0) {
        return NULL;
    }
    return raise_kept(state, self) < 0
               ? NULL
               : message_receive_into(&state->messages, &state->methods, self,
                                      values[0], flags);
}

PyDoc_STRVAR(
    sendv_many_doc,
    "sctp_sendv_many($self, /, messages, flags=0)\n--\n\n"
    "Sends messages in few packets and returns how many of them the\n"
    "kernel took.\n\n"
    "messages is an iterable of tuples (data,), (data, addrs) or (data,\n"
    "addrs, info), the arguments of sctp_sendv(), at most 1024. All of\n"
    "them are checked before the first one is sent. Messages to one\n"
    "association, named by the same address and identifier, wait for\n"
    "each other to share packets (MSG_MORE; Linux only). When the call\n"
    "has sent all, none of them waits any more; when it returns early,\n"
    "only those wait that the peer's window has no room for: until the\n"
    "next message or heartbeat. flags are those of sctp_sendv(); with\n"
    "MSG_MORE the last message waits for what you send next.\n\n"
    "A blocking socket sends all, unless one fails. With a timeout, or\n"
    "non-blocking, the socket sends those that there is room for.\n\n"
    "Raises what sctp_sendv() raises for bad arguments and for an error\n"
    "of the first message, and TimeoutError or BlockingIOError where\n"
    "there was room for none. An error of a later message ends the call:\n"
    "it returns how many went before; send the rest to see the error. An\n"
    "exception of sending has the number of messages that went as its\n"
    "attribute sent.");

static PyObject *
socket_sendv_many(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
                  PyObject *kwnames)
{
    static const char *const names[] = {"messages", "flags"};
    static const args_signature signature = {"sctp_sendv_many", names, 2, 1,
                                             2};
    sctp_state *state = get_state(Py_TYPE(self));
    PyObject *values[2];
    int flags;

    if (args_parse(&signature, args, nargs, kwnames, values) < 0 ||
        to_send_flags(values[1], "sctp_sendv_many()", &flags) < 0) {
        return NULL;
    }
    return batch_send(&state->messages, &state->methods, self, values[0],
                      flags);
}

PyDoc_STRVAR(
    recvv_many_doc,
    "sctp_recvv_many($self, /, bufsize, count, flags=0)\n--\n\n"
    "Receives up to count messages and notifications and returns a list\n"
    "of what sctp_recvv() returns for each. count is 1 to 1024.\n\n"
    "Waits for the first as sctp_recvv() does, then takes what is there\n"
    "without waiting again. The end of the association is the last item.\n"
    "With MSG_PEEK there is one item.\n\n"
    "Raises what sctp_recvv() raises. An error behind the first message\n"
    "is raised by the next call of a method that begins with sctp_recvv:\n"
    "so call again before you wait for the socket to become readable, as\n"
    "the kernel tells of such an error only once.");

static PyObject *
socket_recvv_many(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
                  PyObject *kwnames)
{
    static const char *const names[] = {"bufsize", "count", "flags"};
    static const args_signature signature = {"sctp_recvv_many", names, 3, 2,
                                             3};
    sctp_state *state = get_state(Py_TYPE(self));
    PyObject *values[3];
    long long size, count;
    int flags;

    if (args_parse(&signature, args, nargs, kwnames, values) < 0 ||
        args_integer(values[0], "sctp_recvv_many()", "bufsize", 1,
                     PY_SSIZE_T_MAX / 2, &size) < 0 ||
        args_integer(values[1], "sctp_recvv_many()", "count", 1, BATCH_MAX,
                     &count) < 0 ||
        to_int(values[2], "sctp_recvv_many()", "flags", &flags) < 0) {
        return NULL;
    }
    return raise_kept(state, self) < 0
               ? NULL
               : batch_receive(&state->messages, &state->methods, self,
                               (Py_ssize_t)size, (int)count, flags,
                               get_kept(state, self));
}

PyDoc_STRVAR(
    getsockopt_doc,
    "_getsockopt($self, /, level, optname, optval)\n--\n\n"
    "Reads an option into a copy of the bytes optval, which the kernel\n"
    "sees.");

typedef struct {
    int level;
    int option;
    void *value;
    socklen_t size;
} option_call;

static Py_ssize_t
getsockopt_once(int descriptor, void *argument)
{
    option_call *call = argument;

    return getsockopt(descriptor, call->level, call->option, call->value,
                      &call->size);
}

static PyObject *
socket_getsockopt(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
                  PyObject *kwnames)
{
    static const char *const names[] = {"level", "optname", "optval"};
    static const args_signature signature = {"_getsockopt", names, 3, 3, 3};
    sctp_state *state = get_state(Py_TYPE(self));
    PyObject *values[3], *result;
    option_call call;

    if (args_parse(&signature, args, nargs, kwnames, values) < 0 ||
        to_int(values[0], "_getsockopt()", "level", &call.level) < 0 ||
        to_int(values[1], "_getsockopt()", "optname", &call.option) < 0) {
        return NULL;
    }
    if (!PyBytes_Check(values[2]) || PyBytes_GET_SIZE(values[2]) > INT_MAX) {
        PyErr_Format(PyExc_TypeError,
                     "_getsockopt(): optval must be bytes, not %.100s",
                     Py_TYPE(values[2])->tp_name);
        return NULL;
    }
    result = PyBytes_FromStringAndSize(NULL, PyBytes_GET_SIZE(values[2]));
    if (result == NULL) {
        return NULL;
    }
    memcpy(PyBytes_AS_STRING(result), PyBytes_AS_STRING(values[2]),
           (size_t)PyBytes_GET_SIZE(values[2]));
    call.value = PyBytes_AS_STRING(result);
    call.size = (socklen_t)PyBytes_GET_SIZE(values[2]);
    if (call_run(&state->methods, self, 0, getsockopt_once, &call) < 0) {
        Py_DECREF(result);
        return NULL;
    }
    if ((Py_ssize_t)call.size < PyBytes_GET_SIZE(result)) {
        (void)_PyBytes_Resize(&result, (Py_ssize_t)call.size);
    }
    return result;
}

/* An index of records_options whose row has a structure. */
static int
to_row(PyObject *value, int *out)
{
    long long index;

    if (args_integer(value, "option", "row", 0,
                     (unsigned)records_options_length - 1, &index) < 0) {
        return -1;
    }
    *out = (int)index;
    if (records_options[index].kind == OPTION_int) {
        PyErr_Format(PyExc_ValueError, "option: %s has no structure",
                     records_options[index].name);
        return -1;
    }
    return 0;
}

PyDoc_STRVAR(get_option_doc,
             "_get_option($self, row, value, /)\n--\n\n"
             "Reads the option of a row of _options that has a structure;\n"
             "see sctp.sctp_socket.getsockopt().");

static PyObject *
socket_get_option(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
                  PyObject *kwnames)
{
    static const char *const names[] = {"row", "value"};
    static const args_signature signature = {"_get_option", names, 2, 2, 2};
    sctp_state *state = get_state(Py_TYPE(self));
    PyObject *values[2];
    int row;

    if (args_parse(&signature, args, nargs, kwnames, values) < 0 ||
        to_row(values[0], &row) < 0) {
        return NULL;
    }
    return option_get(&state->options, &state->methods, self, row,
                      none_is_absent(values[1]));
}

PyDoc_STRVAR(set_option_doc,
             "_set_option($self, row, value, /)\n--\n\n"
             "Sets the option of a row of _options that has a structure;\n"
             "see sctp.sctp_socket.setsockopt().");

static PyObject *
socket_set_option(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
                  PyObject *kwnames)
{
    static const char *const names[] = {"row", "value"};
    static const args_signature signature = {"_set_option", names, 2, 2, 2};
    sctp_state *state = get_state(Py_TYPE(self));
    PyObject *values[2];
    int row;

    if (args_parse(&signature, args, nargs, kwnames, values) < 0 ||
        to_row(values[0], &row) < 0) {
        return NULL;
    }
    return option_set(&state->options, &state->methods, self, row, values[1]);
}

static PyObject *
get_sctp_type(PyObject *self, void *Py_UNUSED(closure))
{
    sctp_state *state = get_state(Py_TYPE(self));

    if (state == NULL) {
        return NULL;
    }
    return PyUnicode_FromString(
        call_member(state->methods.type, self) == SOCK_STREAM ? "one-to-one"
                                                              : "one-to-many");
}

static PyObject *
get_sock(PyObject *self, void *Py_UNUSED(closure))
{
    return Py_NewRef(self);
}

#define METHOD(name, function, doc)               \
    {name, (PyCFunction)(void (*)(void))function, \
     METH_FASTCALL | METH_KEYWORDS, doc}

static PyMethodDef socket_methods[] = {
    METHOD("accept", socket_accept, accept_doc),
    {"shutdown", socket_shutdown, METH_O, shutdown_doc},
    METHOD("sctp_bindx", socket_bindx, bindx_doc),
    METHOD("sctp_connectx", socket_connectx, connectx_doc),
    METHOD("sctp_getladdrs", socket_getladdrs, getladdrs_doc),
    METHOD("sctp_getpaddrs", socket_getpaddrs, getpaddrs_doc),
    METHOD("sctp_peeloff", socket_peeloff, peeloff_doc),
    METHOD("sctp_sendv", socket_sendv, sendv_doc),
    METHOD("sctp_recvv", socket_recvv, recvv_doc),
    METHOD("sctp_recvv_into", socket_recvv_into, recvv_into_doc),
    METHOD("sctp_sendv_many", socket_sendv_many, sendv_many_doc),
    METHOD("sctp_recvv_many", socket_recvv_many, recvv_many_doc),
    METHOD("_getsockopt", socket_getsockopt, getsockopt_doc),
    METHOD("_get_option", socket_get_option, get_option_doc),
    METHOD("_set_option", socket_set_option, set_option_doc),
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef socket_members[] = {
    {"sctp_type", get_sctp_type, NULL,
     PyDoc_STR("'one-to-one' (SOCK_STREAM, and after peeling off) or "
               "'one-to-many' (SOCK_SEQPACKET)."),
     NULL},
    {"sock", get_sock, NULL, PyDoc_STR("The socket itself."), NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

PyDoc_STRVAR(
    socket_doc,
    "sctp_socket(family, type, proto=IPPROTO_SCTP, fileno=None)\n--\n\n"
    "An SCTP socket: a socket.socket with the functions of RFC 6458.\n\n"
    "family is AF_INET or AF_INET6, type SOCK_STREAM (one-to-one) or\n"
    "SOCK_SEQPACKET (one-to-many); anything else raises SCTPError. With\n"
    "fileno, the descriptor of an SCTP socket, both may be left out.");

static PyType_Slot socket_slots[] = {
    {Py_tp_doc, (void *)socket_doc},
    {Py_tp_init, socket_init},
    {Py_tp_methods, socket_methods},
    {Py_tp_getset, socket_members},
    {0, NULL},
};

static const PyType_Spec socket_spec = {
    .name = "_sctp.sctp.sctp_socket",
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .slots = socket_slots,
};

PyDoc_STRVAR(to_storage_doc,
             "ipaddr_to_sockaddr_storage(ip_addr, /)\n--\n\n"
             "The struct sockaddr_storage of an address tuple as bytes.\n\n"
             "Raises TypeError for what is no address, ValueError for a port\n"
             "out of range, socket.gaierror for an unknown host.");

static PyObject *
to_storage(PyObject *Py_UNUSED(module), PyObject *address)
{
    struct sockaddr_storage storage;

    return sockaddr_parse(address, &storage) < 0
               ? NULL
               : PyBytes_FromStringAndSize((const char *)&storage,
                                           sizeof storage);
}

PyDoc_STRVAR(
    to_address_doc,
    "sockaddr_storage_to_ipaddr(storage, /)\n--\n\n"
    "The address tuple of a struct sockaddr_storage in bytes. Bytes\n"
    "that are no such structure give a host of three question marks,\n"
    "and zeros.");

static PyObject *
to_address(PyObject *Py_UNUSED(module), PyObject *storage)
{
    Py_buffer view;
    PyObject *address;

    if (PyObject_GetBuffer(storage, &view, PyBUF_SIMPLE) < 0) {
        return NULL;
    }
    address = sockaddr_to_tuple(view.buf, (size_t)view.len);
    PyBuffer_Release(&view);
    return address;
}

PyDoc_STRVAR(
    describe_doc,
    "_describe(name, /)\n--\n\n"
    "The layout of a structure, or None where this system lacks it:\n"
    "(size, ((key, format, offset, size), ...), (key, format) of its\n"
    "tail or None).");

static PyObject *
describe(PyObject *module, PyObject *name)
{
    sctp_state *state = PyModule_GetState(module);
    record_type *type = option_find(&state->options, name);

    return type == NULL ? NULL : record_describe(type->record);
}

PyDoc_STRVAR(brand_doc,
             "_brand(cls, /)\n--\n\n"
             "Makes a dict class the one of the structure that it is named\n"
             "after.");

static PyObject *
brand(PyObject *module, PyObject *class)
{
    sctp_state *state = PyModule_GetState(module);

    if (!PyType_Check(class) ||
        !PyType_IsSubtype((PyTypeObject *)class, &PyDict_Type)) {
        PyErr_Format(PyExc_TypeError, "_brand(): %R is no class of dicts",
                     class);
        return NULL;
    }
    if (option_brand(&state->options, (PyTypeObject *)class) < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

PyDoc_STRVAR(check_doc,
             "_check(name, key, value, /)\n--\n\n"
             "The value for a key of a structure: an int for all that has\n"
             "__index__.");

static PyObject *
check(PyObject *module, PyObject *args)
{
    sctp_state *state = PyModule_GetState(module);
    PyObject *name, *key, *value;
    record_type *type;
    int index;

    if (!PyArg_ParseTuple(args, "UOO", &name, &key, &value)) {
        return NULL;
    }
    type = option_find(&state->options, name);
    if (type == NULL) {
        return NULL;
    }
    index = record_find(type, key);
    if (index < 0) {
        record_raise_unknown(type, PyExc_KeyError, key);
        return NULL;
    }
    return record_check(type, index, value);
}

PyDoc_STRVAR(pack_doc, "_pack(name, dict, /)\n--\n\n"
                       "The bytes of a structure.");

static PyObject *
pack(PyObject *module, PyObject *args)
{
    sctp_state *state = PyModule_GetState(module);
    PyObject *name, *dict, *result = NULL;
    record_buffer buffer;
    record_type *type;

    if (!PyArg_ParseTuple(args, "UO!", &name, &PyDict_Type, &dict)) {
        return NULL;
    }
    type = option_find(&state->options, name);
    if (type == NULL) {
        return NULL;
    }
    if (record_pack(type, dict, &buffer) == 0) {
        result = PyBytes_FromStringAndSize((const char *)buffer.bytes,
                                           (Py_ssize_t)buffer.size);
    }
    record_buffer_clear(&buffer);
    return result;
}

static PyMethodDef sctp_functions[] = {
    {"_describe", describe, METH_O, describe_doc},
    {"_brand", brand, METH_O, brand_doc},
    {"_check", check, METH_VARARGS, check_doc},
    {"_pack", pack, METH_VARARGS, pack_doc},
    {"ipaddr_to_sockaddr_storage", to_storage, METH_O, to_storage_doc},
    {"sockaddr_storage_to_ipaddr", to_address, METH_O, to_address_doc},
    {NULL, NULL, 0, NULL},
};

static const constant sctp_constants[] = {
    CONSTANTS_SCTP CONSTANTS_CSIZE{NULL, 0}};

/* Adds the number of every option, and their table for the package sctp. */
static int
add_options(PyObject *module)
{
    PyObject *table = PyList_New(0);
    int result;

    if (table == NULL) {
        return -1;
    }
    for (int i = 0; i < records_options_length; i++) {
        const option *row = &records_options[i];
        const char *structure =
            row->kind == OPTION_int ? NULL : records_option[row->kind].name;
        PyObject *item = Py_BuildValue("(sizss)", row->name, row->number,
                                       structure, row->access, row->reference);

        result = item == NULL ? -1 : PyList_Append(table, item);
        Py_XDECREF(item);
        if (result < 0 ||
            PyModule_AddIntConstant(module, row->name, row->number) < 0) {
            Py_DECREF(table);
            return -1;
        }
    }
    result = PyModule_AddObjectRef(module, "_options", table);
    Py_DECREF(table);
    return result;
}

/* Takes from a module what the state needs of it.  Returns 0, or -1 with an
   exception. */
static int
take(PyObject **into, const char *module_name, const char *name,
     const char *member)
{
    PyObject *module = PyImport_ImportModule(module_name), *found;

    if (module == NULL) {
        return -1;
    }
    found = PyObject_GetAttrString(module, name);
    Py_DECREF(module);
    if (found != NULL && member != NULL) {
        Py_SETREF(found, PyObject_GetAttrString(found, member));
    }
    *into = found;
    return found == NULL ? -1 : 0;
}

/* gevent, eventlet and others put a class of their own in place of
   socket.socket, while our methods count on the one of the system.  Returns 0,
   or -1 with ImportError. */
static int
check_base(const sctp_state *state)
{
    PyObject *core;
    int is_good;

    if (take(&core, "_socket", "socket", NULL) < 0) {
        return -1;
    }
    is_good =
        PyType_Check(core) && PyType_Check(state->base) &&
        PyType_IsSubtype((PyTypeObject *)state->base, (PyTypeObject *)core) &&
        Py_IS_TYPE(state->methods.family, &PyMemberDescr_Type) &&
        Py_IS_TYPE(state->methods.type, &PyMemberDescr_Type);
    Py_DECREF(core);
    if (!is_good) {
        PyErr_Format(PyExc_ImportError,
                     "sctp needs the socket.socket of the standard library, "
                     "but %R is in its place: import sctp before what "
                     "replaces it, or let that leave sockets alone, as "
                     "gevent.monkey.patch_all(socket=False) does",
                     state->base);
    }
    return is_good ? 0 : -1;
}

static int
sctp_exec(PyObject *module)
{
    sctp_state *state = PyModule_GetState(module);
    PyType_Spec spec = socket_spec;

    if (take(&state->methods.fileno, "_socket", "socket", "fileno") < 0 ||
        take(&state->methods.gettimeout, "_socket", "socket", "gettimeout") <
            0 ||
        take(&state->methods.family, "_socket", "socket", "family") < 0 ||
        take(&state->methods.type, "_socket", "socket", "type") < 0 ||
        take(&state->base, "socket", "socket", NULL) < 0 ||
        check_base(state) < 0 ||
        take(&state->getdefaulttimeout, "_socket", "getdefaulttimeout", NULL) <
            0 ||
        message_types_init(&state->messages) < 0 ||
        option_types_init(&state->options) < 0) {
        return -1;
    }
    state->error = PyErr_NewExceptionWithDoc(
        "_sctp.sctp.SCTPError",
        "A family, type or protocol that SCTP does not have.",
        PyExc_ValueError, NULL);
    if (PyModule_AddObjectRef(module, "SCTPError", state->error) < 0) {
        return -1;
    }
    state->kept = ((PyTypeObject *)state->base)->tp_basicsize;
    spec.basicsize = (int)(state->kept + sizeof(batch_error));
    state->type = (PyTypeObject *)compat_make_type(module, &spec, state->base);
    if (state->type == NULL || PyModule_AddType(module, state->type) < 0) {
        return -1;
    }
    return constants_add(module, sctp_constants) < 0 ? -1
                                                     : add_options(module);
}

static int
sctp_traverse(PyObject *module, visitproc visit, void *arg)
{
    sctp_state *state = PyModule_GetState(module);

    Py_VISIT(state->methods.fileno);
    Py_VISIT(state->methods.gettimeout);
    Py_VISIT(state->methods.family);
    Py_VISIT(state->methods.type);
    Py_VISIT(state->base);
    Py_VISIT(state->type);
    Py_VISIT(state->error);
    Py_VISIT(state->getdefaulttimeout);
    if (message_types_traverse(&state->messages, visit, arg)) {
        return 1;
    }
    return option_types_traverse(&state->options, visit, arg);
}

static int
sctp_clear(PyObject *module)
{
    sctp_state *state = PyModule_GetState(module);

    Py_CLEAR(state->methods.fileno);
    Py_CLEAR(state->methods.gettimeout);
    Py_CLEAR(state->methods.family);
    Py_CLEAR(state->methods.type);
    Py_CLEAR(state->base);
    Py_CLEAR(state->type);
    Py_CLEAR(state->error);
    Py_CLEAR(state->getdefaulttimeout);
    message_types_clear(&state->messages);
    option_types_clear(&state->options);
    return 0;
}

static void
sctp_free(void *module)
{
    (void)sctp_clear(module);
}

static PyModuleDef_Slot sctp_slots[] = {
    {Py_mod_exec, sctp_exec},
    COMPAT_ISOLATED_SLOTS{0, NULL},
};

PyDoc_STRVAR(
    sctp_doc,
    "The SCTP socket: addresses, associations and messages (RFC 6458).");

static PyModuleDef sctp_module = {
    PyModuleDef_HEAD_INIT,       .m_name = "_sctp.sctp",
    .m_doc = sctp_doc,           .m_size = sizeof(sctp_state),
    .m_methods = sctp_functions, .m_slots = sctp_slots,
    .m_traverse = sctp_traverse, .m_clear = sctp_clear,
    .m_free = sctp_free,
};

PyMODINIT_FUNC
PyInit_sctp(void)
{
    return PyModuleDef_Init(&sctp_module);
}
