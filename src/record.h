/* Rows of (key, offset, kind): C structures to dicts and back. */
#ifndef SCTP_RECORD_H
#define SCTP_RECORD_H

#include "compat.h"
#include "platform.h"

#include <stddef.h>

#define RECORD_FIELDS_MAX 16

typedef enum {
    RECORD_U8,
    RECORD_U16,
    RECORD_U32,
    RECORD_U64,
    RECORD_I32,
    RECORD_POLICY, /* a PR-SCTP policy that the platform defines */
} record_kind;

typedef struct {
    const char *key;
    unsigned short offset;
    unsigned char kind;
} record_field;

/* A structure: its name, its size, and its members in the order of the dict's
   keys. */
typedef struct {
    const char *name;
    size_t size;
    const record_field *fields;
    int length;
} record;

/* A record with what it needs in Python; lives in a module's state. */
typedef struct {
    const record *record;
    PyTypeObject *type; /* of its dicts */
    PyObject *keys[RECORD_FIELDS_MAX];
} record_type;

/* The kind of a member, as the compiler knows it. */
#define RECORD_KIND(member)         \
    _Generic((member),              \
        unsigned char: RECORD_U8,   \
        unsigned short: RECORD_U16, \
        unsigned int: RECORD_U32,   \
        int: RECORD_I32,            \
        unsigned long: RECORD_U64,  \
        unsigned long long: RECORD_U64)

/* A row: the key is the name of the member. */
#define RECORD_FIELD(structure, member)           \
    {#member, offsetof(struct structure, member), \
     RECORD_KIND(((struct structure *)0)->member)}

#define RECORD(structure, rows) \
    {#structure, sizeof(struct structure), rows, Py_ARRAY_LENGTH(rows)}

/* Makes the keys of a record for this interpreter.  record_type_clear drops
   them and the type, whatever this returned: 0, or -1. */
int record_type_init(record_type *self, const record *record,
                     PyTypeObject *type);
void record_type_clear(record_type *self);

/* The index of the field with that key, or -1 without an exception. */
int record_find(const record_type *self, PyObject *key);

/* Raises ValueError with a key of the dict that the record lacks. */
void record_raise_unknown_key(const record_type *self, PyObject *dict);

/* A new int with the checked value of a field, or NULL with TypeError or
   ValueError. */
PyObject *record_check(const record_type *self, int field, PyObject *value);

/* A new dict of the record's type from the structure at bytes. */
PyObject *record_to_dict(const record_type *self, const void *bytes);

/* Fills the structure at bytes, all of it, from a dict of the record's type.
   Returns 0, or -1 with TypeError or ValueError. */
int record_from_dict(const record_type *self, PyObject *dict, void *bytes);

#endif
