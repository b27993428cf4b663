/* Converts C structures to dicts and back, by rows of (key, offset, kind). */
#include "record.h"
#include "args.h"

#include <string.h>

#define ADDRESS_SIZE sizeof(struct sockaddr_storage)

/* For each kind: its size, the range of an integer, and its format for
   Python's module struct. */
static const struct {
    size_t size;
    long long min;
    unsigned long long max;
    const char *format;
} kinds[] = {
    [RECORD_U8] = {1, 0, UINT8_MAX, "B"},
    [RECORD_U16] = {2, 0, UINT16_MAX, "H"},
    [RECORD_U32] = {4, 0, UINT32_MAX, "I"},
    [RECORD_U64] = {8, 0, UINT64_MAX, "Q"},
    [RECORD_I32] = {4, INT32_MIN, INT32_MAX, "i"},
    [RECORD_ADDRESS] = {ADDRESS_SIZE, 0, 0, "128s"},
    [RECORD_PEER] = {ADDRESS_SIZE, 0, 0, "128s"},
    [RECORD_PORT] = {2, 0, UINT16_MAX, "H"},
    [RECORD_POLICY] = {2, 0, UINT16_MAX, "H"},
    [RECORD_CAUSE16] = {2, 0, UINT16_MAX, "H"},
    [RECORD_CAUSE32] = {4, 0, UINT32_MAX, "I"},
    [RECORD_BYTES] = {1, 0, 0, "s"},
    [RECORD_BYTES_IF_ANY] = {1, 0, 0, "s"},
};

static const long long policies[] = {SCTP_PR_SCTP_NONE, SCTP_PR_SCTP_TTL,
                                     SCTP_PR_SCTP_RTX, SCTP_PR_SCTP_PRIO};

static int
count_keys(const record *self)
{
    return self->length + (self->tail != NULL);
}

static const char *
key_name(const record *self, int key)
{
    return key < self->length ? self->fields[key].key : self->tail->key;
}

static int
is_optional(const record_tail *tail)
{
    return tail->kind == RECORD_BYTES_IF_ANY;
}

int
record_type_init(record_type *self, const record *record, PyTypeObject *type)
{
    PyObject *zero = NULL;
    int result = -1;

    self->record = record;
    self->others = record->length;
    for (int i = record->length - 1; i >= 0; i--) {
        if (record->fields[i].kind >= RECORD_ADDRESS) {
            self->others = i;
        }
        else if (self->integers == 0) {
            self->integers = i + 1;
        }
    }
    self->type = (PyTypeObject *)Py_NewRef(type);
    self->template = PyDict_New();
    zero = PyLong_FromLong(0);
    if (self->template == NULL || zero == NULL) {
        goto done;
    }
    for (int i = 0; i < count_keys(record); i++) {
        self->keys[i] = PyUnicode_InternFromString(key_name(record, i));
        if (self->keys[i] == NULL) {
            goto done;
        }
        if ((i < record->length || !is_optional(record->tail)) &&
            PyDict_SetItem(self->template, self->keys[i], zero) < 0) {
            goto done;
        }
    }
    result = 0;
done:
    Py_XDECREF(zero);
    return result;
}

void
record_type_clear(record_type *self)
{
    Py_CLEAR(self->type);
    Py_CLEAR(self->template);
    for (int i = 0; i < RECORD_KEYS_MAX; i++) {
        Py_CLEAR(self->keys[i]);
    }
    Py_CLEAR(self->address.tuple);
}

int
record_find(record_type *self, PyObject *key)
{
    const int count = count_keys(self->record);

    for (int i = 0; i < count; i++) {
        if (key == self->keys[i]) { /* usually both are interned */
            return i;
        }
    }
    for (int i = 0; PyUnicode_Check(key) && i < count; i++) {
        if (PyUnicode_Compare(key, self->keys[i]) == 0) {
            return i;
        }
    }
    return -1;
}

void
record_raise_unknown(record_type *self, PyObject *exception, PyObject *key)
{
    PyObject *text = args_repr(key);

    if (text != NULL) {
        PyErr_Format(exception, "%s: unknown key %U", self->record->name,
                     text);
        Py_DECREF(text);
    }
}

/* Raises ValueError with a key of the dict that the record does not have. */
static void
find_unknown_key(record_type *self, PyObject *dict)
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
    record_raise_unknown(self, PyExc_ValueError, unknown);
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

