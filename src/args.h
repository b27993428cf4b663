/* Arguments of a call, and integers with a range and a name. */
#ifndef SCTP_ARGS_H
#define SCTP_ARGS_H

#include "compat.h"

/* What a function takes: its name, its parameters in order, how many of them
   it needs and how many may be given by position. */
typedef struct {
    const char *function;
    const char *const *names;
    int count;
    int required;
    int positional;
} args_signature;

/* Sorts the arguments of a vectorcall into values[signature->count], as
   borrowed references; absent ones are NULL.  Returns 0, or -1 with
   TypeError. */
int args_parse(const args_signature *signature, PyObject *const *args,
               Py_ssize_t nargs, PyObject *kwnames, PyObject **values);

/* Converts what has __index__ to an integer from min to max.  With max above
   LLONG_MAX, *out holds the bits of an unsigned number.  owner and name stand
   in the error.  Returns 0, or -1 with TypeError or ValueError. */
int args_integer(PyObject *value, const char *owner, const char *name,
                 long long min, unsigned long long max, long long *out);

#endif
