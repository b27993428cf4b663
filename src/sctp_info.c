/* The module _sctp.sctp_info: the infos that travel with messages, made from
   the rows of records_info. */
#include "constants.h"
#include "records_info.h"

typedef struct {
    record_type infos[INFO_COUNT];
} info_state;

static PyModuleDef info_module;

/* Returns the record of a class or of its base class, or NULL with
   TypeError. */
static record_type *
get_record_type(PyTypeObject *class)
{
    PyObject *module = PyType_GetModuleByDef(class, &info_module);
    info_state *state = module == NULL ? NULL : PyModule_GetState(module);

    for (int i = 0; state != NULL && i < INFO_COUNT; i++) {
        PyTypeObject *type = state->infos[i].type; /* NULL at Python's end */

        if (type != NULL && PyType_IsSubtype(class, type)) {
            return &state->infos[i];
        }
    }
    if (state != NULL) {
        PyErr_Format(PyExc_TypeError, "%.100s is not a class of infos",
                     class->tp_name);
    }
    return NULL;
}

/* Checks a value and sets the key to it.  unknown is the exception for an
   unknown key. */
static int
set_key(record_type *type, PyObject *self, PyObject *key, PyObject *value,
        PyObject *unknown)
{
    int field = record_find(type, key), result = -1;

    if (field < 0) {
        record_raise_unknown(type, unknown, key);
        return -1;
    }
    value = record_check(type, field, value);
    if (value != NULL) {
        result = PyDict_SetItem(self, type->keys[field], value);
        Py_DECREF(value);
    }
    return result;
}

/* Makes an instance of the class.  It has all keys; a key that is not given is
   0. */
static PyObject *
info_vectorcall(PyObject *class, PyObject *const *args, size_t nargsf,
                PyObject *kwnames)
{
    static const unsigned char zeros[RECORD_SIZE_MAX];
    record_type *type = get_record_type((PyTypeObject *)class);
    Py_ssize_t count = kwnames == NULL ? 0 : PyTuple_GET_SIZE(kwnames);
    PyObject *self;

    if (type == NULL) {
        return NULL;
    }
    if (PyVectorcall_NARGS(nargsf) != 0) {
        PyErr_Format(PyExc_TypeError, "%s() takes keyword arguments only",
                     type->record->name);
        return NULL;
    }
    self = record_to_dict(type, zeros, type->record->size);
    for (Py_ssize_t i = 0; self != NULL && i < count; i++) {
        if (set_key(type, self, PyTuple_GET_ITEM(kwnames, i), args[i],
                    PyExc_TypeError) < 0) {
            Py_CLEAR(self);
        }
    }
    return self;
}

/* Runs for subclasses, and if someone calls __init__() again. */
static int
info_init(PyObject *self, PyObject *args, PyObject *kwargs)
{
    record_type *type = get_record_type(Py_TYPE(self));
    PyObject *made;
    int result = -1;

    made = type == NULL ? NULL
                        : PyObject_Call((PyObject *)type->type, args, kwargs);
    if (made != NULL) {
        result = PyDict_Update(self, made);
        Py_DECREF(made);
    }
    return result;
}

static int
info_set_item(PyObject *self, PyObject *key, PyObject *value)
{
    record_type *type = get_record_type(Py_TYPE(self));

    if (type == NULL) {
        return -1;
    }
    if (value == NULL && record_find(type, key) >= 0) {
        PyErr_Format(PyExc_TypeError, "%s: %U cannot be deleted",
                     type->record->name, key);
        return -1;
    }
    return set_key(type, self, key, value, PyExc_KeyError);
}

static PyObject *
info_copy(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    PyObject *copy = PyObject_CallMethod((PyObject *)&PyDict_Type, "__new__",
                                         "O", Py_TYPE(self));

    if (copy != NULL && PyDict_Update(copy, self) < 0) {
        Py_CLEAR(copy);
    }
    return copy;
}

static PyMethodDef info_methods[] = {
    {"copy", info_copy, METH_NOARGS,
     PyDoc_STR(
         "copy($self, /)\n--\n\nReturns a shallow copy of the same class.")},
    {NULL, NULL, 0, NULL},
};

/* A dict does not visit its type.  This type lives only as long as its users,
   so it has to be visited. */
static int
info_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    return PyDict_Type.tp_traverse(self, visit, arg);
}

