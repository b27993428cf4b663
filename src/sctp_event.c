/* The module _sctp.sctp_event, with parse_notification. */
#include "constants.h"
#include "error.h"
#include "records_event.h"
#include "records_info.h"

#include <errno.h>
#include <string.h>

typedef struct {
    record_type sndinfo;
    record_type sndrcvinfo;
    record_type events[EVENT_TYPES];
} event_state;

/* The first bytes of every notification. */
typedef struct {
    uint16_t type;
    uint16_t flags;
    uint32_t length;
} event_header;

/* Finds the row of the notification in size bytes, and stores the length that
   the notification declares in *length.  Returns the index of the row, or -1
   with OSError. */
static int
find_event(const unsigned char *bytes, size_t size, size_t *length)
{
    event_header header;

    if (size < sizeof header) {
        error_raise_text(EBADMSG,
                         "a notification has at least %zu bytes, "
                         "not %zu",
                         sizeof header, size);
        return -1;
    }
    memcpy(&header, bytes, sizeof header);
    *length = header.length;
    for (int i = 0; i < EVENT_TYPES; i++) {
        const event *row = &records_event[i];

        if (header.type != row->type) {
            continue;
        }
        /* An older kernel's notification is shorter than the structure. */
        if (*length > size ||
            (*length != row->least && !record_fits(&row->record, *length))) {
            error_raise_text(
                EBADMSG,
                "%s needs %zu bytes, but it declares %zu, and the buffer has "
                "%zu",
                row->record.name, row->record.size, *length, size);
            return -1;
        }
        return i;
    }
    error_raise_text(EOPNOTSUPP, "notification of unknown type %u",
                     (unsigned)header.type);
    return -1;
}

/* Whether sac_info of an SCTP_ASSOC_CHANGE has the features of the association
   (RFC 6458, 6.1.1). */
static int
has_features(const unsigned char *bytes, size_t length)
{
    struct sctp_assoc_change change;

    memcpy(&change, bytes, sizeof change);
    return length > sizeof change && (change.sac_state == SCTP_COMM_UP ||
                                      change.sac_state == SCTP_RESTART);
}

/* Replaces the bytes of the features by a tuple of numbers. */
static int
convert_features(record_type *type, PyObject *dict)
{
    PyObject *key = type->keys[type->record->length], *bytes, *features;
    int result;

    if (PyDict_GetItemRef(dict, key, &bytes) <= 0) {
        return -1;
    }
    features = PySequence_Tuple(bytes);
    Py_DECREF(bytes);
    result = features == NULL ? -1 : PyDict_SetItem(dict, key, features);
    Py_XDECREF(features);
    return result;
}

static PyObject *
parse(event_state *state, const void *bytes, size_t size)
{
    unsigned char whole[RECORD_SIZE_MAX];
    record_type *type;
    PyObject *dict;
    size_t length;
    int found = find_event(bytes, size, &length);

    if (found < 0) {
        return NULL;
    }
    type = &state->events[found];
    if (length < type->record->size) {
        /* An older kernel's notification: the missing members become 0. */
        memset(whole, 0, sizeof whole);
        memcpy(whole, bytes, length);
        bytes = whole;
        length = type->record->size;
    }
    dict = record_to_dict(type, bytes, length);
    if (dict != NULL && records_event[found].type == SCTP_ASSOC_CHANGE &&
        has_features(bytes, length) && convert_features(type, dict) < 0) {
        Py_CLEAR(dict);
    }
    return dict;
}

PyDoc_STRVAR(
    parse_doc,
    "parse_notification(notif, /)\n--\n\n"
    "Returns a notification as a dict (RFC 6458, section 6.1).\n\n"
    "notif is the bytes-like object that arrived with MSG_NOTIFICATION in\n"
    "the flags. Bytes after the end of the notification are ignored. The\n"
    "key sn_type has the type. The other keys are the members of the\n"
    "structure in the RFC. Error causes are in host byte order. The chunks\n"
    "in sac_info and sre_data are unchanged.\n\n"
    "Raises OSError with errno EBADMSG if notif or the notification is too\n"
    "short, and with EOPNOTSUPP if the type is unknown.");

static PyObject *
event_parse(PyObject *module, PyObject *notif)
{
    event_state *state = PyModule_GetState(module);
    Py_buffer view;
    PyObject *dict;

    if (PyObject_GetBuffer(notif, &view, PyBUF_SIMPLE) < 0) {
        return NULL;
    }
    dict = parse(state, view.buf, (size_t)view.len);
    PyBuffer_Release(&view);
    return dict;
}

static PyMethodDef event_functions[] = {
    {"parse_notification", event_parse, METH_O, parse_doc},
    {NULL, NULL, 0, NULL},
};

static const constant event_constants[] = {CONSTANTS_EVENT{NULL, 0}};

static int
event_exec(PyObject *module)
{
    event_state *state = PyModule_GetState(module);
    PyObject *sndinfo =
        PyImport_ImportModuleAttrString("_sctp.sctp_info", "sctp_sndinfo");
    int result = -1;

    if (sndinfo == NULL ||
        record_type_init(&state->sndinfo, &records_info[INFO_SNDINFO],
                         (PyTypeObject *)sndinfo) < 0 ||
        record_type_init(&state->sndrcvinfo, &records_sndrcvinfo,
                         &PyDict_Type) < 0) {
        goto done;
    }
    for (int i = 0; i < EVENT_TYPES; i++) {
        record_type *type = &state->events[i];

        if (record_type_init(type, &records_event[i].record, &PyDict_Type) <
            0) {
            goto done;
        }
        type->nested = records_event[i].record.nested == &records_sndrcvinfo
                           ? &state->sndrcvinfo
                           : &state->sndinfo;
    }
    result = constants_add(module, event_constants);
done:
    Py_XDECREF(sndinfo);
    return result;
}

static int
event_traverse(PyObject *module, visitproc visit, void *arg)
{
    event_state *state = PyModule_GetState(module);

    Py_VISIT(state->sndinfo.type);
    return 0;
}

static int
event_clear(PyObject *module)
{
    event_state *state = PyModule_GetState(module);

    record_type_clear(&state->sndinfo);
    record_type_clear(&state->sndrcvinfo);
    for (int i = 0; i < EVENT_TYPES; i++) {
        record_type_clear(&state->events[i]);
    }
    return 0;
}

static void
event_free(void *module)
{
    (void)event_clear(module);
}

static PyModuleDef_Slot event_slots[] = {
    {Py_mod_exec, event_exec},
    COMPAT_ISOLATED_SLOTS{0, NULL},
};

PyDoc_STRVAR(event_doc, "Notifications of the kernel (RFC 6458, section 6).");

static PyModuleDef event_module = {
    PyModuleDef_HEAD_INIT,        .m_name = "_sctp.sctp_event",
    .m_doc = event_doc,           .m_size = sizeof(event_state),
    .m_methods = event_functions, .m_slots = event_slots,
    .m_traverse = event_traverse, .m_clear = event_clear,
    .m_free = event_free,
};

PyMODINIT_FUNC
PyInit_sctp_event(void)
{
    return PyModuleDef_Init(&event_module);
}
