/* The arguments of a call, and integers with a range and a name. */
#include "args.h"

static int
find_name(const args_signature *signature, PyObject *name)
{
    for (int i = 0; i < signature->count; i++) {
        if (PyUnicode_CompareWithASCIIString(name, signature->names[i]) == 0) {
            return i;
        }
    }
    return -1;
}

int
args_sort(const args_signature *signature, PyObject *const *args,
          Py_ssize_t nargs, PyObject *kwnames, PyObject **values)
{
    Py_ssize_t named = kwnames == NULL ? 0 : PyTuple_GET_SIZE(kwnames);

    if (nargs > signature->positional) {
        PyErr_Format(PyExc_TypeError,
                     "%s takes at most %d positional arguments (%zd given)",
                     signature->function, signature->positional, nargs);
        return -1;
    }
    for (int i = 0; i < signature->count; i++) {
        values[i] = i < nargs ? args[i] : NULL;
    }
    for (Py_ssize_t i = 0; i < named; i++) {
        PyObject *name = PyTuple_GET_ITEM(kwnames, i);
        int at = find_name(signature, name);

        if (at < 0 || values[at] != NULL) {
            PyErr_Format(PyExc_TypeError, "%s got %s '%U'",
                         signature->function,
                         at < 0 ? "an unexpected keyword argument"
                                : "multiple values for argument",
                         name);
            return -1;
        }
        values[at] = args[nargs + i];
    }
    for (int i = 0; i < signature->required; i++) {
        if (values[i] == NULL) {
            PyErr_Format(PyExc_TypeError, "%s missing argument '%s'",
                         signature->function, signature->names[i]);
            return -1;
        }
    }
    return 0;
}

PyObject *
args_repr(PyObject *value)
{
    PyObject *text = PyObject_Repr(value);

    if (text == NULL && PyErr_ExceptionMatches(PyExc_ValueError)) {
        PyErr_Clear();
        text = PyUnicode_FromFormat("<%.100s that cannot be shown>",
                                    Py_TYPE(value)->tp_name);
    }
    return text;
}

int
args_convert(PyObject *value, const char *owner, const char *name,
             long long min, unsigned long long max, long long *out)
{
    PyObject *number, *text;
    int overflow, is_in_range;

    if (!PyIndex_Check(value)) {
        PyErr_Format(PyExc_TypeError, "%s: %s must be an int, not %.100s",
                     owner, name, Py_TYPE(value)->tp_name);
        return -1;
    }
    number = PyNumber_Index(value);
    if (number == NULL) {
        return -1;
    }
    *out = PyLong_AsLongLongAndOverflow(number, &overflow);
    is_in_range = !overflow && *out >= min &&
                  (*out < 0 || (unsigned long long)*out <= max);
    if (overflow > 0 && max > LLONG_MAX) {
        *out = (long long)PyLong_AsUnsignedLongLong(number);
        is_in_range = !PyErr_Occurred();
        PyErr_Clear();
    }
    text = is_in_range ? NULL : args_repr(number);
    if (text != NULL) {
        PyErr_Format(PyExc_ValueError, "%s: %s must be in %lld..%llu, not %U",
                     owner, name, min, max, text);
        Py_DECREF(text);
    }
    Py_DECREF(number);
    return is_in_range ? 0 : -1;
}

int
args_int(PyObject *value, const char *owner, const char *name, int *out)
{
    long long number = 0;

    if (value != NULL &&
        args_integer(value, owner, name, INT_MIN, INT_MAX, &number) < 0) {
        return -1;
    }
    *out = (int)number;
    return 0;
}

int
args_assoc_id(PyObject *value, const char *owner, sctp_assoc_t *out)
{
    long long number = 0;

    if (value != NULL &&
        args_integer(value, owner, "assoc_id", PLATFORM_ASSOC_ID_MIN,
                     PLATFORM_ASSOC_ID_MAX, &number) < 0) {
        return -1;
    }
    *out = (sctp_assoc_t)number;
    return 0;
}
