// Compiling inside the budget. Lua's compiler calls no hook, and some of its work is quadratic in the length of the
// text: chains of `and`, `or` and `elseif` while it reads, jumps to one label when it comes to the label. The text is
// therefore handed over in pieces, with a look at the clock before each; jumps are counted and charged beforehand.

#define _GNU_SOURCE
#include <string.h>

#include "shims.h"

/// The worst that the compiler can do with so much text takes some milliseconds. [byte]
#define PIECE_BYTES 256
/// Jumps squared that cost as much as one instruction.
#define JUMPS_PER_INSTRUCTION 8

typedef struct {
    const char *next;
    size_t left;
    bool is_charged;
} source;

static uint64_t count_of(const char *word, const char *text, size_t length) {
    uint64_t count = 0;
    const char *end = text + length;
    while ((text = memmem(text, (size_t)(end - text), word, strlen(word))) != NULL) {
        count++;
        text += strlen(word);
    }
    return count;
}

static uint64_t cost_of(const source *source) {
    uint64_t jumps = count_of("goto", source->next, source->left) + count_of("break", source->next, source->left);
    // No more of them can be open in one function.
    if (jumps > INT16_MAX) jumps = INT16_MAX;
    return source->left + jumps * jumps / JUMPS_PER_INSTRUCTION;
}

/// Runs inside the compiler, which is protected: raising here ends the compilation.
static const char *read_piece(lua_State *L, void *data, size_t *length) {
    source *source = data;
    luashim_context *context = luashim_context_of(L);
    if (!source->is_charged) {
        source->is_charged = true;
        context->instructions_used += cost_of(source);
        if (context->instructions_used > context->instruction_limit) context->exhausted = true;
    }
    if (luashim_check_clock(context)) luaL_error(L, "the processor budget is spent");
    const char *piece = source->next;
    *length = source->left < PIECE_BYTES ? source->left : PIECE_BYTES;
    source->next += *length;
    source->left -= *length;
    return piece;
}

int luashim_compile(lua_State *L, const char *text, size_t length, const char *chunk_name) {
    source source = {.next = text, .left = length, .is_charged = false};
    return lua_load(L, read_piece, &source, chunk_name, "t");
}
