// A state's accounts: memory, and the clock of a run.

#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "shims.h"

/// The clock is looked at whenever script code has allocated so much. [byte]
#define CLOCK_INTERVAL_BYTES 65536

/// Stands in front of each block: the number of the object in it, 0 for what has no identity that scripts can see.
typedef uint64_t block_header;

static int64_t nanoseconds(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static uintptr_t *extra_space(lua_State *L) { return (uintptr_t *)lua_getextraspace(L); }

luashim_context *luashim_context_of(lua_State *L) {
    return (luashim_context *)(*extra_space(L) & ~(uintptr_t)LUASHIM_THREAD_FLAGS);
}

void luashim_set_context(lua_State *L, luashim_context *context) { *extra_space(L) = (uintptr_t)context; }

bool luashim_has_flag(lua_State *L, unsigned flag) { return (*extra_space(L) & flag) != 0; }

void luashim_set_flag(lua_State *L, unsigned flag, bool value) {
    if (value) *extra_space(L) |= flag;
    else *extra_space(L) &= ~(uintptr_t)flag;
}

void luashim_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }

/// Processor time cannot pass faster than time: the costly clock is read only when the cheap one says that it matters.
static void plan_look(luashim_context *context, int64_t remaining) {
    if (__builtin_add_overflow(nanoseconds(CLOCK_MONOTONIC), remaining, &context->look_again))
        context->look_again = INT64_MAX;
}

void luashim_begin_run(luashim_context *context) {
    context->instructions_used = 0;
    context->cpu_started = nanoseconds(CLOCK_THREAD_CPUTIME_ID);
    plan_look(context, context->cpu_limit);
    context->bytes_since_clock = 0;
    context->exhausted = false;
    context->exhausted_line = 0;
    context->memory_refused = false;
    context->host_yield = false;
    context->close_depth = 0;
    context->in_script = true;
}

bool luashim_check_clock(luashim_context *context) {
    context->bytes_since_clock = 0;
    if (context->exhausted || nanoseconds(CLOCK_MONOTONIC) < context->look_again) return context->exhausted;
    int64_t used = nanoseconds(CLOCK_THREAD_CPUTIME_ID) - context->cpu_started;
    if (used > context->cpu_limit) context->exhausted = true;
    else plan_look(context, context->cpu_limit - used);
    return context->exhausted;
}

static bool fits(luashim_context *context, size_t growth, size_t cap) {
    return context->bytes_used < cap && growth <= cap - context->bytes_used;
}

static bool may_grow(luashim_context *context, size_t growth) {
    context->allocations++;
    bool fails = context->fail_from != 0 && context->allocations >= context->fail_from &&
                 context->allocations <= context->fail_through;
    if (!context->in_script)
        return !fails && (context->host_bytes_cap == 0 || fits(context, growth, context->host_bytes_cap));
    context->bytes_since_clock += growth;
    if (context->bytes_since_clock > CLOCK_INTERVAL_BYTES && luashim_check_clock(context)) return false;
    if (!fails && fits(context, growth, context->bytes_cap)) return true;
    // A refusal costs a full collection, so that a loop of refusals must find its end by the clock.
    luashim_check_clock(context);
    context->memory_refused = true;
    return false;
}

/// When a block is new, Lua says in place of its old size what it is for.
static bool has_identity(size_t type) {
    return type == LUA_TTABLE || type == LUA_TFUNCTION || type == LUA_TUSERDATA || type == LUA_TTHREAD;
}

void *luashim_allocate(void *data, void *block, size_t old_size, size_t new_size) {
    luashim_context *context = data;
    block_header *old = block != NULL ? (block_header *)block - 1 : NULL;
    size_t type = old == NULL ? old_size : 0;
    if (old == NULL) old_size = 0;
    if (new_size == 0) {
        free(old);
        context->bytes_used -= old_size;
        return NULL;
    }
    if (new_size > old_size && !may_grow(context, new_size - old_size)) return NULL;
    if (new_size > SIZE_MAX - sizeof *old) return NULL;
    block_header *moved = realloc(old, new_size + sizeof *moved);
    if (moved == NULL) {
        // Lua relies on it that a block can be made smaller.
        if (new_size <= old_size) return block;
        context->memory_refused = true;
        return NULL;
    }
    if (old == NULL) *moved = has_identity(type) ? ++context->objects : 0;
    context->bytes_used += new_size - old_size;
    if (context->bytes_used > context->bytes_peak) context->bytes_peak = context->bytes_used;
    if (context->in_script && new_size > old_size) luashim_shorten_ticks(context);
    return moved + 1;
}

uint64_t luashim_number_of(lua_State *L, int index) {
    int type = lua_type(L, index);
    if (type != LUA_TTABLE && type != LUA_TFUNCTION && type != LUA_TTHREAD) return 0;
    // Functions of C without upvalues are bare pointers.
    if (lua_iscfunction(L, index)) {
        if (lua_getupvalue(L, index, 1) == NULL) return 0;
        lua_pop(L, 1);
    }
    const char *object = lua_topointer(L, index);
    if (type == LUA_TTHREAD) object -= LUA_EXTRASPACE;
    block_header number;
    memcpy(&number, object - sizeof number, sizeof number);
    return number;
}
