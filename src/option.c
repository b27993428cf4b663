/* Socket options: reads and sets them, and converts their structures.
   sctp/_options.py converts the list or the key that may follow a
   structure. */
#include "state.h"

#include <string.h>

typedef struct {
    int level;
    int number;
    void *bytes;
    socklen_t size;
} option_call;

/* Adds the number of each option, and the table of all, to the module. */
static int
add_options(PyObject *module)
{
    PyObject *table = PyList_New(0);
    int result = table == NULL ? -1 : 0;

    for (int i = 0; result == 0 && i < records_options_length; i++) {
        const option *row = &records_options[i];
        PyObject *item = Py_BuildValue(
            "(sizss)", row->name, row->number,
            strcmp(row->structure, "int") == 0 ? NULL : row->structure,
            row->access, row->reference);

        result =
            item == NULL || PyList_Append(table, item) < 0 ||
                    PyModule_AddIntConstant(module, row->name, row->number) < 0
                ? -1
                : 0;
        Py_XDECREF(item);
    }
    if (result == 0) {
        result = PyModule_AddObjectRef(module, "_options", table);
    }
    Py_XDECREF(table);
    return result;
}

int
option_types_init(option_types *self, PyObject *module)
{
    self->indexes = PyDict_New();
    if (self->indexes == NULL) {
        return -1;
    }
    for (int i = 0; i < records_option_length; i++) {
        const record *row = &records_option[i];
        PyObject *index = PyLong_FromLong(i);
        int result = index == NULL ? -1
                                   : PyDict_SetItemString(self->indexes,
                                                          row->name, index);

        Py_XDECREF(index);
        if (result < 0 ||
            record_type_init(&self->structures[i], row, &PyDict_Type) < 0) {
            return -1;
        }
        if (row->nested != NULL) {
            self->structures[i].nested =
                &self->structures[row->nested - records_option];
        }
    }
    return add_options(module);
}

int
option_types_traverse(option_types *self, visitproc visit, void *arg)
{
    for (int i = 0; i < records_option_length; i++) {
        Py_VISIT(self->structures[i].type);
    }
    return 0;
}

void
option_types_clear(option_types *self)
{
    for (int i = 0; i < records_option_length; i++) {
        record_type_clear(&self->structures[i]);
    }
    Py_CLEAR(self->indexes);
}

/* Returns the structure of that name, or NULL with LookupError. */
static record_type *
find_structure(sctp_state *state, PyObject *name)
{
    option_types *self = &state->options;
    PyObject *index = PyDict_GetItemWithError(self->indexes, name);

    if (index == NULL) {
        if (!PyErr_Occurred()) {
            PyErr_Format(PyExc_LookupError, "unknown structure %R", name);
        }
        return NULL;
    }
    return &self->structures[PyLong_AsLong(index)];
}

/* Fills a structure from a dict of its class. */
static int
fill(record_type *type, PyObject *value, record_memory *memory)
{
    if (!PyObject_TypeCheck(value, type->type)) {
        PyErr_Format(PyExc_TypeError, "the value must be a %s, not %.100s",
                     type->record->name, Py_TYPE(value)->tp_name);
        return -1;
    }
    return record_from_dict(type, value, memory->bytes);
}

/* Returns the layout of a structure, as record_describe does. */
PyObject *
option_describe(PyObject *module, PyObject *name)
{
    record_type *type = find_structure(PyModule_GetState(module), name);

    return type == NULL ? NULL : record_describe(type->record);
}

/* Makes a class the type of the dicts of a structure.  The class has the name
   of the structure and must add nothing to a dict. */
PyObject *
option_brand(PyObject *module, PyObject *class)
{
    PyTypeObject *branded = (PyTypeObject *)class;
    PyObject *name;
    record_type *type;

    if (!PyType_Check(class) || !PyType_IsSubtype(branded, &PyDict_Type)) {
        PyErr_Format(PyExc_TypeError,
                     "_brand(): %R is not a class derived from dict", class);
        return NULL;
    }
    name = PyObject_GetAttrString(class, "__name__");
    type =
        name == NULL ? NULL : find_structure(PyModule_GetState(module), name);
    Py_XDECREF(name);
    if (type == NULL) {
        return NULL;
    }
    if (branded->tp_basicsize != PyDict_Type.tp_basicsize ||
        branded->tp_dictoffset != 0 || branded->tp_weaklistoffset != 0) {
        PyErr_Format(PyExc_TypeError,
                     "%s must add nothing to a dict: __slots__ = ()",
                     type->record->name);
        return NULL;
    }
    Py_SETREF(type->type, (PyTypeObject *)Py_NewRef(class));
    Py_RETURN_NONE;
}

/* Checks a value for a key of a structure, as record_check does.  Arguments:
   (name, key, value). */