/* Frees an info as a dict, so that Python keeps the memory for the next dict.
   It may: an info has nothing beyond a dict. */
static void
info_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);

    if (type->tp_dealloc == info_dealloc) { /* a subclass may have more */
        Py_SET_TYPE(self, &PyDict_Type);
    }
    PyDict_Type.tp_dealloc(self);
    Py_DECREF(type);
}

/* Makes a subclass of dict for one record. */
static PyTypeObject *
make_info_type(PyObject *module, const char *name, const char *doc)
{
    PyType_Slot slots[] = {
        {Py_tp_doc, (void *)doc},
        {Py_tp_init, info_init},
        {Py_tp_traverse, info_traverse},
        {Py_tp_clear, (void *)PyDict_Type.tp_clear},
        {Py_tp_dealloc, info_dealloc},
        {Py_mp_ass_subscript, info_set_item},
        {Py_tp_methods, info_methods},
        {0, NULL},
    };
    PyType_Spec spec = {
        .name = name,
        .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
        .slots = slots,
    };
    PyTypeObject *type = (PyTypeObject *)compat_make_type(
        module, &spec, (PyObject *)&PyDict_Type);

    if (type != NULL) {
        type->tp_vectorcall = info_vectorcall;
    }
    return type;
}

PyDoc_STRVAR(
    sndinfo_doc,
    "sctp_sndinfo(*, snd_sid=0, snd_flags=0, snd_ppid=0, snd_context=0,"
    " snd_assoc_id=0)\n--\n\n"
    "How a message is sent (RFC 6458, section 5.3.4).\n\n"
    "- snd_sid (uint16): The stream to send on.\n"
    "- snd_flags (uint16, flags): SCTP_UNORDERED, SCTP_ADDR_OVER,\n"
    "  SCTP_ABORT, SCTP_EOF, SCTP_SENDALL, SCTP_SACK_IMMEDIATELY.\n"
    "- snd_ppid (uint32): The payload protocol identifier, as it is on the\n"
    "  wire: it is never converted. Pass socket.htonl(60) for 60.\n"
    "- snd_context (uint32): A number of your choice. It comes back in\n"
    "  SCTP_SEND_FAILED_EVENT.\n"
    "- snd_assoc_id (association): The association to send on. One-to-one\n"
    "  sockets ignore it.");

PyDoc_STRVAR(prinfo_doc,
             "sctp_prinfo(*, pr_policy=0, pr_value=0)\n--\n\n"
             "When a message may be abandoned (RFC 6458, section 5.3.7).\n\n"
             "- pr_policy (uint16): SCTP_PR_SCTP_NONE, SCTP_PR_SCTP_TTL,\n"
             "  SCTP_PR_SCTP_RTX or SCTP_PR_SCTP_PRIO.\n"
             "- pr_value (uint32): Milliseconds with SCTP_PR_SCTP_TTL,\n"
             "  retransmissions with SCTP_PR_SCTP_RTX, a priority with\n"
             "  SCTP_PR_SCTP_PRIO (0 is the highest). It is ignored with\n"
             "  SCTP_PR_SCTP_NONE.");

PyDoc_STRVAR(authinfo_doc,
             "sctp_authinfo(*, auth_keynumber=0)\n--\n\n"
             "The shared key that authenticates a message (RFC 6458, section\n"
             "5.3.8).\n\n"
             "- auth_keynumber (uint16): The number of the key.");

PyDoc_STRVAR(
    rcvinfo_doc,
    "sctp_rcvinfo(*, rcv_sid=0, rcv_ssn=0, rcv_flags=0, rcv_ppid=0, "
    "rcv_tsn=0, rcv_cumtsn=0, rcv_context=0, rcv_assoc_id=0)\n--\n\n"
    "How a message was received (RFC 6458, section 5.3.5).\n\n"
    "- rcv_sid (uint16): The stream that the message came on.\n"
    "- rcv_ssn (uint16): The stream sequence number of the message.\n"
    "- rcv_flags (uint16, flags): SCTP_UNORDERED, or 0.\n"
    "- rcv_ppid (uint32): The payload protocol identifier, as it is on the\n"
    "  wire: it is never converted. socket.ntohl() gives the number that\n"
    "  the peer means.\n"
    "- rcv_tsn (uint32): The transmission sequence number (TSN) of the\n"
    "  first chunk of the message.\n"
    "- rcv_cumtsn (uint32): The cumulative TSN when the message was read.\n"
    "  It matters for unordered messages only.\n"
    "- rcv_context (uint32): The value of SCTP_CONTEXT.\n"
    "- rcv_assoc_id (association): The association that the message came\n"
    "  on.");

