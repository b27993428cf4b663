/* The module failing: it calls C functions while chosen allocations fail. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

static PyMemAllocatorEx real[3];
static Py_ssize_t seen, first, last;
static int counting;

static int
fails(void)
{
    if (!counting) {
        return 0;
    }
    seen++;
    return first <= seen && seen <= last;
}

static void *
failing_malloc(void *context, size_t size)
{
    const PyMemAllocatorEx *next = context;

    return fails() ? NULL : next->malloc(next->ctx, size);
}

static void *
failing_calloc(void *context, size_t count, size_t size)
{
    const PyMemAllocatorEx *next = context;

    return fails() ? NULL : next->calloc(next->ctx, count, size);
}

static void *
failing_realloc(void *context, void *old, size_t size)
{
    const PyMemAllocatorEx *next = context;

    return fails() ? NULL : next->realloc(next->ctx, old, size);
}

static void
passing_free(void *context, void *old)
{
    const PyMemAllocatorEx *next = context;

    next->free(next->ctx, old);
}

static PyObject *
arm(PyObject *Py_UNUSED(module), PyObject *args)
{
    if (!PyArg_ParseTuple(args, "nn", &first, &last)) {
        return NULL;
    }
    seen = 0;
    Py_RETURN_NONE;
}

/* The arguments, in every form that a C function may take. */
typedef struct {
    PyObject *args;
    PyObject *kwargs; /* NULL for none */
    PyObject *kwnames;
    PyObject **vector;
} arguments;

static int
arguments_init(arguments *self, PyObject *args, PyObject *kwargs)
{
    Py_ssize_t count = PyTuple_GET_SIZE(args), position = 0;
    Py_ssize_t named = PyDict_GET_SIZE(kwargs);
    PyObject *name;

    self->args = args;
    self->kwargs = named == 0 ? NULL : kwargs;
    self->kwnames = named == 0 ? NULL : PyTuple_New(named);
    self->vector = PyMem_New(PyObject *, count + named + 1);
    if (self->vector == NULL || (named > 0 && self->kwnames == NULL)) {
        return -1;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        self->vector[i] = PyTuple_GET_ITEM(args, i);
    }
    for (Py_ssize_t i = 0;
         PyDict_Next(kwargs, &position, &name, &self->vector[count + i]);
         i++) {
        PyTuple_SET_ITEM(self->kwnames, i, Py_NewRef(name));
    }
    return 0;
}

static PyObject *
call_method(const PyMethodDef *method, PyObject *self, const arguments *given)
{
    void (*function)(void) = (void (*)(void))method->ml_meth;
    Py_ssize_t count = PyTuple_GET_SIZE(given->args);

    switch (method->ml_flags) {
    case METH_FASTCALL | METH_KEYWORDS:
        return ((_PyCFunctionFastWithKeywords)function)(
            self, given->vector, count, given->kwnames);
    case METH_NOARGS:
        if (count == 0 && given->kwargs == NULL) {
            return method->ml_meth(self, NULL);
        }
        break;
    case METH_O:
        if (count == 1 && given->kwargs == NULL) {
            return method->ml_meth(self, given->vector[0]);
        }
        break;
    case METH_VARARGS:
        if (given->kwargs == NULL) {
            return method->ml_meth(self, given->args);
        }
        break;
    default:
        PyErr_SetString(PyExc_NotImplementedError, "flags of a method");
        return NULL;
    }
    PyErr_SetString(PyExc_TypeError, "what Python raises before the call");
    return NULL;
}

static PyObject *
call_slot(const PyWrapperDescrObject *slot, PyObject *self,
          const arguments *given)
{
    void (*function)(void) = (void (*)(void))slot->d_base->wrapper;

    if (slot->d_base->flags & PyWrapperFlag_KEYWORDS) {
        return ((wrapperfunc_kwds)function)(self, given->args, slot->d_wrapped,
                                            given->kwargs);
    }
    return slot->d_base->wrapper(self, given->args, slot->d_wrapped);
}

/* CPython's own functions would check the result first.  They need memory for
   that, and would not get it. */
static PyObject *
call_directly(PyObject *callable, PyObject *self, const arguments *given)
{
    if (PyCFunction_CheckExact(callable)) {
        return call_method(((PyCFunctionObject *)callable)->m_ml,
                           PyCFunction_GET_SELF(callable), given);
    }
    if (Py_IS_TYPE(callable, &PyMethodDescr_Type)) {
        return call_method(((PyMethodDescrObject *)callable)->d_method, self,
                           given);
    }
    return call_slot((PyWrapperDescrObject *)callable, self, given);
}

static PyObject *
call(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *callable, *self, *positional, *named, *result = NULL, *raised;
    arguments given;

    if (!PyArg_ParseTuple(args, "OOO!O!", &callable, &self, &PyTuple_Type,
                          &positional, &PyDict_Type, &named)) {
        return NULL;
    }
    if (arguments_init(&given, positional, named) == 0) {
        counting = 1;
        result = call_directly(callable, self, &given);
        counting = 0;
    }
    raised = PyErr_Occurred();
    if (result == NULL && raised == NULL) {
        PyErr_SetString(PyExc_SystemError, "failed without an exception");
    }
    else if (result != NULL && raised != NULL) {
        PyErr_Clear();
        PyErr_SetString(PyExc_SystemError, "succeeded with an exception");
        Py_CLEAR(result);
    }
    Py_XDECREF(given.kwnames);
    PyMem_Free(given.vector);
    return result;
}

static PyObject *
get_seen(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(ignored))
{
    return PyLong_FromSsize_t(seen);
}

static PyMethodDef functions[] = {
    {"arm", arm, METH_VARARGS,
     PyDoc_STR("Lets the allocations first to last of calls from now on "
               "fail.")},
    {"call", call, METH_VARARGS,
     PyDoc_STR("Calls a C function, a C method of self or a slot of self.")},
    {"seen", get_seen, METH_NOARGS,
     PyDoc_STR("How many allocations the calls asked for since arm.")},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef failing_module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "failing",
    .m_methods = functions,
};

PyMODINIT_FUNC
PyInit_failing(void)
{
    const PyMemAllocatorDomain domains[] = {PYMEM_DOMAIN_RAW, PYMEM_DOMAIN_MEM,
                                            PYMEM_DOMAIN_OBJ};

    for (int i = 0; i < 3; i++) {
        PyMemAllocatorEx ours = {&real[i], failing_malloc, failing_calloc,
                                 failing_realloc, passing_free};

        PyMem_GetAllocator(domains[i], &real[i]);
        PyMem_SetAllocator(domains[i], &ours);
    }
    return PyModule_Create(&failing_module);
}
