#include <math.h>
#include <string.h>

#include "page.h"

int nearest(double value) { return (int)nearbyint(value); }

uint8_t *zeros(Arena *arena, int count) { return memset(NEW(arena, uint8_t, count), 0, (size_t)count); }

uint8_t *copy_of(Arena *arena, Shape shape, const uint8_t *page)
{
    return memcpy(NEW(arena, uint8_t, pixels_of(shape)), page, (size_t)pixels_of(shape));
}

int count_ink(Shape shape, const uint8_t *mask)
{
    int count = 0;
    for (int i = 0; i < pixels_of(shape); i++)
        count += mask[i] != 0;
    return count;
}

void subtract(Shape shape, uint8_t *from, const uint8_t *mask)
{
    for (int i = 0; i < pixels_of(shape); i++)
        from[i] &= (uint8_t)~mask[i];
}

static void add(uint8_t *to, const uint8_t *from, int count)
{
    for (int i = 0; i < count; i++)
        to[i] |= from[i];
}

/* Each pixel takes in those `step` before and after it. */
static void spread(uint8_t *to, const uint8_t *from, int count, int step)
{
    add(to + step, from, count - step);
    add(to, from + step, count - step);
}

uint8_t *dilate(Arena *arena, Shape shape, const uint8_t *mask, int size)
{
    /* With a margin of paper beside them, all rows are spread as one. */
    int reach = size / 2, beside = smaller(reach, shape.width - 1);
    int width = shape.width + beside, count = shape.height * width;
    uint8_t *padded = zeros(arena, count), *across = NEW(arena, uint8_t, count), *all = NEW(arena, uint8_t, count);
    for (int y = 0; y < shape.height; y++)
        memcpy(padded + y * width, mask + y * shape.width, (size_t)shape.width);
    memcpy(across, padded, (size_t)count);
    for (int step = 1; step <= beside; step++)
        spread(across, padded, count, step);
    memcpy(all, across, (size_t)count);
    for (int step = 1; step <= smaller(reach, shape.height - 1); step++)
        spread(all, across, count, step * width);
    uint8_t *dilated = NEW(arena, uint8_t, pixels_of(shape));
    for (int y = 0; y < shape.height; y++)
        memcpy(dilated + y * shape.width, all + y * width, (size_t)shape.width);
    return dilated;
}

static int root_of(int *parents, int i)
{
    while (parents[i] != i)
        i = parents[i] = parents[parents[i]];
    return i;
}

static void join(int *parents, int one, int other)
{
    one = root_of(parents, one);
    other = root_of(parents, other);
    parents[larger(one, other)] = smaller(one, other);
}

/* Appends the runs of a row. */
static void add_runs(Runs *runs, const uint8_t *row, int width, int y)
{
    for (int x = 0; x < width;) {
        const uint8_t *start = memchr(row + x, 255, (size_t)(width - x));
        if (start == NULL)
            return;
        const uint8_t *end = memchr(start, 0, (size_t)(row + width - start));
        x = end == NULL ? width : (int)(end - row);
        runs->all[runs->count++] = (Run){y, (int)(start - row), x, 0};
    }
}

/* Joins the runs of a row with those above that they touch, be it at a corner. */
static void join_row(const Runs *runs, int *parents, int y)
{
    int above = runs->of_row[larger(0, y - 1)], end_above = runs->of_row[y];
    for (int i = end_above; i < runs->count; i++) {
        const Run *run = runs->all + i;
        parents[i] = i;
        while (above < end_above && runs->all[above].end < run->start)
            above++;
        for (int other = above; other < end_above && runs->all[other].start <= run->end; other++)
            join(parents, i, other);
    }
}

/* Numbers the components, from 1, in the order of OpenCV: that of the blocks of 2 by 2 pixels that they begin in. */
static void number_components(Runs *runs, int *parents, int height)
{
    for (int y = 0; y < height; y += 2) {
        int upper = runs->of_row[y], lower = runs->of_row[y + 1], end = runs->of_row[smaller(y + 2, height)];
        for (int last = lower; upper < last || lower < end;) {
            int is_upper =
                upper < last && (lower == end || runs->all[upper].start / 2 <= runs->all[lower].start / 2);
            int i = is_upper ? upper++ : lower++;
            Run *root = runs->all + root_of(parents, i);
            if (root->number == 0)
                root->number = ++runs->components;
            runs->all[i].number = root->number;
        }
    }
}