/* Stores an integer that was checked before. */
static inline void
store_number(int kind, long long number, unsigned char *at)
{
    uint8_t bits8;
    uint16_t bits16;
    uint32_t bits32;

    switch (kinds[kind].size) {
    case 1:
        bits8 = (uint8_t)number;
        memcpy(at, &bits8, sizeof bits8);
        break;
    case 2:
        bits16 = (uint16_t)number;
        if (kind == RECORD_PORT) {
            bits16 = htons(bits16);
        }
        memcpy(at, &bits16, sizeof bits16);
        break;
    case 4:
        bits32 = (uint32_t)number;
        memcpy(at, &bits32, sizeof bits32);
        break;
    case 8:
        memcpy(at, &number, sizeof number);
        break;
    }
}

/* Checks an integer and stores it. */
static inline int
store_integer(const record *record, const char *key, int kind, PyObject *value,
              unsigned char *at)
{
    long long number;

    if (args_integer(value, record->name, key, kinds[kind].min,
                     kinds[kind].max, &number) < 0) {
        return -1;
    }
    if (kind == RECORD_POLICY && !is_policy(number)) {
        PyErr_Format(PyExc_ValueError,
                     "%s: %s must be SCTP_PR_SCTP_NONE, _TTL, _RTX or _PRIO, "
                     "not %lld",
                     record->name, key, number);
        return -1;
    }
    store_number(kind, number, at);
    return 0;
}

/* Returns the bits of an integer, with its sign extended. */
static inline uint64_t
load_bits(int kind, const unsigned char *at)
{
    uint16_t bits16;
    uint32_t bits32;
    uint64_t bits64;

    if (kind == RECORD_U32) { /* most are of these two kinds */
        memcpy(&bits32, at, sizeof bits32);
        return bits32;
    }
    if (kind == RECORD_U16) {
        memcpy(&bits16, at, sizeof bits16);
        return bits16;
    }
    switch (kind) {
    case RECORD_U8:
        return *at;
    case RECORD_U64:
        memcpy(&bits64, at, sizeof bits64);
        return bits64;
    case RECORD_I32:
    case RECORD_CAUSE32:
        memcpy(&bits32, at, sizeof bits32);
        return kind == RECORD_I32 ? (uint64_t)(int32_t)bits32
                                  : PLATFORM_CAUSE(bits32);
    default:
        memcpy(&bits16, at, sizeof bits16);
        return kind == RECORD_PORT      ? ntohs(bits16)
               : kind == RECORD_CAUSE16 ? PLATFORM_CAUSE(bits16)
                                        : bits16;
    }
}

static PyObject *
make_integer(int kind, uint64_t bits)
{
    if (kind == RECORD_U64) {
        return PyLong_FromUnsignedLongLong(bits);
    }
    /* PyLong_FromLong is quicker, but a long may be narrower. */
    return sizeof(long) == sizeof bits ? PyLong_FromLong((long)bits)
                                       : PyLong_FromLongLong((int64_t)bits);
}

static PyObject *
load_integer(int kind, const unsigned char *at)
{
    return make_integer(kind, load_bits(kind, at));
}

/* Stores bytes, which must have that size. */
static int
store_bytes(const record *record, const char *key, size_t size,
            PyObject *value, unsigned char *at)
{
    if ((size_t)PyBytes_GET_SIZE(value) != size) {
        PyErr_Format(PyExc_ValueError, "%s: %s must be %zu bytes, not %zd",
                     record->name, key, size, PyBytes_GET_SIZE(value));
        return -1;
    }
    memcpy(at, PyBytes_AS_STRING(value), size);
    return 0;
}

/* Stores the value of a field in the structure at bytes. */
static inline int
store(record_type *self, int field, PyObject *value, unsigned char *bytes)
{
    const record *record = self->record;
    const record_field *row = &record->fields[field];
    unsigned char *at = bytes + row->offset;
    struct sockaddr_storage address;

    if (row->kind == RECORD_ADDRESS) {
        if (PyBytes_Check(value)) {
            return store_bytes(record, row->key, sizeof address, value, at);
        }
        if (sockaddr_parse(value, &address) < 0) {
            return -1;
        }
        memcpy(at, &address, sizeof address);
        return 0;
    }
    if (row->kind == RECORD_NESTED) {
        if (PyBytes_Check(value)) {
            return store_bytes(record, row->key, record->nested->size, value,
                               at);
        }
        if (!PyObject_TypeCheck(value, self->nested->type)) {
            PyErr_Format(PyExc_TypeError,
                         "%s: %s must be %s or bytes, not %.100s",
                         record->name, row->key, record->nested->name,
                         Py_TYPE(value)->tp_name);
            return -1;
        }
        return record_from_dict(self->nested, value, at);
    }
    return store_integer(record, row->key, row->kind, value, at);
}

