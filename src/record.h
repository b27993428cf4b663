/* Rows of (key, offset, kind): C structures to dicts and back. */
#ifndef SCTP_RECORD_H
#define SCTP_RECORD_H

#include "sockaddr.h"

#include <stddef.h>

/* The most keys that a record has, its tail included, and its most bytes. */
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
    RECORD_CAUSE32,      /* the last of the integers */
    RECORD_ADDRESS,      /* sockaddr_storage: an address tuple, or bytes */
    RECORD_PEER,         /* the same, a tuple whatever it holds */
    RECORD_NESTED,       /* another record */
    RECORD_BYTES,        /* of a tail: bytes, or None for nothing */
    RECORD_BYTES_IF_ANY, /* of a tail: bytes, or no key for nothing */
} record_kind;

typedef struct {
    const char *key;
    unsigned short offset;
    unsigned char kind;
} record_field;

/* What follows a structure, variable in length: elements of one kind, as a
   tuple, or bytes. */
typedef struct {
    const char *key;
    unsigned char kind;
    record_field count; /* of elements; its key NULL where the length tells */
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

/* A record with what it needs in Python; lives in a module's state.  What the
   last structure held is remembered, as most of the next is the same: except
   without the GIL, for no thread is to wait for another here. */
typedef struct record_type record_type;
struct record_type {
    const record *record;
    PyTypeObject *type; /* of its dicts */
    PyObject *template; /* a dict of all keys: copying beats inserting */
    uint64_t loaded[RECORD_KEYS_MAX]; /* the integers of the template */
    sockaddr_memory address;
    record_type *nested;
    int integers; /* fields up to the last integer */
    int others;   /* the first field that is none */
    PyObject *keys[RECORD_KEYS_MAX];
};

/* Memory for a structure. */
typedef union {
    long long aligned;
    unsigned char bytes[RECORD_SIZE_MAX];
} record_memory;

/* The kind of a member, as the compiler knows it. */
#define RECORD_KIND(member)             \
    _Generic((member),                  \
        unsigned char: RECORD_U8,       \
        unsigned short: RECORD_U16,     \
        unsigned int: RECORD_U32,       \
        int: RECORD_I32,                \
        unsigned long: RECORD_U64,      \
        unsigned long long: RECORD_U64, \
        struct sockaddr_storage: RECORD_ADDRESS)

/* A row whose key is the name of the member, or whose kind the compiler cannot
   know. */
#define RECORD_FIELD(structure, member)           \
    {#member, offsetof(struct structure, member), \
     RECORD_KIND(((struct structure *)0)->member)}
#define RECORD_FIELD_OF(structure, member, kind) \
    {#member, offsetof(struct structure, member), kind}

/* How many rows; Py_ARRAY_LENGTH is no constant from Python 3.13 on. */
#define RECORD_LENGTH(fields) (int)(sizeof(fields) / sizeof((fields)[0]))

/* A record with its rows, and one whose name is not the structure's. */
#define RECORD(structure, nested, tail, ...) \
    RECORD_NAMED(#structure, structure, nested, tail, __VA_ARGS__)
#define RECORD_NAMED(name, structure, nested, tail, ...)   \
    {name,                                                 \
     sizeof(struct structure),                             \
     (const record_field[]){__VA_ARGS__},                  \
     RECORD_LENGTH(((const record_field[]){__VA_ARGS__})), \
     nested,                                               \
     tail}

/* A tail whose length tells how many elements there are, and one with a
   member (a row) that does. */
#define RECORD_TAIL(tail_key, tail_kind) \
    (&(const record_tail){.key = tail_key, .kind = tail_kind})
#define RECORD_LIST(tail_key, tail_kind, count) \
    (&(const record_tail){tail_key, tail_kind, count})

/* Makes the keys of a record for this interpreter.  record_type_clear drops
   them and the type, whatever this returned: 0, or -1. */
int record_type_init(record_type *self, const record *record,
                     PyTypeObject *type);
void record_type_clear(record_type *self);

/* The index of the key, or -1 without an exception. */
int record_find(record_type *self, PyObject *key);

/* Raises an error about a key that the record lacks. */
void record_raise_unknown(record_type *self, PyObject *exception,
                          PyObject *key);

/* A new reference to the checked value of a field, as the kernel would give it
   back: an int for what has __index__, an address with its name looked up;
   NULL with TypeError or ValueError, or what an address raises.  The key of
   the tail is for one of its integers. */
PyObject *record_check(record_type *self, int key, PyObject *value);

/* Whether so many bytes are the structure and whole elements of its tail, or
   without one the structure and whatever follows it. */
int record_fits(const record *self, size_t length);

/* A new dict of the record's type from the structure and its tail, which are
   length bytes, at least as many as the structure has. */
PyObject *record_to_dict(record_type *self, const void *bytes, size_t length);

/* Fills the structure at bytes, all of it, from a dict of the record's type;
   a tail is left to the caller.  Returns 0, or -1 as record_check does, and
   with ValueError for a missing or unknown key. */
int record_from_dict(record_type *self, PyObject *dict, void *bytes);

/* A new tuple (size, ((key, format of struct, offset, size), ...), tail) that
   describes the record; tail is None, or (key, format, format of the count,
   its offset). */
PyObject *record_describe(const record *self);

#endif
