/* The C twin of a part of image/png.py. */
#ifndef PNG_H
#define PNG_H

#include <stdint.h>

#ifdef __GNUC__
#pragma GCC visibility push(hidden)
#endif

/* Undoes the filters of `height` rows of `length` bytes, each of which follows the number of its filter in `stream`.
   `step` bytes make a pixel. 0, or -1 where a filter is unknown. */
int unfilter(const uint8_t *stream, uint8_t *pixels, int height, int length, int step);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif

#endif
