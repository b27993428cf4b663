/* The few CPython calls and names that older versions lack. */
#ifndef SCTP_COMPAT_H
#define SCTP_COMPAT_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

/* Slots of a module that keeps everything in its state. */
#if PY_VERSION_HEX >= 0x030D0000
#define COMPAT_ISOLATED_SLOTS                                             \
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED}, \
        {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#elif PY_VERSION_HEX >= 0x030C0000
#define COMPAT_ISOLATED_SLOTS \
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#else
#define COMPAT_ISOLATED_SLOTS
#endif

#ifdef Py_GIL_DISABLED
#define COMPAT_HAS_GIL 0
#else
#define COMPAT_HAS_GIL 1
#endif

#if PY_VERSION_HEX < 0x030E0000
/* A new reference to an attribute of a module.  Its name is interned, lest the
   cache of types keep one more string after each call. */
static inline PyObject *
PyImport_ImportModuleAttrString(const char *module_name, const char *name)
{
    PyObject *module = PyImport_ImportModule(module_name);
    PyObject *key = module == NULL ? NULL : PyUnicode_InternFromString(name);
    PyObject *found = key == NULL ? NULL : PyObject_GetAttr(module, key);

    Py_XDECREF(key);
    Py_XDECREF(module);
    return found;
}
#endif

#if PY_VERSION_HEX < 0x030D0000
/* A new reference in *value and 1, NULL and 0 for no such key, or -1. */
static inline int
PyDict_GetItemRef(PyObject *dict, PyObject *key, PyObject **value)
{
    *value = Py_XNewRef(PyDict_GetItemWithError(dict, key));
    return *value != NULL ? 1 : PyErr_Occurred() ? -1 : 0;
}

/* A new reference, or NULL with IndexError. */
static inline PyObject *
PyList_GetItemRef(PyObject *list, Py_ssize_t index)
{
    return Py_XNewRef(PyList_GetItem(list, index));
}

/* With the GIL nobody else runs in between. */
#define Py_BEGIN_CRITICAL_SECTION(object) {
#define Py_END_CRITICAL_SECTION() }
#endif

#if PY_VERSION_HEX < 0x030C0000
/* The exception being raised, normalized, taken out of the thread's state. */
static inline PyObject *
PyErr_GetRaisedException(void)
{
    PyObject *type, *value, *traceback;

    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    if (traceback != NULL) {
        PyException_SetTraceback(value, traceback);
    }
    Py_XDECREF(type);
    Py_XDECREF(traceback);
    return value;
}

/* Puts back what PyErr_GetRaisedException took; consumes the reference. */
static inline void
PyErr_SetRaisedException(PyObject *exception)
{
    PyErr_Restore(Py_NewRef(Py_TYPE(exception)), exception,
                  PyException_GetTraceback(exception));
}
#endif

/* PyType_FromModuleAndSpec, which in Python 3.11 fails without an exception
   where it finds no memory for a name. */
static inline PyObject *
compat_make_type(PyObject *module, PyType_Spec *spec, PyObject *bases)
{
    PyObject *type = PyType_FromModuleAndSpec(module, spec, bases);

    if (type == NULL && !PyErr_Occurred()) {
        PyErr_NoMemory();
    }
    return type;
}

#endif
