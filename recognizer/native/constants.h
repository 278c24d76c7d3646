/* The constants of components.py, lines.py, marks.py and clean.py, where they are explained. The module exports them,
   and a test compares them. Numbers without a name stand in the functions in both languages: the tests that compare
   what these find see if they part. */
#ifndef CONSTANTS_H
#define CONSTANTS_H

#define COUNTS(X) \
    X(FEW, 4) \
    X(MOST_MARKS, 24) \
    X(FAINTEST, 4) \
    X(LEAST_CONTRAST, 11) \
    X(LEAST_AREA, 3) \
    X(TWO_LEVELS, 64) \
    X(MOST_LINES, 4) \
    X(SMALL, 24) \
    X(SOFT, 24) \
    X(SIDE, 28)

#define SHARES(X) \
    X(RIM, 0.18) \
    X(EDGE, 0.1) \
    X(CROSSING, 0.95) \
    X(LINE_SPAN, 0.5) \
    X(RUN, 0.8) \
    X(THICKEST, 0.14) \
    X(NOISY, 0.45) \
    X(SPECK, 0.025) \
    X(APART, 0.35) \
    X(HALF, 0.6) \
    X(BROKEN, 0.2)

#define COUNT(name, value) name = value,
enum { COUNTS(COUNT) LEVELS = 256 };
#undef COUNT

#define SHARE(name, value) static const double name = value;
SHARES(SHARE)
#undef SHARE

#endif
