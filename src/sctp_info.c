/* Module _sctp.sctp_info: what travels with messages, generic over the rows
   of records_info. */
#include "constants.h"
#include "records_info.h"

typedef struct {
    record_type infos[INFO_COUNT];
} info_state;

static PyModuleDef info_module;

/* The record of a class, also of a subclass; NULL with TypeError. */
static record_type *
get_record_type(PyTypeObject *class)
{
    PyObject *module = PyType_GetModuleByDef(class, &info_module);
    info_state *state = module == NULL ? NULL : PyModule_GetState(module);

    for (int i = 0; state != NULL && i < INFO_COUNT; i++) {
        PyTypeObject *type = state->infos[i].type; /* NULL as Python ends */

        if (type != NULL && PyType_IsSubtype(class, type)) {
            return &state->infos[i];
        }
    }
    if (state != NULL) {
        PyErr_Format(PyExc_TypeError, "%.100s is no info", class->tp_name);
    }
    return NULL;
}

/* Sets a key to a value that is checked. */
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

/* Calls the class itself: all keys, those that are not given 0. */
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

/* For subclasses, and who calls it anew. */
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
     PyDoc_STR("copy($self, /)\n--\n\nA shallow copy, of the same class.")},
    {NULL, NULL, 0, NULL},
};

/* A dict does not visit its type, which lives only as long as its users. */
static int
info_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    return PyDict_Type.tp_traverse(self, visit, arg);
}

/* As it adds nothing to a dict, it ends as one: Python keeps the memory for
   the next dict. */
static void
info_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);

    if (type->tp_dealloc == info_dealloc) { /* of no subclass, which may */
        Py_SET_TYPE(self, &PyDict_Type);
    }
    PyDict_Type.tp_dealloc(self);
    Py_DECREF(type);
}

/* A dict subclass for one record. */
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
    "sctp_sndinfo(*, snd_sid=0, snd_flags=0, snd_ppid=0, "
    "snd_context=0, snd_assoc_id=0)\n--\n\n"
    "How a message is to be sent (RFC 6458, section 5.3.4).\n\n"
    "snd_sid is the stream; snd_flags is made of SCTP_UNORDERED,\n"
    "SCTP_ADDR_OVER, SCTP_ABORT, SCTP_EOF, SCTP_SENDALL and\n"
    "SCTP_SACK_IMMEDIATELY; snd_ppid goes on the wire as it stands, so\n"
    "socket.htonl() makes the number that peers expect; snd_context\n"
    "comes back when sending fails; snd_assoc_id selects the\n"
    "association on a one-to-many socket.");

PyDoc_STRVAR(
    prinfo_doc,
    "sctp_prinfo(*, pr_policy=0, pr_value=0)\n--\n\n"
    "When a message may be abandoned (RFC 6458, section 5.3.7).\n\n"
    "pr_policy is SCTP_PR_SCTP_NONE (never), SCTP_PR_SCTP_TTL (pr_value\n"
    "milliseconds after it was given to the kernel), SCTP_PR_SCTP_RTX\n"
    "(after pr_value retransmissions) or SCTP_PR_SCTP_PRIO (for\n"
    "messages of a smaller pr_value, when buffers are full; RFC 7496).");

PyDoc_STRVAR(authinfo_doc,
             "sctp_authinfo(*, auth_keynumber=0)\n--\n\n"
             "The shared key that authenticates a message (RFC 6458, section\n"
             "5.3.8).");

PyDoc_STRVAR(
    rcvinfo_doc,
    "sctp_rcvinfo(*, rcv_sid=0, rcv_ssn=0, rcv_flags=0, rcv_ppid=0, "
    "rcv_tsn=0, rcv_cumtsn=0, rcv_context=0, rcv_assoc_id=0)\n--\n\n"
    "How a message was received (RFC 6458, section 5.3.5).\n\n"
    "rcv_ppid is as it came on the wire: socket.ntohl() makes the\n"
    "number that the peer meant. All others are in host byte order.\n"
    "rcv_flags has SCTP_UNORDERED for a message outside the order of\n"
    "its stream.");

PyDoc_STRVAR(nxtinfo_doc,
             "sctp_nxtinfo(*, nxt_sid=0, nxt_flags=0, nxt_ppid=0, "
             "nxt_length=0, nxt_assoc_id=0)\n--\n\n"
             "What the next call will receive (RFC 6458, section 5.3.6).\n\n"
             "nxt_ppid is as it came on the wire, as rcv_ppid is.");

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

/* Lets Python add what holds several infos: sctp_sendv_spa and
   sctp_recvv_rn. */
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
