/* Socket options by table row: one system call between dict and kernel. */
#ifndef SCTP_OPTION_H
#define SCTP_OPTION_H

#include "call.h"
#include "records_option.h"

/* The structures with their Python classes; lives in a module's state. */
typedef struct {
    record_type structures[OPTION_STRUCTURES];
} option_types;

/* Makes the structures, whose dicts are plain ones until option_brand gives
   them a class.  Returns 0 or -1. */
int option_types_init(option_types *self);
int option_types_traverse(option_types *self, visitproc visit, void *arg);
void option_types_clear(option_types *self);

/* The structure of that name, or NULL with LookupError. */
record_type *option_find(option_types *self, PyObject *name);

/* Makes class the one of its structure's dicts, to which it may add nothing.
   Returns 0, or -1 with LookupError or TypeError. */
int option_brand(option_types *self, PyTypeObject *class);

/* Reads the option of a row that has a structure: value is a dict of it, or
   NULL for nothing but zeros, or for a list also the association identifier.
   Returns a new dict, or for an option that is nothing but a list a tuple. */
PyObject *option_get(option_types *self, const call_methods *methods,
                     PyObject *socket, int index, PyObject *value);

/* Reads an option into a copy of the bytes, which the kernel sees.  Returns
   what it left of that. */
PyObject *option_get_bytes(const call_methods *methods, PyObject *socket,
                           int level, int number, PyObject *bytes);

/* Sets the option of a row that has a structure from a dict, or from an
   iterable where it is nothing but a list.  Returns None. */
PyObject *option_set(option_types *self, const call_methods *methods,
                     PyObject *socket, int index, PyObject *value);

#endif
