/* The few functions and names of CPython that older versions lack. */
#ifndef SCTP_COMPAT_H
#define SCTP_COMPAT_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

/* The slots of a module that keeps everything in its state. */
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
/* Returns a new reference to an attribute of a module.  The name is interned.
   Otherwise the type cache of CPython would keep another string after each
   call. */
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
/* Stores a new reference in *value and returns 1.  Stores NULL and returns 0
   if there is no such key, or -1 with an exception. */
static inline int
PyDict_GetItemRef(PyObject *dict, PyObject *key, PyObject **value)
{
    *value = Py_XNewRef(PyDict_GetItemWithError(dict, key));
    return *value != NULL ? 1 : PyErr_Occurred() ? -1 : 0;
}

/* Returns a new reference, or NULL with IndexError. */
static inline PyObject *
PyList_GetItemRef(PyObject *list, Py_ssize_t index)
{
    return Py_XNewRef(PyList_GetItem(list, index));
}

/* With the GIL, no other thread runs inside the section. */
#define Py_BEGIN_CRITICAL_SECTION(object) {
#define Py_END_CRITICAL_SECTION() }
#endif

#if PY_VERSION_HEX < 0x030C0000
/* Takes the exception being raised out of the thread's state, normalized, and
   returns it. */
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

/* Raises an exception that PyErr_GetRaisedException took, and consumes the
   reference to it. */
static inline void
PyErr_SetRaisedException(PyObject *exception)
{
    PyErr_Restore(Py_NewRef(Py_TYPE(exception)), exception,
                  PyException_GetTraceback(exception));
}
#endif

/* Calls PyType_FromModuleAndSpec.  In Python 3.11 that sets no exception if
   there is no memory for the name; this function sets MemoryError. */
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
