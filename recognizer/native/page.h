/* What the files beside this one share: the C twin of components.py, lines.py, marks.py and clean.py.

   Each function says the same as the Python function of its name, bit for bit; the Python is the reference and says
   why. No function here knows of Python, so that all of them run without its global lock. */
#ifndef PAGE_H
#define PAGE_H

#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>

#include "constants.h"

#ifdef __GNUC__
#pragma GCC visibility push(hidden) /* names such as dilate are common: other libraries must not meet ours */
#endif

typedef struct {
    int height, width;
} Shape;

/* Memory of one page: taken piece by piece, given back all at once. */
typedef struct Block Block;
typedef struct {
    Block *first, *current;
    jmp_buf exhausted; /* where to go on when there is no more memory */
} Arena;

void *take(Arena *arena, size_t bytes);
#define NEW(arena, type, count) ((type *)take(arena, (size_t)(count) * sizeof(type)))
void give_back_all(Arena *arena); /* keeps the blocks for the next page */
void release(Arena *arena);

typedef struct {
    int left, top, right, bottom;
} Box;

/* Pixels of ink side by side in a row, from `start` up to `end`, and the number of their component. */
typedef struct {
    int y, start, end, number;
} Run;

/* All runs of a page, row by row; the components are numbered from 1. */
typedef struct {
    Run *all;
    int *of_row; /* the place of each row's first run, and where the last row's end */
    int count, components;
} Runs;

typedef struct {
    Box box;
    int number, area;
    int64_t mass;
    double inner;
} Mark;

typedef struct {
    Shape shape;
    Runs runs;
    int count;
    Mark marks[MOST_MARKS];
} Components;

/* Which of the marks, by their places. */
typedef struct {
    int count;
    uint8_t is_in[MOST_MARKS];
} Chosen;

typedef struct {
    int threshold, paper;
    uint8_t *binary;
} Levels;

typedef struct {
    uint8_t *mask;
    int certain;
} Lines;

typedef struct {
    int several, paper, core, has_zone;
    Box box;
} Marks;

/* A part of a page that is to become a glyph, at its size there; `stride` bytes from one row to the next. */
typedef struct {
    Shape shape;
    ptrdiff_t stride;
    const uint8_t *pixels;
    int to_peak;
} Cut;

static inline int pixels_of(Shape shape) { return shape.height * shape.width; } /* at most MOST_PIXELS */
static inline int smaller(int a, int b) { return a < b ? a : b; }
static inline int larger(int a, int b) { return a > b ? a : b; }
static inline int width_of(const Mark *mark) { return mark->box.right - mark->box.left; }
static inline int height_of(const Mark *mark) { return mark->box.bottom - mark->box.top; }
static inline double strength_of(const Mark *mark) { return (double)mark->mass / mark->area; }
static inline void choose(Chosen *chosen, int i)
{
    chosen->count += !chosen->is_in[i];
    chosen->is_in[i] = 1;
}

/* components.c */
int nearest(double value); /* as Python rounds: halves to the even number */
uint8_t *zeros(Arena *arena, int count);
uint8_t *copy_of(Arena *arena, Shape shape, const uint8_t *page);
int count_ink(Shape shape, const uint8_t *mask);
void subtract(Shape shape, uint8_t *from, const uint8_t *mask);
uint8_t *dilate(Arena *arena, Shape shape, const uint8_t *mask, int size);
Runs find_runs(Arena *arena, Shape shape, const uint8_t *binary);
void widen(Box *box, const Run *run);
void find_marks(Arena *arena, Shape shape, const uint8_t *ink, const uint8_t *binary, Components *found);
uint8_t *numbers_of(Arena *arena, const Components *found, const Chosen *chosen); /* 1 for those of chosen marks */
uint8_t *mask_of(Arena *arena, const Components *found, const Chosen *chosen, int dilation);
int thickness(const Mark *mark);
int largest_mass(const Components *found, const Chosen *chosen); /* the place of the first mark that has it */

/* lines.c */
int border_lines(Arena *arena, const Components *found, Lines *lines);

/* levels.c */
int first_with(const int *counts, double pixels); /* the first level up to which there are as many */
Levels levels_of(Arena *arena, Shape page, const uint8_t *ink);
uint8_t *blurred(Arena *arena, Shape page, const uint8_t *ink); /* by a Gaussian of 3 by 3: 1, 2 and 1 in 4 */

/* marks.c */
int sort_marks(Arena *arena, Shape shape, const uint8_t *ink, uint8_t *zone, Marks *marks);

/* clean.c */
int clean_ink(Shape page, const uint8_t *ink, uint8_t *zone, Marks *marks);
void centre(const Cut *cut, uint8_t *glyph);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif

#endif
