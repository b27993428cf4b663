/* Socket options: reads and sets them, and converts their structures. */
#ifndef SCTP_OPTION_H
#define SCTP_OPTION_H

#include "records_option.h"

/* The structures and their Python classes; lives in the state of a module. */
typedef struct {
    record_type structures[OPTION_STRUCTURES_MAX];
    PyObject *indexes; /* dict: name of a structure to its index */
} option_types;

/* Makes the structures, and adds the numbers of the options and their table
   (for the package sctp) to the module.  Until option_brand gives a structure
   a class, its dicts are plain ones.  Returns 0 or -1. */
int option_types_init(option_types *self, PyObject *module);
int option_types_traverse(option_types *self, visitproc visit, void *arg);
void option_types_clear(option_types *self);

/* Functions of the module. */
PyObject *option_describe(PyObject *module, PyObject *name);
PyObject *option_brand(PyObject *module, PyObject *class);
PyObject *option_check(PyObject *module, PyObject *args);
PyObject *option_pack(PyObject *module, PyObject *args);
PyObject *option_unpack(PyObject *module, PyObject *args);

/* Methods of the socket. */
PyObject *option_get(PyObject *socket, PyObject *args);
PyObject *option_get_bytes(PyObject *socket, PyObject *args);
PyObject *option_set_bytes(PyObject *socket, PyObject *args);

#endif