Runs find_runs(Arena *arena, Shape shape, const uint8_t *binary)
{
    int most = shape.height * ((shape.width + 1) / 2);
    Runs runs = {NEW(arena, Run, most), NEW(arena, int, shape.height + 1), 0, 0};
    int *parents = NEW(arena, int, most);
    for (int y = 0; y < shape.height; y++) {
        runs.of_row[y] = runs.count;
        add_runs(&runs, binary + y * shape.width, shape.width, y);
        join_row(&runs, parents, y);
    }
    runs.of_row[shape.height] = runs.count;
    number_components(&runs, parents, shape.height);
    return runs;
}

void widen(Box *box, const Run *run)
{
    *box = (Box){smaller(box->left, run->start), smaller(box->top, run->y), larger(box->right, run->end),
                 larger(box->bottom, run->y + 1)};
}

/* All components by their numbers: `inner` counts pixels until the marks are chosen. */
static Mark *measure(Arena *arena, Shape shape, const uint8_t *ink, const Runs *runs)
{
    Mark *all = NEW(arena, Mark, runs->components + 1);
    for (int number = 0; number <= runs->components; number++)
        all[number] = (Mark){{shape.width, shape.height, 0, 0}, number, 0, 0, 0};
    int edge_y = nearest(RIM * shape.height), edge_x = nearest(RIM * shape.width);
    for (const Run *run = runs->all; run < runs->all + runs->count; run++) {
        Mark *mark = all + run->number;
        widen(&mark->box, run);
        mark->area += run->end - run->start;
        for (int x = run->start; x < run->end; x++)
            mark->mass += ink[run->y * shape.width + x];
        if (run->y >= edge_y && run->y < shape.height - edge_y)
            mark->inner += larger(0, smaller(run->end, shape.width - edge_x) - larger(run->start, edge_x));
    }
    return all;
}

void find_marks(Arena *arena, Shape shape, const uint8_t *ink, const uint8_t *binary, Components *found)
{
    found->shape = shape;
    found->runs = find_runs(arena, shape, binary);
    found->count = 0;
    int last_leads = found->runs.components > FEW;
    const Mark *all = measure(arena, shape, ink, &found->runs);
    for (int number = 1; number <= found->runs.components; number++) {
        int place = found->count;
        while (place > 0 && found->marks[place - 1].area < all[number].area + last_leads)
            place--;
        if (place == MOST_MARKS)
            continue;
        found->count = smaller(found->count + 1, MOST_MARKS);
        memmove(found->marks + place + 1, found->marks + place,
                (size_t)(found->count - 1 - place) * sizeof(Mark));
        found->marks[place] = all[number];
        found->marks[place].inner /= all[number].area;
    }
    while (found->count > 1 && found->marks[found->count - 1].area <= 1)
        found->count--;
}

uint8_t *numbers_of(Arena *arena, const Components *found, const Chosen *chosen)
{
    uint8_t *are_in = zeros(arena, found->runs.components + 1);
    for (int i = 0; i < found->count; i++)
        are_in[found->marks[i].number] = chosen->is_in[i];
    return are_in;
}

uint8_t *mask_of(Arena *arena, const Components *found, const Chosen *chosen, int dilation)
{
    const uint8_t *are_in = numbers_of(arena, found, chosen);
    uint8_t *mask = zeros(arena, pixels_of(found->shape));
    for (const Run *run = found->runs.all; run < found->runs.all + found->runs.count; run++)
        if (are_in[run->number])
            memset(mask + run->y * found->shape.width + run->start, 255, (size_t)(run->end - run->start));
    return dilation > 1 ? dilate(arena, found->shape, mask, dilation) : mask;
}

int thickness(const Mark *mark)
{
    int wide = width_of(mark), high = height_of(mark);
    return larger(1, nearest(mark->area / (wide + high - smaller(wide, high) / 2.0)));
}

int largest_mass(const Components *found, const Chosen *chosen)
{
    int largest = -1;
    for (int i = 0; i < found->count; i++)
        if (chosen->is_in[i] && (largest < 0 || found->marks[i].mass > found->marks[largest].mass))
            largest = i;
    return largest;
}
