#include <math.h>
#include <string.h>

#include "page.h"

static int keeps_clear(Box box, Shape page)
{
    int x = larger(2, nearest(0.08 * page.width)), y = larger(2, nearest(0.08 * page.height));
    return box.left >= x && box.top >= y && box.right <= page.width - x && box.bottom <= page.height - y;
}

static int at_edge(const Mark *mark, Shape page)
{
    Box box = mark->box;
    return box.left <= 0 || box.top <= 0 || box.right >= page.width || box.bottom >= page.height;
}

static double weight(const Mark *mark, Shape page)
{
    double x = (mark->box.left + mark->box.right) / (2.0 * page.width) - 0.5;
    double y = (mark->box.top + mark->box.bottom) / (2.0 * page.height) - 0.5;
    double centred = exp(-4 * (x * x + y * y));
    return (double)mark->mass * centred * (0.1 + mark->inner) * (at_edge(mark, page) ? 0.5 : 1.0);
}

static int gap(const Mark *mark, const Mark *other)
{
    int beside = larger(mark->box.left - other->box.right, other->box.left - mark->box.right);
    return larger(beside, larger(mark->box.top - other->box.bottom, other->box.top - mark->box.bottom));
}

static int belongs(const Mark *mark, const Mark *main, Shape page, int ruled)
{
    int size = larger(width_of(main), height_of(main)), edge = at_edge(mark, page), edged = at_edge(main, page);
    double mass = (double)mark->mass, main_mass = (double)main->mass;
    if (mass < SPECK * main_mass || strength_of(mark) < 0.5 * strength_of(main))
        return 0;
    int outer = edge || (mark->inner == 0 && (ruled || gap(mark, main) > BROKEN * size));
    if (outer && !edged && (mark->inner < 0.3 || mass < 0.15 * main_mass))
        return 0;
    int wider = width_of(mark) > 1.2 * width_of(main) || height_of(mark) > 1.2 * height_of(main);
    int sparse = mark->area < 0.3 * width_of(mark) * height_of(mark);
    return !(wider && sparse && mark->inner < 0.6 && !edged);
}

static Chosen strokes(const Components *found, int ruled)
{
    Shape page = found->shape;
    const Mark *marks = found->marks, *main = marks;
    Chosen kept = {0}, candidates = {0};
    if (!found->count)
        return kept;
    for (int i = 1; i < found->count; i++)
        if (weight(marks + i, page) > weight(main, page))
            main = marks + i;
    choose(&kept, (int)(main - marks));
    int size = larger(width_of(main), height_of(main));
    for (int i = 0; i < found->count; i++)
        if (marks + i != main && belongs(marks + i, main, page, ruled)) {
            choose(&candidates, i);
            if (height_of(marks + i) >= 0.6 * height_of(main))
                choose(&kept, i);
        }
    for (int more = 1; more;) {
        more = 0;
        for (int i = 0; i < found->count; i++) {
            if (!candidates.is_in[i] || kept.is_in[i])
                continue;
            int half = marks[i].mass > 0.25 * (double)main->mass && !at_edge(marks + i, page) && !ruled;
            double reach = (half ? HALF : APART) * size;
            for (int other = 0; other < found->count && !kept.is_in[i]; other++)
                if (kept.is_in[other] && gap(marks + i, marks + other) <= reach) {
                    choose(&kept, i);
                    more = 1;
                }
        }
    }
    return kept;
}

/* What is left beside a line that was taken out, and not what was written. */
static int is_rest_of_line(const Mark *main, Shape page, const uint8_t *lined)
{
    int wide = width_of(main), high = height_of(main);
    if (high < 0.2 * page.height && wide < 0.2 * page.width)
        return 1;
    int spans = high >= 0.7 * page.height || wide >= 0.7 * page.width;
    int thin = spans && 4 * smaller(wide, high) < larger(wide, high), margin = thin ? 4 : 1, beside = 0;
    for (int y = larger(0, main->box.top - margin); y < smaller(page.height, main->box.bottom + margin); y++)
        for (int x = larger(0, main->box.left - margin); x < smaller(page.width, main->box.right + margin); x++)
            beside += lined[y * page.width + x] != 0;
    return beside > 0.25 * (wide + high) && (thin || main->inner < 0.5);
}

static int is_residue(const Components *found, const Chosen *kept, const uint8_t *lined, int paper)
{
    const Mark *main = found->marks + largest_mass(found, kept);
    if (main->area < LEAST_AREA || strength_of(main) - paper < LEAST_CONTRAST * pow(found->count, 0.4))
        return 1;
    int of_kept = 0, inside = 0;
    for (int i = 0; i < found->count; i++) {
        of_kept += kept->is_in[i] ? found->marks[i].area : 0;
        inside += found->marks[i].inner > 0.3 ? found->marks[i].area : 0;
    }
    if (found->count > 8 && of_kept < 0.5 * inside)
        return 1;
    return lined != NULL && is_rest_of_line(main, found->shape, lined);
}