PyObject *
option_check(PyObject *module, PyObject *args)
{
    PyObject *name, *key, *value;
    record_type *type;
    int index;

    if (!PyArg_ParseTuple(args, "UOO", &name, &key, &value)) {
        return NULL;
    }
    type = find_structure(PyModule_GetState(module), name);
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

/* Returns the bytes of a structure.  Arguments: (name, dict). */
PyObject *
option_pack(PyObject *module, PyObject *args)
{
    PyObject *name, *value;
    record_memory memory;
    record_type *type;

    if (!PyArg_ParseTuple(args, "UO", &name, &value)) {
        return NULL;
    }
    type = find_structure(PyModule_GetState(module), name);
    return type == NULL || fill(type, value, &memory) < 0
               ? NULL
               : PyBytes_FromStringAndSize((const char *)memory.bytes,
                                           (Py_ssize_t)type->record->size);
}

/* Returns the dict of a structure in bytes, with its tail.  Arguments: (name,
   bytes). */
PyObject *
option_unpack(PyObject *module, PyObject *args)
{
    PyObject *name, *bytes;
    record_type *type;

    if (!PyArg_ParseTuple(args, "US", &name, &bytes)) {
        return NULL;
    }
    type = find_structure(PyModule_GetState(module), name);
    if (type == NULL) {
        return NULL;
    }
    if ((size_t)PyBytes_GET_SIZE(bytes) < type->record->size) {
        PyErr_Format(PyExc_ValueError, "%s needs %zu bytes, not %zd",
                     type->record->name, type->record->size,
                     PyBytes_GET_SIZE(bytes));
        return NULL;
    }
    return record_to_dict(type, PyBytes_AS_STRING(bytes),
                          (size_t)PyBytes_GET_SIZE(bytes));
}

static Py_ssize_t
get_once(int descriptor, void *argument)
{
    option_call *call = argument;

    return getsockopt(descriptor, call->level, call->number, call->bytes,
                      &call->size);
}

static Py_ssize_t
set_once(int descriptor, void *argument)
{
    option_call *call = argument;

    return setsockopt(descriptor, call->level, call->number, call->bytes,
                      call->size);
}

/* Reads an option of SCTP by its structure.  Arguments: (optname, name,
   value).  value is a dict of the structure, or None for zeros.  It does the
   work of _pack, _getsockopt and _unpack in one step. */
PyObject *
option_get(PyObject *socket, PyObject *args)
{
    sctp_state *state = state_get(Py_TYPE(socket));
    record_memory memory;
    option_call call = {IPPROTO_SCTP, 0, memory.bytes, 0};
    PyObject *name, *value;
    record_type *type;

    if (!PyArg_ParseTuple(args, "iUO", &call.number, &name, &value)) {
        return NULL;
    }
    type = find_structure(state, name);
    if (type == NULL) {
        return NULL;
    }
    if (value == Py_None) {
        memset(&memory, 0, sizeof memory);
    }
    else if (fill(type, value, &memory) < 0) {
        return NULL;
    }
    call.size = (socklen_t)type->record->size;
    return call_run(&state->methods, socket, 0, get_once, &call) < 0
               ? NULL
               : record_to_dict(type, memory.bytes, type->record->size);
}

/* Reads an option and returns its bytes.  Arguments: (level, optname, optval).
   The kernel gets a copy of optval. */
PyObject *
option_get_bytes(PyObject *socket, PyObject *args)
{
    const sctp_state *state = state_get(Py_TYPE(socket));
    PyObject *bytes, *result;
    option_call call;
    Py_ssize_t size;

    if (!PyArg_ParseTuple(args, "iiS:_getsockopt", &call.level, &call.number,
                          &bytes)) {
        return NULL;
    }
    size = PyBytes_GET_SIZE(bytes);
    result = PyBytes_FromStringAndSize(NULL, size);
    if (result == NULL) {
        return NULL;
    }
    call.bytes = memcpy(PyBytes_AS_STRING(result), PyBytes_AS_STRING(bytes),
                        (size_t)size);
    call.size = (socklen_t)Py_MIN(size, INT_MAX);
    if (call_run(&state->methods, socket, 0, get_once, &call) < 0) {
        Py_CLEAR(result);
    }
    else if ((Py_ssize_t)call.size < size) {
        (void)_PyBytes_Resize(&result, (Py_ssize_t)call.size);
    }
    return result;
}

/* Sets an option.  Arguments: (level, optname, bytes). */
PyObject *
option_set_bytes(PyObject *socket, PyObject *args)
{
    const sctp_state *state = state_get(Py_TYPE(socket));
    PyObject *bytes;
    option_call call;

    if (!PyArg_ParseTuple(args, "iiS:_setsockopt", &call.level, &call.number,
                          &bytes)) {
        return NULL;
    }
    call.bytes = PyBytes_AS_STRING(bytes);
    call.size = (socklen_t)Py_MIN(PyBytes_GET_SIZE(bytes), INT_MAX);
    if (call_run(&state->methods, socket, 0, set_once, &call) < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}
