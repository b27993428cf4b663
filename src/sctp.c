/* The module _sctp.sctp, and the socket's methods for messages. */
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

/* Returns the place for the error that followed the messages of a batch. */
static batch_error *
get_kept(const sctp_state *state, PyObject *self)
{
    return (batch_error *)((char *)self + state->kept);
}

/* Raises the error that the socket has kept.  Returns 0 if there is none, or
   -1 with an exception. */
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
    "data is an iterable of bytes-like objects, which together are the\n"
    "message. They are not copied. addrs is an iterable of addresses, and\n"
    "the first is the destination. If there is no association with it yet,\n"
    "the kernel sets one up with all of them. All addresses have the same\n"
    "port. From the second on, 0 means the port of the first. info is a\n"
    "sctp_sndinfo, sctp_prinfo, sctp_authinfo or sctp_sendv_spa. flags are\n"
    "those of sendmsg(), such as MSG_DONTWAIT. SCTP_UNORDERED, SCTP_ABORT\n"
    "and their like belong in snd_flags of a sctp_sndinfo. Here their\n"
    "numbers mean something else: on Linux SCTP_UNORDERED is MSG_OOB,\n"
    "SCTP_ABORT is MSG_DONTROUTE, and SCTP_SENDALL is MSG_DONTWAIT.\n\n"
    "With SCTP_SENDALL, a blocking socket waits for room in every\n"
    "association. The call is never repeated, because some associations\n"
    "would get the message twice. So a socket with a timeout does not\n"
    "wait: it raises BlockingIOError. If a signal interrupts the call, it\n"
    "raises InterruptedError. After any error, some associations may have\n"
    "got the message. Linux itself repeats a waiting call if the process\n"
    "is stopped and continued (SIGSTOP, SIGCONT).\n\n"
    "Raises TypeError if info has another type, an address is not a valid\n"
    "tuple, or a part of data is not bytes-like. Raises ValueError if data\n"
    "has more parts than the system takes, the ports differ, or flags has\n"
    "SCTP_EOF or another flag that sendmsg() does not have. Raises OSError\n"
    "if the kernel refuses: EMSGSIZE if the send buffer is too small for\n"
    "the message, EINVAL if the association does not have the stream or\n"
    "the message is empty, EPIPE (Linux) or ENOENT (FreeBSD) if there is\n"
    "no association, EAGAIN if the call would have to wait.");

static PyObject *
none_is_absent(PyObject *value)
{
    return value == Py_None ? NULL : value;
}

/* Stores the flags of a message in *out.  Refuses flags that belong in
   snd_flags, unless sendmsg has a flag with the same number. */
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
                "%s: flags: sendmsg has no flag 0x%x; put %s into snd_flags "
                "of a sctp_sndinfo",
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
    "Receives a message or a notification and returns (data, addr, info,\n"
    "infotype, flags) (RFC 6458, section 9.13).\n\n"
    "data has at most bufsize bytes. A longer message arrives in pieces;\n"
    "the last piece has MSG_EOR in flags. addr is the address of the\n"
    "sender. info is a sctp_rcvinfo, sctp_nxtinfo, sctp_recvv_rn or None:\n"
    "the options SCTP_RECVRCVINFO and SCTP_RECVNXTINFO decide which.\n"
    "infotype tells which one it is. If MSG_NOTIFICATION is in flags, data\n"
    "is a notification for parse_notification(). At the end of the\n"
    "association the result is (b'', None, None, SCTP_RECVV_NOINFO,\n"
    "flags).\n\n"
    "Raises ValueError if bufsize is less than 1. Raises MemoryError if\n"
    "there is no memory for bufsize bytes. Raises OSError if the kernel\n"
    "reports an error: ECONNRESET after an ABORT, ENOTCONN if the socket\n"
    "is not connected, EAGAIN if the call would have to wait.");

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
    "Receives as sctp_recvv() does, but into the memory of the caller.\n"
    "buffers is an iterable of writable bytes-like objects, which are\n"
    "filled one after the other. The result has the number of bytes in\n"
    "place of the data.");

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
    "Sends several messages in few packets and returns how many of them\n"
    "the kernel took.\n\n"
    "messages is an iterable of at most 1024 tuples (data,), (data, addrs)\n"
    "or (data, addrs, info), the arguments of sctp_sendv(). All of them\n"
    "are checked before the first one is sent. On Linux, messages to the\n"
    "same association share packets: each waits in the kernel for the next\n"
    "(MSG_MORE). They must name the association by the same address and\n"
    "identifier. When the call has sent all messages, none of them waits\n"
    "any longer. If it returns early, messages still wait if the peer's\n"
    "window has no room for them: until the next message or heartbeat.\n"
    "flags are those of sctp_sendv(). With MSG_MORE, the last message\n"
    "waits for what you send next.\n\n"
    "A blocking socket sends all messages, unless one fails. A\n"
    "non-blocking socket, or one with a timeout, sends as many as there is\n"
    "room for.\n\n"
    "Raises what sctp_sendv() raises if an argument is wrong or the first\n"
    "message fails. Raises TimeoutError or BlockingIOError if there is no\n"
    "room for the first message. If a later message fails, the call\n"
    "returns how many were sent before it; send the rest to see the error.\n"
    "If sending raises an exception, its attribute sent is the number of\n"
    "messages that were sent.");

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
    "Receives up to count messages and notifications, and returns a list\n"
    "with the result of sctp_recvv() for each. count is 1 to 1024.\n\n"
    "It waits for the first one as sctp_recvv() does. Then it takes what\n"
    "has arrived, without waiting again. The end of the association is the\n"
    "last item. With MSG_PEEK there is one item.\n\n"
    "Raises what sctp_recvv() raises. If an error follows the first\n"
    "message, the next call of a method that begins with sctp_recvv raises\n"
    "it. So call again before you wait for the socket to become readable:\n"
    "the kernel reports such an error only once.");

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

/* Drops the kept error.  __init__ calls it: an object can become another
   socket. */
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
    {Py_tp_doc, (void *)PyDoc_STR("The part of sctp_socket in C.")},
    {Py_tp_methods, socket_methods},
    {0, NULL},
};

static const PyType_Spec core_spec = {
    .name = "_sctp.sctp._core",
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .slots = core_slots,
};

PyDoc_STRVAR(
    to_storage_doc,
    "ipaddr_to_sockaddr_storage(ip_addr, /)\n--\n\n"
    "Returns the struct sockaddr_storage of an address tuple as bytes.\n\n"
    "Raises TypeError if ip_addr is not a valid address tuple, ValueError\n"
    "if the port is out of range, socket.gaierror if the host is unknown.");

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
    "Returns the address tuple of a struct sockaddr_storage, given as\n"
    "bytes. If the bytes are not such a structure, the host is three\n"
    "question marks and the numbers are 0.");

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

/* Takes socket.socket and the methods and members of it that call_methods
   needs.  Returns 0, or -1: with ImportError if gevent, eventlet or another
   library has replaced socket.socket by its own class. */
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
                     "but another library has replaced it by %R: import sctp "
                     "before that library, or use "
                     "gevent.monkey.patch_all(socket=False) or its like",
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

/* Makes the base class of sctp_socket. */
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