static PyObject *
load(record_type *self, int field, const unsigned char *bytes)
{
    const record_field *row = &self->record->fields[field];
    const unsigned char *at = bytes + row->offset;
    struct sockaddr any;

    if (row->kind == RECORD_NESTED) {
        return record_to_dict(self->nested, at, self->record->nested->size);
    }
    if (row->kind == RECORD_PEER) {
        return sockaddr_recall(&self->address, at, ADDRESS_SIZE);
    }
    if (row->kind != RECORD_ADDRESS) {
        return load_integer(row->kind, at);
    }
    memcpy(&any, at, sizeof any);
    /* If it is not an address, it stays bytes: so the same bytes can be set
       again. */
    return sockaddr_size(&any) == 0
               ? PyBytes_FromStringAndSize((const char *)at, ADDRESS_SIZE)
               : sockaddr_recall(&self->address, at, ADDRESS_SIZE);
}

/* Returns a new object for the tail. */
static PyObject *
load_tail(const record *record, const void *bytes, size_t length)
{
    const record_tail *tail = record->tail;
    const unsigned char *at = (const unsigned char *)bytes + record->size;
    size_t size = kinds[tail->kind].size;
    size_t count = length < record->size ? 0 : (length - record->size) / size;
    PyObject *value;

    if (tail->count.key != NULL) {
        uint64_t number =
            load_bits(tail->count.kind,
                      (const unsigned char *)bytes + tail->count.offset);

        count = Py_MIN(count, number);
    }
    if (tail->kind == RECORD_BYTES || is_optional(tail)) {
        return PyBytes_FromStringAndSize((const char *)at, (Py_ssize_t)count);
    }
    value = PyTuple_New((Py_ssize_t)count);
    for (size_t i = 0; value != NULL && i < count; i++) {
        PyObject *item = load_integer(tail->kind, at + i * size);

        if (item == NULL) {
            Py_CLEAR(value);
            break;
        }
        PyTuple_SET_ITEM(value, (Py_ssize_t)i, item);
    }
    return value;
}

int
record_fits(const record *self, size_t length)
{
    return length >= self->size &&
           (self->tail == NULL ||
            (length - self->size) % kinds[self->tail->kind].size == 0);
}

/* Sets a key to a value and consumes the reference to the value. */
static int
set_value(record_type *self, PyObject *dict, int key, PyObject *value)
{
    int result = -1;

    if (value != NULL) {
        result = PyDict_SetItem(dict, self->keys[key], value);
        Py_DECREF(value);
    }
    return result;
}

/* Sets the integers of a dict that differ from those of the template. */
static int
set_integers(record_type *self, PyObject *dict, const unsigned char *bytes)
{
    const record_field *row = self->record->fields;
    const int count = self->integers;
    uint64_t *loaded = self->loaded, made = 0;
    PyObject *value = NULL;
    int result = 0;

    for (int i = 0; i < count; i++, row++) {
        uint64_t bits;

        if (row->kind >= RECORD_ADDRESS) {
            continue;
        }
        bits = load_bits(row->kind, bytes + row->offset);
        if (bits == loaded[i]) {
            continue;
        }
        if (value == NULL || bits != made) { /* often two are the same */
            Py_XDECREF(value);
            value = make_integer(row->kind, bits);
            made = bits;
        }
        if (value == NULL || PyDict_SetItem(dict, self->keys[i], value) < 0) {
            result = -1;
            break;
        }
        if (COMPAT_HAS_GIL) {
            loaded[i] = bits;
        }
    }
    Py_XDECREF(value);
    return result;
}

/* Returns a new dict of the record's type with the integers of a structure.
   With the GIL, it sets them in the template and copies that.  Nothing can run
   in between: PyDict_Copy reads the items before it asks for memory, which may
   start the garbage collector.  The type adds nothing to a dict, so such a
   copy is a whole instance of it. */
static PyObject *
new_dict(record_type *self, const unsigned char *bytes)
{
    PyObject *dict;

    if (COMPAT_HAS_GIL && set_integers(self, self->template, bytes) < 0) {
        return NULL;
    }
    dict = PyDict_Copy(self->template);
    if (dict != NULL && self->type != &PyDict_Type) {
        Py_SET_TYPE(dict, (PyTypeObject *)Py_NewRef(self->type));
        /* Before Python 3.14 the collector does not track a dict of ints, and
           would miss this reference to the type. */
        if (!PyObject_GC_IsTracked(dict)) {
            PyObject_GC_Track(dict);
        }
    }
    if (dict != NULL && !COMPAT_HAS_GIL &&
        set_integers(self, dict, bytes) < 0) {
        Py_CLEAR(dict);
    }
    return dict;
}

