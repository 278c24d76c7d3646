#include <math.h>
#include <string.h>

#include "page.h"

static int is_long(int length, int breadth, int start, int side, int other, double off_centre, double inner)
{
    if (length >= CROSSING * side && breadth <= 0.15 * other && off_centre > 0.15)
        return 1;
    int near = start <= EDGE * side || start + length >= (1 - EDGE) * side;
    return near && breadth <= fmin(2 * RIM * other, length / 3.0) && off_centre > 0.25 && inner < 0.3;
}

static int is_line(const Mark *mark, Shape page)
{
    int wide = width_of(mark), high = height_of(mark);
    double down = fabs((mark->box.top + mark->box.bottom) / (2.0 * page.height) - 0.5);
    double across = fabs((mark->box.left + mark->box.right) / (2.0 * page.width) - 0.5);
    if (wide >= LINE_SPAN * page.width &&
        is_long(wide, high, mark->box.left, page.width, page.height, down, mark->inner))
        return 1;
    return high >= LINE_SPAN * page.height &&
           is_long(high, wide, mark->box.top, page.height, page.width, across, mark->inner);
}

static int fills_page(const Components *found, const Chosen *lines)
{
    Chosen others = {0};
    int64_t mass = 0;
    for (int i = 0; i < found->count; i++) {
        if (lines->is_in[i])
            mass += found->marks[i].mass;
        else
            choose(&others, i);
    }
    if (!others.count)
        return 0;
    const Mark *main = found->marks + largest_mass(found, &others);
    if (main->mass < 0.2 * (double)mass)
        return 0;
    Shape page = found->shape;
    int touched = (main->box.left <= 1) + (main->box.top <= 1) + (main->box.right >= page.width - 1) +
                  (main->box.bottom >= page.height - 1);
    return touched >= 2 && main->inner >= 0.3;
}

static int is_clear(Box box, Shape page)
{
    int x = larger(3, nearest(0.08 * page.width)), y = larger(3, nearest(0.08 * page.height));
    return box.left >= x && box.top >= y && box.right <= page.width - x && box.bottom <= page.height - y;
}

/* Whether what is left is clear of the page's edges, in all its components that are larger than `least`; and whether
   there are such. */
static int large_are_clear(Arena *arena, Shape page, const Runs *runs, double least, int *any)
{
    int *areas = NEW(arena, int, runs->components + 1), clear = 1;
    Box *boxes = NEW(arena, Box, runs->components + 1);
    for (int number = 0; number <= runs->components; number++) {
        areas[number] = 0;
        boxes[number] = (Box){page.width, page.height, 0, 0};
    }
    for (const Run *run = runs->all; run < runs->all + runs->count; run++) {
        areas[run->number] += run->end - run->start;
        widen(boxes + run->number, run);
    }
    *any = 0;
    for (int number = 1; number <= runs->components; number++)
        if (areas[number] > least) {
            *any = 1;
            clear = clear && is_clear(boxes[number], page);
        }
    return clear;
}

/* Draws the runs of `length` pixels or more in a row. A window of even length lies off its centre: what OpenCV opens
   with one moves on by a pixel. */
static int open_row(const uint8_t *row, int width, int length, uint8_t *runs)
{
    int found = 0, shift = length % 2 == 0;
    for (int start = 0, end; start < width; start = end + 1) {
        for (end = start; end < width && row[end]; end++) {
        }
        int from = start + shift, to = smaller(end + shift, width);
        if (end - start >= length && from < to) {
            memset(runs + from, 255, (size_t)(to - from));
            found = 1;
        }
    }
    return found;
}

static uint8_t *runs_across(Arena *arena, Shape page, const uint8_t *mask, int length)
{
    uint8_t *level = NEW(arena, uint8_t, page.width), *runs = NULL;
    int smear = smaller(page.height, page.width) >= 40, skipped = nearest(0.3 * page.height), any = 0;
    for (int y = 0; y < page.height; y++) {
        if (y >= skipped && y < page.height - skipped)
            continue;
        const uint8_t *row = mask + y * page.width;
        int inked = 0;
        memcpy(level, row, (size_t)page.width);
        for (int x = 0; smear && y > 0 && x < page.width; x++)
            level[x] |= row[x - page.width];
        for (int x = 0; smear && y + 1 < page.height && x < page.width; x++)
            level[x] |= row[x + page.width];
        for (int x = 0; x < page.width; x++)
            inked += level[x] & 1;
        if (inked < length)
            continue;
        if (runs == NULL)
            runs = zeros(arena, pixels_of(page));
        any |= open_row(level, page.width, length, runs + y * page.width);
    }
    return any ? runs : NULL;
}

