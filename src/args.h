/* The arguments of a call, and integers with a range and a name. */
#ifndef SCTP_ARGS_H
#define SCTP_ARGS_H

#include "compat.h"
#include "platform.h"

#define ARGS_MAX 4

/* A function and its parameters.  function is the name in errors.  names has
   the parameters in order; the first required ones must be given, and the
   first positional ones may be given by position. */
typedef struct {
    const char *function;
    const char *names[ARGS_MAX];
    int count;
    int required;
    int positional;
} args_signature;

/* Does the work of args_parse if there are keywords or errors. */
int args_sort(const args_signature *signature, PyObject *const *args,
              Py_ssize_t nargs, PyObject *kwnames, PyObject **values);

/* Sorts the arguments of a vectorcall into values[signature->count].  The
   references are borrowed; an absent argument is NULL.  Returns 0, or -1 with
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

/* Returns a new str for an error: the repr of the value.  If repr() raises
   ValueError, as for an int of thousands of digits, the str names the type.
   If repr() raises anything else, returns NULL with that exception. */
PyObject *args_repr(PyObject *value);

/* Does the work of args_integer for any object. */
int args_convert(PyObject *value, const char *owner, const char *name,
                 long long min, unsigned long long max, long long *out);

/* Converts an object with __index__ to an integer from min to max.  If max is
   above LLONG_MAX, *out holds the bits of an unsigned number.  Errors name the
   owner and the name.  Returns 0, or -1 with TypeError or ValueError. */
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

/* The same for a C int and for an association identifier.  An absent argument
   (NULL) gives 0. */
int args_int(PyObject *value, const char *owner, const char *name, int *out);
int args_assoc_id(PyObject *value, const char *owner, sctp_assoc_t *out);

#endif
