/* Socket options by table row: one system call between dict and kernel. */
#include "option.h"
#include "args.h"

#include <errno.h>
#include <string.h>

/* Room for a list: every chunk type, every algorithm, a few thousand
   associations.  Where the kernel has more of these it says EINVAL, as for
   other mistakes: so it is asked again with more room, but not for ever. */
#define LIST_SIZE 16384

typedef struct {
    int level;
    int number;
    void *bytes;
    socklen_t size;
} option_call;

int
option_types_init(option_types *self)
{
    for (int i = 0; i < OPTION_STRUCTURES; i++) {
        const record *nested = records_option[i].nested;

        if (record_type_init(&self->structures[i], &records_option[i],
                             &PyDict_Type) < 0) {
            return -1;
        }
        if (nested != NULL) {
            self->structures[i].nested =
                &self->structures[nested - records_option];
        }
    }
    return 0;
}

int
option_types_traverse(option_types *self, visitproc visit, void *arg)
{
    for (int i = 0; i < OPTION_STRUCTURES; i++) {
        Py_VISIT(self->structures[i].type);
    }
    return 0;
}

void
option_types_clear(option_types *self)
{
    for (int i = 0; i < OPTION_STRUCTURES; i++) {
        record_type_clear(&self->structures[i]);
    }
}

record_type *
option_find(option_types *self, PyObject *name)
{
    for (int i = 0; PyUnicode_Check(name) && i < OPTION_STRUCTURES; i++) {
        if (PyUnicode_CompareWithASCIIString(name, records_option[i].name) ==
            0) {
            return &self->structures[i];
        }
    }
    PyErr_Format(PyExc_LookupError, "no structure %R", name);
    return NULL;
}

int
option_brand(option_types *self, PyTypeObject *class)
{
    PyObject *name = PyObject_GetAttrString((PyObject *)class, "__name__");
    record_type *type = name == NULL ? NULL : option_find(self, name);

    Py_XDECREF(name);
    if (type == NULL) {
        return -1;
    }
    if (class->tp_basicsize != PyDict_Type.tp_basicsize ||
        class->tp_dictoffset != 0 || class->tp_weaklistoffset != 0) {
        PyErr_Format(PyExc_TypeError,
                     "%s must add nothing to a dict: __slots__ = ()",
                     type->record->name);
        return -1;
    }
    Py_SETREF(type->type, (PyTypeObject *)Py_NewRef(class));
    return 0;
}

/* Whether an address that is left out means all paths of an association. */
static int
has_all_paths(const record *record)
{
    return record == &records_option[OPTION_sctp_paddrparams] ||
           record == &records_option[OPTION_sctp_paddrthlds] ||
           record == &records_option[OPTION_sctp_udpencaps];
}

/* Puts the wildcard of the socket's family where an address is left out, if
   that is how the system means all paths. */
static void
set_all_paths(const record *record, const call_methods *methods,
              PyObject *socket, unsigned char *bytes)
{
    if (!PLATFORM_ALL_PATHS_NEED_FAMILY || !has_all_paths(record)) {
        return;
    }
    for (int i = 0; i < record->length; i++) {
        const record_field *row = &record->fields[i];
        struct sockaddr *address = (struct sockaddr *)(bytes + row->offset);

        if (row->kind == RECORD_ADDRESS && address->sa_family == AF_UNSPEC) {
            address->sa_family =
                (sa_family_t)call_member(methods->family, socket);
            platform_set_sockaddr_length(address, sockaddr_size(address));
        }
    }
}

/* Whether the dict is one of the structure's. */
static int
check_class(record_type *type, PyObject *value)
{
    if (PyObject_TypeCheck(value, type->type)) {
        return 0;
    }
    PyErr_Format(PyExc_TypeError, "the option takes %s, not %.100s",
                 type->record->name, Py_TYPE(value)->tp_name);
    return -1;
}

static Py_ssize_t
get_once(int descriptor, void *argument)
{
    option_call *call = argument;

    return getsockopt(descriptor, call->level, call->number, call->bytes,
                      &call->size);
}

/* As get_once, for a list, in memory that it may have to replace. */
static Py_ssize_t
get_list_once(int descriptor, void *argument)
{
    option_call *call = argument;
    socklen_t room = call->size;

    for (;;) {
        Py_ssize_t result = get_once(descriptor, call);
        void *more;

        if (result >= 0 || errno != EINVAL ||
            room >= PLATFORM_OPTION_SIZE_MAX ||
            call->number != SCTP_GET_ASSOC_ID_LIST) {
            return result;
        }
        room = Py_MIN(room * 8, PLATFORM_OPTION_SIZE_MAX);
        more = PyMem_RawCalloc(1, room); /* that list selects nothing */
        if (more == NULL) {
            errno = ENOMEM;
            return -1;
        }
        PyMem_RawFree(call->bytes);
        call->bytes = more;
        call->size = room;
    }
}

