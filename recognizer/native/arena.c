#include <stdlib.h>

#include "page.h"

/* For sanitizers each piece is a block of its own, of just its size: what reaches beyond is seen. */
#ifdef PIECE_BY_PIECE
enum { LEAST = 0, STEP = 1 };
#else
enum { LEAST = 1 << 18, STEP = 16 };
#endif

struct Block {
    Block *next;
    size_t size, used;
};

/* The first byte of a block that can be given out. */
static const size_t HEAD = (sizeof(Block) + 15) / 16 * 16;

static Block *new_block(Arena *arena, size_t bytes)
{
    size_t size = bytes > LEAST ? bytes : LEAST;
    Block *block = malloc(HEAD + size);
    if (block == NULL)
        longjmp(arena->exhausted, 1);
    block->next = NULL;
    block->size = size;
    block->used = 0;
    return block;
}

void *take(Arena *arena, size_t bytes)
{
    bytes = (bytes + STEP - 1) / STEP * STEP;
    if (arena->first == NULL)
        arena->first = arena->current = new_block(arena, bytes);
    while (arena->current->size - arena->current->used < bytes) {
        if (arena->current->next == NULL)
            arena->current->next = new_block(arena, bytes);
        arena->current = arena->current->next;
        arena->current->used = 0;
    }
    void *piece = (char *)arena->current + HEAD + arena->current->used;
    arena->current->used += bytes;
    return piece;
}

void give_back_all(Arena *arena)
{
    if (LEAST == 0)
        release(arena);
    arena->current = arena->first;
    if (arena->first != NULL)
        arena->first->used = 0;
}

void release(Arena *arena)
{
    for (Block *block = arena->first; block != NULL;) {
        Block *next = block->next;
        free(block);
        block = next;
    }
    arena->first = arena->current = NULL;
}
