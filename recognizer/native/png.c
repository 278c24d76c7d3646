/* The filters of PNG: ISO/IEC 15948, chapter 9. */
#include "png.h"

#include <stdlib.h>
#include <string.h>

static void add_left(uint8_t *row, int length, int step)
{
    for (int i = step; i < length; i++)
        row[i] = (uint8_t)(row[i] + row[i - step]);
}

static void add_above(uint8_t *row, const uint8_t *above, int length)
{
    for (int i = 0; i < length; i++)
        row[i] = (uint8_t)(row[i] + above[i]);
}

static void add_average(uint8_t *row, const uint8_t *above, int length, int step)
{
    for (int i = 0; i < length; i++)
        row[i] = (uint8_t)(row[i] + ((i < step ? 0 : row[i - step]) + (above == NULL ? 0 : above[i])) / 2);
}

/* Without branches, which would often be guessed wrong: the choice changes from pixel to pixel. */
static void add_paeth(uint8_t *row, const uint8_t *above, int length, int step)
{
    for (int channel = 0; channel < step; channel++) {
        int left = 0, corner = 0;
        for (int i = channel; i < length; i += step) {
            int over = above[i], from_left = over - corner, from_over = left - corner;
            int from_corner = abs(from_left + from_over);
            from_left = abs(from_left);
            from_over = abs(from_over);
            int least = from_over < from_left ? from_over : from_left;
            int choice = from_over < from_left ? over : left;
            choice = from_corner < least ? corner : choice;
            corner = over;
            left = row[i] = (uint8_t)(row[i] + choice);
        }
    }
}

int unfilter(const uint8_t *stream, uint8_t *pixels, int height, int length, int step)
{
    const uint8_t *above = NULL;
    for (int y = 0; y < height; y++, stream += length + 1) {
        uint8_t *row = pixels + y * length, filter = stream[0];
        memcpy(row, stream + 1, (size_t)length);
        if (filter > 4)
            return -1;
        if (filter == 1 || (filter == 4 && above == NULL)) /* of nothing above Paeth takes what is on the left */
            add_left(row, length, step);
        else if (filter == 2 && above != NULL)
            add_above(row, above, length);
        else if (filter == 3)
            add_average(row, above, length, step);
        else if (filter == 4)
            add_paeth(row, above, length, step);
        above = row;
    }
    return 0;
}