static Py_ssize_t
set_once(int descriptor, void *argument)
{
    option_call *call = argument;

    return setsockopt(descriptor, call->level, call->number, call->bytes,
                      call->size);
}

static PyObject *
get_structure(record_type *type, const call_methods *methods, PyObject *socket,
              int number, PyObject *value)
{
    record_buffer buffer;
    option_call call = {IPPROTO_SCTP, number, buffer.head.bytes,
                        (socklen_t)type->record->size};

    if (value == NULL) {
        memset(buffer.head.bytes, 0, type->record->size);
    }
    else if (check_class(type, value) < 0 ||
             record_from_dict(type, value, buffer.head.bytes) < 0) {
        return NULL;
    }
    set_all_paths(type->record, methods, socket, buffer.head.bytes);
    if (call_run(methods, socket, 0, get_once, &call) < 0) {
        return NULL;
    }
    return record_to_dict(type, buffer.head.bytes, type->record->size);
}

/* Fills what is in front of a list from a dict of the structure, or only its
   association from an identifier. */
static int
select_list(record_type *type, PyObject *value, void *bytes)
{
    sctp_assoc_t id;

    if (PyObject_TypeCheck(value, type->type)) {
        return record_from_dict(type, value, bytes);
    }
    if (args_assoc_id(value, "getsockopt()", &id) < 0) {
        return -1;
    }
    memcpy(bytes, &id, sizeof id);
    return 0;
}

static PyObject *
get_list(record_type *type, const call_methods *methods, PyObject *socket,
         int number, PyObject *value)
{
    option_call call = {IPPROTO_SCTP, number, PyMem_RawCalloc(1, LIST_SIZE),
                        LIST_SIZE};
    PyObject *result = NULL;

    if (call.bytes == NULL) {
        return PyErr_NoMemory();
    }
    if ((value == NULL || select_list(type, value, call.bytes) == 0) &&
        call_run(methods, socket, 0, get_list_once, &call) >= 0) {
        result = type->record->length == 0
                     ? record_tail_value(type, call.bytes, call.size)
                     : record_to_dict(type, call.bytes, call.size);
    }
    PyMem_RawFree(call.bytes);
    return result;
}

PyObject *
option_get(option_types *self, const call_methods *methods, PyObject *socket,
           int index, PyObject *value)
{
    const option *row = &records_options[index];
    record_type *type = &self->structures[row->kind];

    return (type->record->tail == NULL ? get_structure : get_list)(
        type, methods, socket, row->number, value);
}

PyObject *
option_get_bytes(const call_methods *methods, PyObject *socket, int level,
                 int number, PyObject *bytes)
{
    const Py_ssize_t size = PyBytes_GET_SIZE(bytes);
    PyObject *result = PyBytes_FromStringAndSize(NULL, size);
    option_call call;

    if (result == NULL) {
        return NULL;
    }
    memcpy(PyBytes_AS_STRING(result), PyBytes_AS_STRING(bytes), (size_t)size);
    call = (option_call){level, number, PyBytes_AS_STRING(result),
                         (socklen_t)Py_MIN(size, INT_MAX)};
    if (call_run(methods, socket, 0, get_once, &call) < 0) {
        Py_CLEAR(result);
    }
    else if ((Py_ssize_t)call.size < size) {
        (void)_PyBytes_Resize(&result, (Py_ssize_t)call.size);
    }
    return result;
}

PyObject *
option_set(option_types *self, const call_methods *methods, PyObject *socket,
           int index, PyObject *value)
{
    const option *row = &records_options[index];
    record_type *type = &self->structures[row->kind];
    record_buffer buffer;
    option_call call;
    PyObject *dict, *result = NULL;

    if (type->record->length > 0) {
        if (check_class(type, value) < 0) {
            return NULL;
        }
        dict = Py_NewRef(value);
    }
    else {
        dict = Py_BuildValue("{OO}", type->keys[0], value);
        if (dict == NULL) {
            return NULL;
        }
    }
    if (record_pack(type, dict, &buffer) == 0) {
        set_all_paths(type->record, methods, socket, buffer.bytes);
        call = (option_call){IPPROTO_SCTP, row->number, buffer.bytes,
                             (socklen_t)buffer.size};
        if (call_run(methods, socket, 0, set_once, &call) >= 0) {
            result = Py_NewRef(Py_None);
        }
    }
    record_buffer_clear(&buffer);
    Py_DECREF(dict);
    return result;
}
