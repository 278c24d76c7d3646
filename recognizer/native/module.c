/* The Python module `recognizer._native`: _native.pyi says what is in it. */
#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030B0000
#include <Python.h>

#include <string.h>

#include "page.h"
#include "png.h"

#ifndef SOURCES
#define SOURCES "" /* the digest of these files, if the build tells it */
#endif

enum { MOST_PIXELS = 1 << 18, MOST_BYTES = 1 << 24, QUICK_BYTES = 1 << 16 };

typedef struct {
    Py_buffer ink, zone;
    int is_found;
    Marks marks;
} Page;

/* An item of a list stays while it is asked, even if it changes the list. */
static int get_buffer(PyObject *list, Py_ssize_t i, Py_buffer *buffer, int flags)
{
    PyObject *item = PyList_GetItem(list, i);
    if (item == NULL)
        return -1;
    Py_INCREF(item);
    int failed = PyObject_GetBuffer(item, buffer, flags);
    Py_DECREF(item);
    return failed;
}

/* One page's two arrays: 0, or -1 and an exception where they are none that can be searched. */
static int open_page(Page *page, PyObject *inks, PyObject *cleaned, Py_ssize_t i)
{
    if (get_buffer(inks, i, &page->ink, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT) < 0)
        return -1;
    if (get_buffer(cleaned, i, &page->zone, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | PyBUF_WRITABLE) < 0) {
        PyBuffer_Release(&page->ink);
        return -1;
    }
    const Py_buffer *one = &page->ink, *other = &page->zone;
    if (one->ndim == 2 && other->ndim == 2 && strcmp(one->format, "B") == 0 && strcmp(other->format, "B") == 0 &&
        one->shape[0] == other->shape[0] && one->shape[1] == other->shape[1] && one->len > 0 &&
        one->len <= MOST_PIXELS)
        return 0;
    PyBuffer_Release(&page->ink);
    PyBuffer_Release(&page->zone);
    PyErr_Format(PyExc_ValueError, "page %zd: pass two uint8 (H, W) of one shape, of 1 to %d pixels", i,
                 MOST_PIXELS);
    return -1;
}

static void search_one(Arena *arena, Page *page)
{
    Shape shape = {(int)page->ink.shape[0], (int)page->ink.shape[1]};
    page->is_found = sort_marks(arena, shape, page->ink.buf, page->zone.buf, &page->marks) &&
                     clean_ink(shape, page->ink.buf, page->zone.buf, &page->marks);
    give_back_all(arena);
}

/* 0, or -1 where there is not enough memory. */
static int search(Arena *arena, Page *pages, Py_ssize_t count)
{
    if (setjmp(arena->exhausted))
        return -1;
    for (Py_ssize_t i = 0; i < count; i++)
        search_one(arena, pages + i);
    return 0;
}

static PyObject *told(const Page *page)
{
    const Marks *marks = &page->marks;
    if (!page->is_found)
        Py_RETURN_NONE;
    return Py_BuildValue("(O(iiii))", marks->several ? Py_True : Py_False, marks->box.left, marks->box.top,
                         marks->box.right, marks->box.bottom);
}

static PyObject *list_of(const Page *pages, Py_ssize_t count)
{
    PyObject *list = PyList_New(count);
    for (Py_ssize_t i = 0; list != NULL && i < count; i++) {
        PyObject *item = told(pages + i);
        if (item == NULL || PyList_SetItem(list, i, item) < 0)
            Py_CLEAR(list);
    }
    return list;
}

static PyObject *clean_pages(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *inks, *cleaned, *list = NULL;
    if (!PyArg_ParseTuple(args, "O!O!", &PyList_Type, &inks, &PyList_Type, &cleaned))
        return NULL;
    Py_ssize_t count = PyList_Size(inks), opened = 0;
    if (PyList_Size(cleaned) != count) {
        PyErr_SetString(PyExc_ValueError, "pass as many arrays to write to as inks");
        return NULL;
    }
    Page *pages = PyMem_Calloc((size_t)(count ? count : 1), sizeof(Page));
    if (pages == NULL)
        return PyErr_NoMemory();
    while (opened < count && open_page(pages + opened, inks, cleaned, opened) == 0)
        opened++;
    if (opened == count) {
        Arena arena = {0};
        int failed;
        Py_BEGIN_ALLOW_THREADS
        failed = search(&arena, pages, count);
        release(&arena);
        Py_END_ALLOW_THREADS
        list = failed ? PyErr_NoMemory() : list_of(pages, count);
    }
    while (opened-- > 0) {
        PyBuffer_Release(&pages[opened].ink);
        PyBuffer_Release(&pages[opened].zone);
    }
    PyMem_Free(pages);
    return list;
}

/* 0, or -1 where it can't become a glyph. */
static int cut_of(const Py_buffer *array, int to_peak, Cut *cut)
{
    if (array->ndim != 2 || strcmp(array->format, "B") != 0 || array->strides[1] != 1 || array->shape[0] > SIDE ||
        array->shape[1] > SIDE)
        return -1;
    *cut = (Cut){{(int)array->shape[0], (int)array->shape[1]}, array->strides[0], array->buf, to_peak};
    return 0;
}

