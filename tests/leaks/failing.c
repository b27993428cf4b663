/* Module failing: calls something while chosen allocations of Python fail. */
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
run(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *function, *argument, *result;

    if (!PyArg_ParseTuple(args, "OOnn", &function, &argument, &first, &last)) {
        return NULL;
    }
    seen = 0;
    counting = 1;
    result = PyObject_CallOneArg(function, argument);
    counting = 0;
    return result;
}

static PyObject *
get_seen(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(ignored))
{
    return PyLong_FromSsize_t(seen);
}

static PyMethodDef functions[] = {
    {"run", run, METH_VARARGS,
     PyDoc_STR("Calls a function; its allocations first to last fail.")},
    {"seen", get_seen, METH_NOARGS,
     PyDoc_STR("How many allocations the last run asked for.")},
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
