/* Rows of (key, offset, kind): C structures to dicts and back. */
#include "record.h"
#include "args.h"

#include <string.h>

/* What each kind holds. */
static const struct {
    size_t size;
    long long min;
    unsigned long long max;
} kinds[] = {
    [RECORD_U8] = {1, 0, UINT8_MAX},
    [RECORD_U16] = {2, 0, UINT16_MAX},
    [RECORD_U32] = {4, 0, UINT32_MAX},
    [RECORD_U64] = {8, 0, UINT64_MAX},
    [RECORD_I32] = {4, INT32_MIN, INT32_MAX},
    [RECORD_POLICY] = {2, 0, UINT16_MAX},
};

static const long long policies[] = {SCTP_PR_SCTP_NONE, SCTP_PR_SCTP_TTL,
                                     SCTP_PR_SCTP_RTX, SCTP_PR_SCTP_PRIO};

int
record_type_init(record_type *self, const record *record, PyTypeObject *type)
{
    self->record = record;
    self->type = (PyTypeObject *)Py_NewRef(type);
    for (int i = 0; i < record->length; i++) {
        self->keys[i] = PyUnicode_InternFromString(record->fields[i].key);
        if (self->keys[i] == NULL) {
            return -1;
        }
    }
    return 0;
}

void
record_type_clear(record_type *self)
{
    Py_CLEAR(self->type);
    for (int i = 0; i < RECORD_FIELDS_MAX; i++) {
        Py_CLEAR(self->keys[i]);
    }
}

int
record_find(const record_type *self, PyObject *key)
{
    for (int i = 0; i < self->record->length; i++) {
        if (key == self->keys[i] ||
            (PyUnicode_Check(key) &&
             PyUnicode_Compare(key, self->keys[i]) == 0)) {
            return i;
        }
    }
    return -1;
}

void
record_raise_unknown_key(const record_type *self, PyObject *dict)
{
    PyObject *keys = PyDict_Keys(dict), *unknown = Py_None;

    if (keys == NULL) {
        return;
    }
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(keys); i++) {
        if (record_find(self, PyList_GET_ITEM(keys, i)) < 0) {
            unknown = PyList_GET_ITEM(keys, i);
        }
    }
    PyErr_Format(PyExc_ValueError, "%s: unknown key %R", self->record->name,
                 unknown);
    Py_DECREF(keys);
}

static int
is_policy(long long number)
{
    for (size_t i = 0; i < Py_ARRAY_LENGTH(policies); i++) {
        if (number == policies[i]) {
            return 1;
        }
    }
    return 0;
}

static int
to_number(const record_type *self, int field, PyObject *value, long long *out)
{
    const record_field *row = &self->record->fields[field];
    const char *name = self->record->name;

    if (args_integer(value, name, row->key, kinds[row->kind].min,
                     kinds[row->kind].max, out) < 0) {
        return -1;
    }
    if (row->kind == RECORD_POLICY && !is_policy(*out)) {
        PyErr_Format(PyExc_ValueError, "%s: %s is no policy: %lld", name,
                     row->key, *out);
        return -1;
    }
    return 0;
}

PyObject *
record_check(const record_type *self, int field, PyObject *value)
{
    long long number;

    if (to_number(self, field, value, &number) < 0) {
        return NULL;
    }
    return self->record->fields[field].kind == RECORD_U64
               ? PyLong_FromUnsignedLongLong((unsigned long long)number)
               : PyLong_FromLongLong(number);
}

static PyObject *
load(const record_field *row, const unsigned char *at)
{
    uint64_t bits = 0;
    uint16_t bits16;
    uint32_t bits32;

    switch (kinds[row->kind].size) {
    case 1:
        bits = *at;
        break;
    case 2:
        memcpy(&bits16, at, sizeof bits16);
        bits = bits16;
        break;
    case 4:
        memcpy(&bits32, at, sizeof bits32);
        if (row->kind == RECORD_I32) {
            return PyLong_FromLong((int32_t)bits32);
        }
        bits = bits32;
        break;
    case 8:
        memcpy(&bits, at, sizeof bits);
        break;
    }
    return PyLong_FromUnsignedLongLong(bits);
}

static void
store(const record_field *row, long long number, unsigned char *at)
{
    uint8_t bits8 = (uint8_t)number;
    uint16_t bits16 = (uint16_t)number;
    uint32_t bits32 = (uint32_t)number;

    switch (kinds[row->kind].size) {
    case 1:
        memcpy(at, &bits8, sizeof bits8);
        break;
    case 2:
        memcpy(at, &bits16, sizeof bits16);
        break;
    case 4:
        memcpy(at, &bits32, sizeof bits32);
        break;
    case 8:
        memcpy(at, &number, sizeof number);
        break;
    }
}

PyObject *
record_to_dict(const record_type *self, const void *bytes)
{
    const record *record = self->record;
    PyObject *nothing = PyTuple_New(0), *dict = NULL;

    if (nothing != NULL) {
        dict = PyDict_Type.tp_new(self->type, nothing, NULL);
        Py_DECREF(nothing);
    }
    for (int i = 0; dict != NULL && i < record->length; i++) {
        const record_field *row = &record->fields[i];
        PyObject *value =
            load(row, (const unsigned char *)bytes + row->offset);

        if (value == NULL || PyDict_SetItem(dict, self->keys[i], value) < 0) {
            Py_CLEAR(dict);
        }
        Py_XDECREF(value);
    }
    return dict;
}

int
record_from_dict(const record_type *self, PyObject *dict, void *bytes)
{
    const record *record = self->record;

    memset(bytes, 0, record->size);
    for (int i = 0; i < record->length; i++) {
        const record_field *row = &record->fields[i];
        PyObject *value;
        long long number;
        int found = PyDict_GetItemRef(dict, self->keys[i], &value);

        if (found < 0) {
            return -1;
        }
        if (found == 0) {
            PyErr_Format(PyExc_ValueError, "%s: missing key '%s'",
                         record->name, row->key);
            return -1;
        }
        found = to_number(self, i, value, &number);
        Py_DECREF(value);
        if (found < 0) {
            return -1;
        }
        store(row, number, (unsigned char *)bytes + row->offset);
    }
    if (PyDict_GET_SIZE(dict) != record->length) {
        record_raise_unknown_key(self, dict);
        return -1;
    }
    return 0;
}
