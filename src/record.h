/* Converts C structures to dicts and back, by rows of (key, offset, kind). */
#ifndef SCTP_RECORD_H
#define SCTP_RECORD_H

#include "sockaddr.h"

#include <stddef.h>

/* The largest number of keys of a record, with its tail, and of bytes. */
#define RECORD_KEYS_MAX 17
#define RECORD_SIZE_MAX 256

typedef enum {
    RECORD_U8,
    RECORD_U16,
    RECORD_U32,
    RECORD_U64,
    RECORD_I32,
    RECORD_PORT,         /* 16 bits in network byte order */
    RECORD_POLICY,       /* a PR-SCTP policy that the platform defines */
    RECORD_CAUSE16,      /* an error cause of a notification */
    RECORD_CAUSE32,      /* the last kind that is an integer */
    RECORD_ADDRESS,      /* sockaddr_storage: an address tuple or bytes */
    RECORD_PEER,         /* sockaddr_storage: always an address tuple */
    RECORD_NESTED,       /* another record */
    RECORD_BYTES,        /* a tail: bytes, which may be empty */
    RECORD_BYTES_IF_ANY, /* a tail: bytes; an empty tail has no key */
} record_kind;

typedef struct {
    const char *key;
    unsigned short offset;
    unsigned char kind;
} record_field;

/* The tail of a structure: data of variable length that follows it.  In the
   dict it is bytes, or a tuple of elements of one kind. */
typedef struct {
    const char *key;
    unsigned char kind;
    record_field count; /* of elements; if the length tells, its key is NULL */
} record_tail;

/* A structure: its name, its size, and its members in the order of the dict's
   keys; the key of the tail comes last. */
typedef struct record record;
struct record {
    const char *name;
    size_t size;
    const record_field *fields;
    int length;
    const record *nested;
    const record_tail *tail;
};

/* A record and its Python objects; lives in the state of a module.  It
   remembers the values of the last structure, because most values of the next
   one are the same.  Without the GIL it does not: threads would have to wait
   for each other. */
typedef struct record_type record_type;
struct record_type {
    const record *record;
    PyTypeObject *type; /* of its dicts */
    PyObject *template; /* a dict of all keys: a copy is quick to make */
    uint64_t loaded[RECORD_KEYS_MAX]; /* the integers of the template */
    sockaddr_memory address;
    record_type *nested;
    int integers; /* the number of fields up to the last integer */
    int others;   /* the index of the first field that is not an integer */
    PyObject *keys[RECORD_KEYS_MAX];
};

/* Memory for a structure. */
typedef union {
    long long aligned;
    unsigned char bytes[RECORD_SIZE_MAX];
} record_memory;

/* The kind of a member.  The compiler chooses it by the type. */
#define RECORD_KIND(member)             \
    _Generic((member),                  \
        unsigned char: RECORD_U8,       \
        unsigned short: RECORD_U16,     \
        unsigned int: RECORD_U32,       \
        int: RECORD_I32,                \
        unsigned long: RECORD_U64,      \
        unsigned long long: RECORD_U64, \
        struct sockaddr_storage: RECORD_ADDRESS)

/* A row whose key is the name of the member.  RECORD_FIELD_OF is for a kind
   that the type of the member does not tell. */
#define RECORD_FIELD(structure, member)           \
    {#member, offsetof(struct structure, member), \
     RECORD_KIND(((struct structure *)0)->member)}
#define RECORD_FIELD_OF(structure, member, kind) \
    {#member, offsetof(struct structure, member), kind}

/* The number of rows.  Since Python 3.13, Py_ARRAY_LENGTH is not a constant
   expression. */
#define RECORD_LENGTH(fields) (int)(sizeof(fields) / sizeof((fields)[0]))

/* A record with its rows.  RECORD_NAMED is for a record whose name is not that
   of the structure. */
#define RECORD(structure, nested, tail, ...) \
    RECORD_NAMED(#structure, structure, nested, tail, __VA_ARGS__)
#define RECORD_NAMED(name, structure, nested, tail, ...)   \
    {name,                                                 \
     sizeof(struct structure),                             \
     (const record_field[]){__VA_ARGS__},                  \
     RECORD_LENGTH(((const record_field[]){__VA_ARGS__})), \
     nested,                                               \
     tail}

/* A tail.  With RECORD_TAIL, its length tells how many elements there are.
   With RECORD_LIST, a member of the structure tells it; count is its row. */
#define RECORD_TAIL(tail_key, tail_kind) \
    (&(const record_tail){.key = tail_key, .kind = tail_kind})
#define RECORD_LIST(tail_key, tail_kind, count) \
    (&(const record_tail){tail_key, tail_kind, count})

/* Makes the keys of a record for this interpreter.  Returns 0 or -1.  The
   caller must call record_type_clear, also after an error; it drops the keys
   and the type. */
int record_type_init(record_type *self, const record *record,
                     PyTypeObject *type);
void record_type_clear(record_type *self);

/* Returns the index of the key, or -1 without an exception. */
int record_find(record_type *self, PyObject *key);

/* Raises the exception for a key that the record does not have. */
void record_raise_unknown(record_type *self, PyObject *exception,
                          PyObject *key);

/* Checks a value for a field.  Returns a new reference to the value as the
   kernel would return it: an int instead of an object with __index__, a
   numeric address instead of a host name.  Returns NULL with TypeError or
   ValueError, or with the exception of sockaddr_parse.  With the key of the
   tail, checks one of its integers. */
PyObject *record_check(record_type *self, int key, PyObject *value);

/* Whether length bytes hold the structure and whole elements of its tail.  If
   the record has no tail, anything may follow the structure. */
int record_fits(const record *self, size_t length);

/* Returns a new dict of the record's type, made from the structure and its
   tail.  Both together are length bytes: at least the size of the
   structure. */
PyObject *record_to_dict(record_type *self, const void *bytes, size_t length);

/* Fills the whole structure at bytes from a dict of the record's type.  The
   caller has to write the tail.  Returns 0, or -1 with an exception of
   record_check, or with ValueError if a key is missing or unknown. */
int record_from_dict(record_type *self, PyObject *dict, void *bytes);

/* Returns a new tuple that describes the record: (size, ((key, format, offset,
   size), ...), tail).  Formats are those of the module struct.  tail is None,
   or (key, format, format of the count, offset of the count). */
PyObject *record_describe(const record *self);

#endif