static int centre_one(PyObject *cuts, Py_ssize_t i, int to_peak, uint8_t *glyph)
{
    Py_buffer array;
    Cut cut;
    if (get_buffer(cuts, i, &array, PyBUF_STRIDES | PyBUF_FORMAT) < 0)
        return -1;
    int failed = cut_of(&array, to_peak, &cut);
    if (failed)
        PyErr_Format(PyExc_ValueError, "cut %zd: pass uint8 (H, W) of at most %d by %d pixels", i, SIDE, SIDE);
    else
        centre(&cut, glyph);
    PyBuffer_Release(&array);
    return failed;
}

/* Python's global lock is kept: to give it up and wait for it would take longer than the work. */
static PyObject *centre_cuts(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *cuts, *target, *answer = NULL;
    const char *to_peak;
    Py_ssize_t told, count, done = 0;
    Py_buffer glyphs;
    if (!PyArg_ParseTuple(args, "O!y#O", &PyList_Type, &cuts, &to_peak, &told, &target))
        return NULL;
    if (PyObject_GetBuffer(target, &glyphs, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | PyBUF_WRITABLE) < 0)
        return NULL;
    count = PyList_Size(cuts);
    if (told != count || glyphs.ndim != 3 || strcmp(glyphs.format, "B") != 0 || glyphs.shape[0] != count ||
        glyphs.shape[1] != SIDE || glyphs.shape[2] != SIDE) {
        PyErr_Format(PyExc_ValueError, "pass a byte for each cut, and uint8 (cuts, %d, %d)", SIDE, SIDE);
    } else {
        while (done < count &&
               centre_one(cuts, done, to_peak[done], (uint8_t *)glyphs.buf + done * SIDE * SIDE) == 0)
            done++;
        if (done == count)
            answer = Py_NewRef(Py_None);
    }
    PyBuffer_Release(&glyphs);
    return answer;
}

/* Of small pictures Python's global lock is kept: to give it up and wait for it would take longer than the work. */
static int unfilter_unlocked(const Py_buffer *stream, const Py_buffer *pixels, int height, int step)
{
    int length = (int)(pixels->len / height), failed;
    if (pixels->len <= QUICK_BYTES)
        return unfilter(stream->buf, pixels->buf, height, length, step);
    Py_BEGIN_ALLOW_THREADS
    failed = unfilter(stream->buf, pixels->buf, height, length, step);
    Py_END_ALLOW_THREADS
    return failed;
}

static PyObject *unfilter_rows(PyObject *module, PyObject *args)
{
    (void)module;
    Py_buffer stream, pixels;
    PyObject *target, *answer = NULL;
    if (!PyArg_ParseTuple(args, "y*O", &stream, &target))
        return NULL;
    if (PyObject_GetBuffer(target, &pixels, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | PyBUF_WRITABLE) < 0) {
        PyBuffer_Release(&stream);
        return NULL;
    }
    int deep = pixels.ndim == 3;
    if ((pixels.ndim != 2 && !deep) || strcmp(pixels.format, "B") != 0 || pixels.len < 1 ||
        pixels.len > MOST_BYTES || stream.len != pixels.len + pixels.shape[0]) {
        PyErr_SetString(PyExc_ValueError, "pass uint8 (H, W) or (H, W, channels), and a byte a row more");
    } else {
        int step = deep ? (int)pixels.shape[2] : 1;
        answer = PyBool_FromLong(!unfilter_unlocked(&stream, &pixels, (int)pixels.shape[0], step));
    }
    PyBuffer_Release(&pixels);
    PyBuffer_Release(&stream);
    return answer;
}

static int add_constants(PyObject *module)
{
    PyObject *constants = PyDict_New(), *value;
    if (constants == NULL)
        return -1;
#define ADD(name, made) \
    if ((value = (made)) == NULL || PyDict_SetItemString(constants, #name, value) < 0) { \
        Py_XDECREF(value); \
        Py_DECREF(constants); \
        return -1; \
    } \
    Py_DECREF(value);
#define ADD_COUNT(name, _) ADD(name, PyLong_FromLong(name))
#define ADD_SHARE(name, _) ADD(name, PyFloat_FromDouble(name))
    COUNTS(ADD_COUNT)
    SHARES(ADD_SHARE)
    int failed = PyModule_AddObjectRef(module, "CONSTANTS", constants);
    Py_DECREF(constants);
    return failed ? failed : PyModule_AddStringConstant(module, "SOURCES", SOURCES);
}

static PyMethodDef methods[] = {
    {"clean", clean_pages, METH_VARARGS, "See _native.pyi."},
    {"centre", centre_cuts, METH_VARARGS, "See _native.pyi."},
    {"unfilter", unfilter_rows, METH_VARARGS, "See _native.pyi."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, add_constants},
    {0, NULL},
};

static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, .m_name = "recognizer._native", .m_methods = methods, .m_slots = slots,
};

PyMODINIT_FUNC PyInit__native(void) { return PyModuleDef_Init(&definition); }