static void draw_zone(Arena *arena, const Components *found, const Chosen *kept, const uint8_t *lined, uint8_t *zone)
{
    Shape page = found->shape;
    Chosen dropped = {0};
    uint8_t *mask = mask_of(arena, found, kept, 5 + 2 * (larger(page.height, page.width) / 40));
    for (int i = 0; i < found->count; i++)
        if (!kept->is_in[i])
            choose(&dropped, i);
    if (dropped.count)
        subtract(page, mask, mask_of(arena, found, &dropped, 3));
    if (lined != NULL)
        subtract(page, mask, lined);
    memcpy(zone, mask, (size_t)pixels_of(page));
}

static Box box_of(const Components *found, const Chosen *kept)
{
    Box box = {found->shape.width, found->shape.height, 0, 0};
    for (int i = 0; i < found->count; i++) {
        if (!kept->is_in[i])
            continue;
        Box own = found->marks[i].box;
        box = (Box){smaller(box.left, own.left), smaller(box.top, own.top), larger(box.right, own.right),
                    larger(box.bottom, own.bottom)};
    }
    return box;
}

static int core_of(Arena *arena, const Components *found, const uint8_t *ink, const Chosen *kept)
{
    const uint8_t *are_in = numbers_of(arena, found, kept);
    int counts[LEVELS] = {0}, total = 0;
    for (const Run *run = found->runs.all; run < found->runs.all + found->runs.count; run++)
        for (int x = run->start; are_in[run->number] && x < run->end; x++, total++)
            counts[ink[run->y * found->shape.width + x]]++;
    return first_with(counts, 0.9 * total);
}

static int are_several(const Components *found, const Chosen *kept)
{
    const Mark *tall[MOST_MARKS];
    int count = 0, tallest = 0, largest = 0;
    for (int i = 0; i < found->count; i++)
        if (kept->is_in[i]) {
            tallest = larger(tallest, height_of(found->marks + i));
            largest = larger(largest, found->marks[i].area);
        }
    for (int i = 0; i < found->count; i++) {
        const Mark *mark = found->marks + i;
        if (!kept->is_in[i] || height_of(mark) < 0.6 * tallest || mark->area < 0.2 * largest)
            continue;
        int place = count++;
        for (; place > 0 && tall[place - 1]->box.left > mark->box.left; place--)
            tall[place] = tall[place - 1];
        tall[place] = mark;
    }
    for (int i = 0; i + 1 < count; i++) {
        int overlap = tall[i]->box.right - tall[i + 1]->box.left;
        if (overlap <= 0.15 * smaller(width_of(tall[i]), width_of(tall[i + 1])))
            return 1;
    }
    return 0;
}

static int sort(Arena *arena, Shape page, const uint8_t *ink, Levels levels, const uint8_t *lined, int rounds,
                uint8_t *zone, Marks *marks)
{
    if (levels.threshold - levels.paper < FAINTEST)
        return 0;
    Components found;
    Lines lines;
    find_marks(arena, page, ink, levels.binary, &found);
    if (rounds && border_lines(arena, &found, &lines)) {
        uint8_t *erased = lines.mask, *left = copy_of(arena, page, ink);
        for (int i = 0; lined != NULL && i < pixels_of(page); i++)
            erased[i] |= lined[i];
        subtract(page, left, erased);
        int inked = sort(arena, page, left, levels_of(arena, page, left), erased, rounds - 1, zone, marks);
        if (lines.certain || (inked && keeps_clear(marks->box, page)))
            return inked;
    }
    Chosen kept = strokes(&found, lined != NULL);
    if (!kept.count || is_residue(&found, &kept, lined, levels.paper))
        return 0;
    marks->has_zone = found.count > 1 || levels.paper || lined != NULL;
    if (marks->has_zone)
        draw_zone(arena, &found, &kept, lined, zone);
    marks->box = box_of(&found, &kept);
    marks->several = are_several(&found, &kept);
    marks->paper = levels.paper;
    marks->core = core_of(arena, &found, ink, &kept);
    return 1;
}

/* Whether there is a character on a map of ink; if so, `marks` has it, and `zone` where its ink may lie. */
int sort_marks(Arena *arena, Shape page, const uint8_t *ink, uint8_t *zone, Marks *marks)
{
    Levels levels = levels_of(arena, page, ink);
    if (levels.paper > NOISY * levels.threshold) {
        ink = blurred(arena, page, ink);
        levels = levels_of(arena, page, ink);
    }
    return sort(arena, page, ink, levels, NULL, MOST_LINES, zone, marks);
}