PyDoc_STRVAR(
    nxtinfo_doc,
    "sctp_nxtinfo(*, nxt_sid=0, nxt_flags=0, nxt_ppid=0, nxt_length=0, "
    "nxt_assoc_id=0)\n--\n\n"
    "What the next call will receive (RFC 6458, section 5.3.6).\n\n"
    "- nxt_sid (uint16): The stream of the next message.\n"
    "- nxt_flags (uint16, flags): SCTP_UNORDERED and SCTP_NOTIFICATION; on\n"
    "  FreeBSD also SCTP_COMPLETE.\n"
    "- nxt_ppid (uint32): The payload protocol identifier of the next\n"
    "  message, as it is on the wire: it is never converted.\n"
    "- nxt_length (uint32, bytes): How much of the next message has\n"
    "  arrived.\n"
    "- nxt_assoc_id (association): The association of the next message.");

static const struct {
    const char *name;
    const char *doc;
} info_types[INFO_COUNT] = {
    [INFO_SNDINFO] = {"_sctp.sctp_info.sctp_sndinfo", sndinfo_doc},
    [INFO_PRINFO] = {"_sctp.sctp_info.sctp_prinfo", prinfo_doc},
    [INFO_AUTHINFO] = {"_sctp.sctp_info.sctp_authinfo", authinfo_doc},
    [INFO_RCVINFO] = {"_sctp.sctp_info.sctp_rcvinfo", rcvinfo_doc},
    [INFO_NXTINFO] = {"_sctp.sctp_info.sctp_nxtinfo", nxtinfo_doc},
};

static const constant info_constants[] = {CONSTANTS_INFO{NULL, 0}};

/* Lets _sctp/_holders.py add the classes that hold several infos:
   sctp_sendv_spa and sctp_recvv_rn. */
static int
add_holders(PyObject *module)
{
    PyObject *add_to =
        PyImport_ImportModuleAttrString("_sctp._holders", "add_to");
    PyObject *result =
        add_to == NULL ? NULL : PyObject_CallOneArg(add_to, module);

    Py_XDECREF(add_to);
    Py_XDECREF(result);
    return result == NULL ? -1 : 0;
}

static int
info_exec(PyObject *module)
{
    info_state *state = PyModule_GetState(module);

    for (int i = 0; i < INFO_COUNT; i++) {
        PyTypeObject *type =
            make_info_type(module, info_types[i].name, info_types[i].doc);

        if (type == NULL ||
            record_type_init(&state->infos[i], &records_info[i], type) < 0 ||
            PyModule_AddType(module, type) < 0) {
            Py_XDECREF(type);
            return -1;
        }
        Py_DECREF(type);
    }
    if (add_holders(module) < 0) {
        return -1;
    }
    return constants_add(module, info_constants);
}

static int
state_traverse(PyObject *module, visitproc visit, void *arg)
{
    info_state *state = PyModule_GetState(module);

    for (int i = 0; i < INFO_COUNT; i++) {
        Py_VISIT(state->infos[i].type);
    }
    return 0;
}

static int
state_clear(PyObject *module)
{
    info_state *state = PyModule_GetState(module);

    for (int i = 0; i < INFO_COUNT; i++) {
        record_type_clear(&state->infos[i]);
    }
    return 0;
}

static void
state_free(void *module)
{
    (void)state_clear(module);
}

static PyModuleDef_Slot info_slots[] = {
    {Py_mod_exec, info_exec},
    COMPAT_ISOLATED_SLOTS{0, NULL},
};

PyDoc_STRVAR(info_doc,
             "What travels with messages (RFC 6458, sections 5.3, 9.12 and\n"
             "9.13).");

static PyModuleDef info_module = {
    PyModuleDef_HEAD_INIT,  .m_name = "_sctp.sctp_info",
    .m_doc = info_doc,      .m_size = sizeof(info_state),
    .m_slots = info_slots,  .m_traverse = state_traverse,
    .m_clear = state_clear, .m_free = state_free,
};

PyMODINIT_FUNC
PyInit_sctp_info(void)
{
    return PyModuleDef_Init(&info_module);
}