PyObject *
record_to_dict(record_type *self, const void *bytes, size_t length)
{
    const record *record = self->record;
    PyObject *dict = new_dict(self, bytes);
    int result = dict == NULL ? -1 : 0;

    for (int i = self->others; result == 0 && i < record->length; i++) {
        if (record->fields[i].kind >= RECORD_ADDRESS) {
            result = set_value(self, dict, i, load(self, i, bytes));
        }
    }
    if (result == 0 && record->tail != NULL &&
        (length > record->size || !is_optional(record->tail))) {
        result = set_value(self, dict, record->length,
                           load_tail(record, bytes, length));
    }
    if (result < 0) {
        Py_CLEAR(dict);
    }
    return dict;
}

/* Returns a new reference to the value of a key, or NULL with ValueError if it
   is missing. */
static PyObject *
get_value(record_type *self, PyObject *dict, int key)
{
    PyObject *value;

    if (PyDict_GetItemRef(dict, self->keys[key], &value) == 0) {
        PyErr_Format(PyExc_ValueError, "%s: missing key '%s'",
                     self->record->name, key_name(self->record, key));
    }
    return value;
}

/* Takes new references to the values of a dict as long as its keys are in the
   order of the record, as they nearly always are.  This is quicker than to
   look up each key.  Returns how many values it has taken. */
static int
take_in_order(record_type *self, PyObject *dict, PyObject **values)
{
    const int length = self->record->length;
    PyObject *key, *value;
    Py_ssize_t position = 0;
    int found = 0;

    Py_BEGIN_CRITICAL_SECTION(dict);
    while (found < length && PyDict_Next(dict, &position, &key, &value) &&
           key == self->keys[found]) {
        values[found++] = Py_NewRef(value);
    }
    Py_END_CRITICAL_SECTION();
    return found;
}

int
record_from_dict(record_type *self, PyObject *dict, void *bytes)
{
    const record *record = self->record;
    PyObject *values[RECORD_KEYS_MAX];
    int found = take_in_order(self, dict, values), result = 0;

    memset(bytes, 0, record->size);
    for (int i = 0; i < record->length; i++) {
        PyObject *value = i < found     ? values[i]
                          : result == 0 ? get_value(self, dict, i)
                                        : NULL;

        if (result == 0) {
            result = value == NULL ? -1 : store(self, i, value, bytes);
        }
        Py_XDECREF(value);
    }
    if (result == 0 && PyDict_GET_SIZE(dict) > count_keys(record)) {
        find_unknown_key(self, dict);
        result = -1;
    }
    return result;
}

/* Whether a value is the default of a nested structure: bytes of zeros.  It
   stays bytes. */
static int
is_empty_nested(const record *record, int field, PyObject *value)
{
    if (record->fields[field].kind != RECORD_NESTED || !PyBytes_Check(value)) {
        return 0;
    }
    for (Py_ssize_t i = 0; i < PyBytes_GET_SIZE(value); i++) {
        if (PyBytes_AS_STRING(value)[i] != 0) {
            return 0;
        }
    }
    return 1;
}

PyObject *
record_check(record_type *self, int key, PyObject *value)
{
    const record *record = self->record;
    record_memory memory;

    if (key == record->length) {
        unsigned char item[8] = {0};

        return store_integer(record, record->tail->key, record->tail->kind,
                             value, item) < 0
                   ? NULL
                   : load_integer(record->tail->kind, item);
    }
    if (store(self, key, value, memory.bytes) < 0) {
        return NULL;
    }
    return is_empty_nested(record, key, value) ? Py_NewRef(value)
                                               : load(self, key, memory.bytes);
}

PyObject *
record_describe(const record *self)
{
    PyObject *fields = PyTuple_New(self->length);

    for (int i = 0; fields != NULL && i < self->length; i++) {
        const record_field *row = &self->fields[i];
        PyObject *field;

        /* The keys are interned: take_in_order compares them by identity. */
        field =
            row->kind == RECORD_NESTED
                ? Py_BuildValue(
                      "(NNHn)", PyUnicode_InternFromString(row->key),
                      PyUnicode_FromFormat("%zus", self->nested->size),
                      row->offset, (Py_ssize_t)self->nested->size)
                : Py_BuildValue("(NsHn)", PyUnicode_InternFromString(row->key),
                                kinds[row->kind].format, row->offset,
                                (Py_ssize_t)kinds[row->kind].size);
        if (field == NULL) {
            Py_CLEAR(fields);
            break;
        }
        PyTuple_SET_ITEM(fields, i, field);
    }
    if (fields == NULL) {
        return NULL;
    }
    return self->tail == NULL
               ? Py_BuildValue("(nNO)", (Py_ssize_t)self->size, fields,
                               Py_None)
               : Py_BuildValue("(nN(sssH))", (Py_ssize_t)self->size, fields,
                               self->tail->key, kinds[self->tail->kind].format,
                               kinds[self->tail->count.kind].format,
                               self->tail->count.offset);
}