static uint8_t *transposed(Arena *arena, Shape page, const uint8_t *mask)
{
    uint8_t *turned = NEW(arena, uint8_t, pixels_of(page));
    for (int y = 0; y < page.height; y++)
        for (int x = 0; x < page.width; x++)
            turned[x * page.height + y] = mask[y * page.width + x];
    return turned;
}

static uint8_t *runs_of(Arena *arena, Shape page, const uint8_t *mask, int long_x, int long_y)
{
    Shape turned = {page.width, page.height};
    uint8_t *across = runs_across(arena, page, mask, long_x);
    uint8_t *down = runs_across(arena, turned, transposed(arena, page, mask), long_y);
    if (down == NULL)
        return across;
    down = transposed(arena, turned, down);
    for (int i = 0; across != NULL && i < pixels_of(page); i++)
        down[i] |= across[i];
    return down;
}

static int joined_lines(Arena *arena, const Components *found, Lines *lines)
{
    Shape page = found->shape;
    int shorter = smaller(page.height, page.width), thickest = 0;
    if (larger(page.height, page.width) > 2 * shorter || shorter < SMALL)
        return 0;
    int long_x = nearest(RUN * page.width), long_y = nearest(RUN * page.height);
    Chosen spanning = {0}, all = {0};
    for (int i = 0; i < found->count; i++) {
        const Mark *mark = found->marks + i;
        choose(&all, i);
        if (width_of(mark) >= long_x || height_of(mark) >= long_y) {
            choose(&spanning, i);
            thickest = larger(thickest, thickness(mark));
        }
    }
    if (!spanning.count)
        return 0;
    uint8_t *binary = mask_of(arena, found, &spanning, 1);
    uint8_t *runs = runs_of(arena, page, binary, long_x, long_y);
    if (runs == NULL)
        return 0;
    runs = dilate(arena, page, runs, shorter >= 40 ? 5 : 3);
    uint8_t *rest = mask_of(arena, found, &all, 1);
    subtract(page, rest, runs);
    int thin = thickest <= THICKEST * shorter, any_large;
    lines->mask = runs;
    Runs left = find_runs(arena, page, rest);
    if (!large_are_clear(arena, page, &left, 0.1 * (double)count_ink(page, binary), &any_large))
        return 0;
    lines->certain = any_large || thin;
    return 1;
}

static void fill_rows(uint8_t *mask, Shape page, int from, int to)
{
    memset(mask + from * page.width, 255, (size_t)((to - from) * page.width));
}

static void fill_columns(uint8_t *mask, Shape page, int from, int to)
{
    for (int y = 0; y < page.height; y++)
        memset(mask + y * page.width + from, 255, (size_t)(to - from));
}

/* Whether there are lines of a cell's border or a form; if so, `lines` has them. */
int border_lines(Arena *arena, const Components *found, Lines *lines)
{
    Shape page = found->shape;
    Chosen chosen = {0};
    int thickest = 0;
    for (int i = 0; i < found->count; i++)
        if (is_line(found->marks + i, page)) {
            choose(&chosen, i);
            thickest = larger(thickest, thickness(found->marks + i));
        }
    if (!chosen.count || fills_page(found, &chosen))
        return joined_lines(arena, found, lines);
    lines->mask = mask_of(arena, found, &chosen, 2 + 2 * thickest);
    lines->certain = 1;
    for (int i = 0; i < found->count; i++) {
        if (!chosen.is_in[i])
            continue;
        const Mark *line = found->marks + i;
        Box box = line->box;
        if (width_of(line) > height_of(line)) {
            int above = box.top + box.bottom < page.height;
            fill_rows(lines->mask, page, above ? 0 : box.bottom, above ? box.top : page.height);
        } else {
            int left = box.left + box.right < page.width;
            fill_columns(lines->mask, page, left ? 0 : box.right, left ? box.left : page.width);
        }
    }
    return 1;
}
