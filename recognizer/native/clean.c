#include "page.h"

/* What a pixel of each level becomes as paper is taken to 0 and the core of strokes to 255. */
static void stretch(int paper, double factor, uint8_t *levels)
{
    for (int level = 0; level < LEVELS; level++) {
        float stretched = (float)larger(0, level - paper) * (float)factor;
        levels[level] = (uint8_t)smaller(LEVELS - 1, nearest(stretched));
    }
}

/* The box with room for the soft rim of its strokes. */
static Box around(Box box, Shape page)
{
    int rim = larger(5, 2 + larger(box.right - box.left, box.bottom - box.top) / 20);
    return (Box){larger(0, box.left - rim), larger(0, box.top - rim), smaller(page.width, box.right + rim),
                 smaller(page.height, box.bottom + rim)};
}

/* Turns a zone into the ink of the kept marks alone, and their box into that of this ink; 0 where there is none. */
int clean_ink(Shape page, const uint8_t *ink, uint8_t *zone, Marks *marks)
{
    uint8_t levels[LEVELS];
    stretch(marks->paper, 255.0 / larger(1, marks->core - marks->paper), levels);
    for (int i = 0; i < pixels_of(page); i++)
        zone[i] = marks->has_zone ? zone[i] & levels[ink[i]] : levels[ink[i]];
    Box wide = around(marks->box, page), box = {page.width, page.height, 0, 0};
    for (int y = wide.top; y < wide.bottom; y++)
        for (int x = wide.left; x < wide.right; x++)
            if (zone[y * page.width + x] > SOFT)
                box = (Box){smaller(box.left, x), smaller(box.top, y), larger(box.right, x + 1), y + 1};
    marks->box = box;
    return box.right > 0;
}

/* Puts a cut of ink into a glyph, black before, with its centre of mass in the middle; its darkest pixel is taken to
   255 first, if it is to be. */
void centre(const Cut *cut, uint8_t *glyph)
{
    uint8_t levels[LEVELS];
    int peak = 0;
    int64_t mass = 0, across = 0, down = 0;
    for (int y = 0; y < cut->shape.height; y++)
        for (int x = 0; x < cut->shape.width; x++)
            peak = larger(peak, cut->pixels[y * cut->stride + x]);
    if (!peak)
        return;
    stretch(0, cut->to_peak ? 255.0 / peak : 1, levels);
    for (int y = 0; y < cut->shape.height; y++)
        for (int x = 0; x < cut->shape.width; x++) {
            int level = levels[cut->pixels[y * cut->stride + x]];
            mass += level;
            across += (int64_t)level * x;
            down += (int64_t)level * y;
        }
    int left = nearest(SIDE / 2 - (double)across / (double)mass);
    int top = nearest(SIDE / 2 - (double)down / (double)mass);
    left = smaller(larger(left, 0), SIDE - cut->shape.width);
    top = smaller(larger(top, 0), SIDE - cut->shape.height);
    for (int y = 0; y < cut->shape.height; y++)
        for (int x = 0; x < cut->shape.width; x++)
            glyph[(top + y) * SIDE + left + x] = levels[cut->pixels[y * cut->stride + x]];
}
