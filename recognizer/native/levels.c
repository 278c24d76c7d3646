#include <math.h>

#include "page.h"

static int otsu(const int *counts, int pixels)
{
    double all = 0, sum = 0, up_to = 0, best = 0;
    int threshold = 0;
    for (int level = 0; level < LEVELS; level++)
        all += (double)level * counts[level];
    for (int level = 0; level < LEVELS; level++) {
        if (!counts[level])
            continue; /* as good as the level before */
        sum += (double)level * counts[level];
        up_to += counts[level];
        double apart = sum * pixels - all * up_to, rest = pixels - up_to;
        double between = rest ? apart * apart / (up_to * rest) : 0;
        if (between > best) {
            best = between;
            threshold = level;
        }
    }
    return threshold;
}

int first_with(const int *counts, double pixels)
{
    int sum = 0;
    for (int level = 0; level < LEVELS; level++) {
        sum += counts[level];
        if (sum >= pixels)
            return level;
    }
    return LEVELS;
}

/* In four tables by turns: neighbours are often equal, and adding to one number twice has to wait. */
static void count_levels(const uint8_t *ink, int pixels, int *counts)
{
    int tables[4][LEVELS] = {{0}}, i = 0;
    for (; i + 4 <= pixels; i += 4)
        for (int k = 0; k < 4; k++)
            tables[k][ink[i + k]]++;
    for (; i < pixels; i++)
        tables[0][ink[i]]++;
    for (int level = 0; level < LEVELS; level++)
        counts[level] = tables[0][level] + tables[1][level] + tables[2][level] + tables[3][level];
}

Levels levels_of(Arena *arena, Shape page, const uint8_t *ink)
{
    int counts[LEVELS], pixels = pixels_of(page), below = 0, middle = 0, gap = 1;
    double noise = 0;
    count_levels(ink, pixels, counts);
    int threshold = otsu(counts, pixels);
    uint8_t *binary = NEW(arena, uint8_t, pixels);
    for (int i = 0; i < pixels; i++)
        binary[i] = ink[i] > threshold ? 255 : 0;
    for (int level = 0; level <= threshold; level++)
        below += counts[level];
    if (counts[0] < 0.5 * below) {
        middle = first_with(counts, 0.5 * below);
        noise = (middle - first_with(counts, 0.1 * below)) / 1.28;
    }
    while (threshold + gap < LEVELS && !counts[threshold + gap])
        gap++;
    if (threshold + gap < LEVELS && gap > TWO_LEVELS)
        threshold += gap / 2;
    return (Levels){threshold, (int)fmin(middle + 2 * noise, 0.7 * threshold), binary};
}

/* Where a page of n pixels goes on beyond its edge: it is mirrored, the edge itself not repeated. */
static int mirrored(int i, int n)
{
    if (n == 1)
        return 0;
    return i < 0 ? -i : i >= n ? 2 * n - 2 - i : i;
}

uint8_t *blurred(Arena *arena, Shape page, const uint8_t *ink)
{
    uint16_t *across = NEW(arena, uint16_t, pixels_of(page));
    uint8_t *smooth = NEW(arena, uint8_t, pixels_of(page));
    int last = page.width - 1;
    for (int y = 0; y < page.height; y++) {
        const uint8_t *row = ink + y * page.width;
        uint16_t *to = across + y * page.width;
        for (int x = 1; x < last; x++)
            to[x] = (uint16_t)(row[x - 1] + 2 * row[x] + row[x + 1]);
        to[0] = (uint16_t)(2 * (row[0] + row[mirrored(1, page.width)]));
        to[last] = (uint16_t)(2 * (row[last] + row[mirrored(last - 1, page.width)]));
    }
    for (int y = 0; y < page.height; y++) {
        const uint16_t *row = across + y * page.width;
        const uint16_t *above = across + mirrored(y - 1, page.height) * page.width;
        const uint16_t *below = across + mirrored(y + 1, page.height) * page.width;
        for (int x = 0; x < page.width; x++)
            smooth[y * page.width + x] = (uint8_t)((above[x] + 2 * row[x] + below[x] + 8) >> 4);
    }
    return smooth;
}
