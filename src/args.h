/* Arguments of a call, and integers with a range and a name. */
#ifndef SCTP_ARGS_H
#define SCTP_ARGS_H

#include "compat.h"
#include "platform.h"

#define ARGS_MAX 4

/* What a function takes: its name as errors show it, its parameters in order,
   how many of them it needs and how many may be given by position. */
typedef struct {
    const char *function;
    const char *names[ARGS_MAX];
    int count;
    int required;
    int positional;
} args_signature;

/* Does what args_parse does, with keywords and for errors. */
int args_sort(const args_signature *signature, PyObject *const *args,
              Py_ssize_t nargs, PyObject *kwnames, PyObject **values);

/* Sorts the arguments of a vectorcall into values[signature->count], as
   borrowed references; absent ones are NULL.  Returns 0, or -1 with
   TypeError. */
static inline int
args_parse(const args_signature *signature, PyObject *const *args,
           Py_ssize_t nargs, PyObject *kwnames, PyObject **values)
{
    if (kwnames != NULL || nargs < signature->required ||
        nargs > signature->positional) {
        return args_sort(signature, args, nargs, kwnames, values);
    }
    for (int i = 0; i < signature->count; i++) {
        values[i] = i < nargs ? args[i] : NULL;
    }
    return 0;
}

/* A new str for an error: the repr of a value, or else its type, as Python
   does not write out an int of thousands of digits.  NULL with what another
   failure of the repr raises. */
PyObject *args_repr(PyObject *value);

/* Does what args_integer does, for anything. */
int args_convert(PyObject *value, const char *owner, const char *name,
                 long long min, unsigned long long max, long long *out);

/* Converts what has __index__ to an integer from min to max.  With max above
   LLONG_MAX, *out holds the bits of an unsigned number.  owner and name stand
   in the error.  Returns 0, or -1 with TypeError or ValueError. */
static inline int
args_integer(PyObject *value, const char *owner, const char *name,
             long long min, unsigned long long max, long long *out)
{
    int overflow = 1;

    if (PyLong_CheckExact(value)) {
        *out = PyLong_AsLongLongAndOverflow(value, &overflow);
    }
    return !overflow && *out >= min &&
                   (*out < 0 || (unsigned long long)*out <= max)
               ? 0
               : args_convert(value, owner, name, min, max, out);
}

/* The same for a C int and an association identifier: 0 where the argument is
   absent. */
int args_int(PyObject *value, const char *owner, const char *name, int *out);
int args_assoc_id(PyObject *value, const char *owner, sctp_assoc_t *out);

#endif
