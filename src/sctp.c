/* Module _sctp.sctp: the socket's messages, and the module. */
#include "state.h"
#include "constants.h"
#include "error.h"

#include <string.h>

static PyModuleDef sctp_module;

sctp_state *
state_get(PyTypeObject *type)
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

    if (args_int(value, function, "flags", out) < 0) {
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
    static const args_signature signature = {
        "sctp_sendv()", {"data", "addrs", "info", "flags"}, 4, 1, 4};
    sctp_state *state = state_get(Py_TYPE(self));
    PyObject *values[4];
    int flags;

    if (args_parse(&signature, args, nargs, kwnames, values) < 0 ||
        to_send_flags(values[3], signature.function, &flags) < 0) {
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
    static const args_signature signature = {
        "sctp_recvv()", {"bufsize", "flags"}, 2, 1, 2};
    sctp_state *state = state_get(Py_TYPE(self));
    PyObject *values[2];
    long long size;
    int flags;

    if (args_parse(&signature, args, nargs, kwnames, values) < 0 ||
        args_integer(values[0], signature.function, "bufsize", 1,
                     PY_SSIZE_T_MAX, &size) < 0 ||
        args_int(values[1], signature.function, "flags", &flags) < 0 ||
        raise_kept(state, self) < 0) {
        return NULL;
    }
    return message_receive(&state->messages, &state->methods, self,
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
    static const args_signature signature = {
        "sctp_recvv_into()", {"buffers", "flags"}, 2, 1, 2};
    sctp_state *state = state_get(Py_TYPE(self));
    PyObject *values[2];
    int flags;

    if (args_parse(&signature, args, nargs, kwnames, values) < 0 ||
        args_int(values[1], signature.function, "flags", &flags) < 0 ||
        raise_kept(state, self) < 0) {
        return NULL;
    }
    return message_receive_into(&state->messages, &state->methods, self,
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
    static const args_signature signature = {
        "sctp_sendv_many()", {"messages", "flags"}, 2, 1, 2};
    sctp_state *state = state_get(Py_TYPE(self));
    PyObject *values[2];
    int flags;

    if (args_parse(&signature, args, nargs, kwnames, values) < 0 ||
        to_send_flags(values[1], signature.function, &flags) < 0) {
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
    static const args_signature signature = {
        "sctp_recvv_many()", {"bufsize", "count", "flags"}, 3, 2, 3};
    sctp_state *state = state_get(Py_TYPE(self));
    PyObject *values[3];
    long long size, count;
    int flags;

    if (args_parse(&signature, args, nargs, kwnames, values) < 0 ||
        args_integer(values[0], signature.function, "bufsize", 1,
                     PY_SSIZE_T_MAX / 2, &size) < 0 ||
        args_integer(values[1], signature.function, "count", 1, BATCH_MAX,
                     &count) < 0 ||
        args_int(values[2], signature.function, "flags", &flags) < 0 ||
        raise_kept(state, self) < 0) {
        return NULL;
    }
    return batch_receive(&state->messages, &state->methods, self,
                         (Py_ssize_t)size, (int)count, flags,
                         get_kept(state, self));
}

/* Drops the error that the socket which this was has kept. */
static PyObject *
socket_forget(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    const sctp_state *state = state_get(Py_TYPE(self));

    atomic_store(get_kept(state, self), 0);
    Py_RETURN_NONE;
}

#define METHOD(name, function, doc)               \
    {name, (PyCFunction)(void (*)(void))function, \
     METH_FASTCALL | METH_KEYWORDS, doc}

static PyMethodDef socket_methods[] = {
    METHOD("sctp_sendv", socket_sendv, sendv_doc),
    METHOD("sctp_recvv", socket_recvv, recvv_doc),
    METHOD("sctp_recvv_into", socket_recvv_into, recvv_into_doc),
    METHOD("sctp_sendv_many", socket_sendv_many, sendv_many_doc),
    METHOD("sctp_recvv_many", socket_recvv_many, recvv_many_doc),
    {"_ask_family", association_ask_family, METH_O, NULL},
    {"_accept_into", association_accept, METH_O, NULL},
    {"_end_peeled", association_end_peeled, METH_O, NULL},
    {"_bindx", association_bindx, METH_VARARGS, NULL},
    {"_connectx", association_connectx, METH_VARARGS, NULL},
    {"_getaddrs", association_getaddrs, METH_VARARGS, NULL},
    {"_peeloff", association_peeloff, METH_VARARGS, NULL},
    {"_forget", socket_forget, METH_NOARGS, NULL},
    {"_get_option", option_get, METH_VARARGS, NULL},
    {"_getsockopt", option_get_bytes, METH_VARARGS, NULL},
    {"_setsockopt", option_set_bytes, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot core_slots[] = {
    {Py_tp_doc, (void *)PyDoc_STR("What C implements of sctp_socket.")},
    {Py_tp_methods, socket_methods},
    {0, NULL},
};

static const PyType_Spec core_spec = {
    .name = "_sctp.sctp._core",
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .slots = core_slots,
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

static PyMethodDef sctp_functions[] = {
    {"_describe", option_describe, METH_O, NULL},
    {"_brand", option_brand, METH_O, NULL},
    {"_check", option_check, METH_VARARGS, NULL},
    {"_pack", option_pack, METH_VARARGS, NULL},
    {"_unpack", option_unpack, METH_VARARGS, NULL},
    {"ipaddr_to_sockaddr_storage", to_storage, METH_O, to_storage_doc},
    {"sockaddr_storage_to_ipaddr", to_address, METH_O, to_address_doc},
    {NULL, NULL, 0, NULL},
};

static const constant sctp_constants[] = {
    CONSTANTS_SCTP CONSTANTS_CSIZE{NULL, 0}};

static int
take_member(PyObject *type, const char *name, PyObject **into)
{
    *into = PyObject_GetAttrString(type, name);
    return *into == NULL ? -1 : 0;
}

/* Takes what the methods need of the socket of the standard library.  gevent,
   eventlet and others put a class of their own in its place: ImportError.
   Returns 0 or -1. */
static int
take_base(sctp_state *state)
{
    PyObject *plain = PyImport_ImportModuleAttrString("_socket", "socket");
    PyObject *base = plain == NULL
                         ? NULL
                         : PyImport_ImportModuleAttrString("socket", "socket");
    int result = -1;

    state->base = (PyTypeObject *)base;
    if (base == NULL) {
        goto done;
    }
    if (!PyType_Check(plain) || !PyType_Check(base) ||
        !PyType_IsSubtype(state->base, (PyTypeObject *)plain)) {
        PyErr_Format(PyExc_ImportError,
                     "sctp needs the socket.socket of the standard library, "
                     "but %R is in its place: import sctp before what "
                     "replaces it, or let that leave sockets alone, as "
                     "gevent.monkey.patch_all(socket=False) does",
                     base);
        goto done;
    }
    if (take_member(plain, "fileno", &state->methods.fileno) == 0 &&
        take_member(plain, "gettimeout", &state->methods.gettimeout) == 0 &&
        take_member(plain, "family", &state->methods.family) == 0 &&
        take_member(plain, "type", &state->methods.type) == 0) {
        result = 0;
    }
done:
    Py_XDECREF(plain);
    return result;
}

/* Makes the type that the class of the socket is derived from. */
static int
add_core(PyObject *module, sctp_state *state)
{
    PyType_Spec spec = core_spec;

    state->kept = state->base->tp_basicsize;
    spec.basicsize = (int)(state->kept + sizeof(batch_error));
    state->core = (PyTypeObject *)compat_make_type(module, &spec,
                                                   (PyObject *)state->base);
    return state->core == NULL ? -1 : PyModule_AddType(module, state->core);
}

static int
sctp_exec(PyObject *module)
{
    static const char *const names[] = {"SCTPError", "sctp_socket"};
    sctp_state *state = PyModule_GetState(module);

    if (take_base(state) < 0 || message_types_init(&state->messages) < 0 ||
        option_types_init(&state->options, module) < 0 ||
        constants_add(module, sctp_constants) < 0 ||
        add_core(module, state) < 0) {
        return -1;
    }
    for (size_t i = 0; i < Py_ARRAY_LENGTH(names); i++) {
        PyObject *found =
            PyImport_ImportModuleAttrString("_sctp._life", names[i]);
        int result = PyModule_AddObjectRef(module, names[i], found);

        Py_XDECREF(found);
        if (result < 0) {
            return -1;
        }
    }
    return 0;
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
    Py_VISIT(state->core);
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
    Py_CLEAR(state->core);
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
