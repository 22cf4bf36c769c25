// Runs of tasks: the count hook, and how a run is stopped when its budget is spent.

#include <stdio.h>

#include "shims.h"

/// Instructions between two ticks of the count hook while the state is small.
#define LONGEST_TICK 1000
#define SHORTEST_TICK 32
/// One instruction on a string or a table takes time in proportion to its size. The more memory is in use, the fewer
/// instructions go between two ticks: this many bytes times instructions. [byte]
#define TICK_BYTES ((size_t)512 << 20)

static void note_position(lua_State *L, luashim_context *context) {
    if (context->exhausted_line == 0)
        luashim_position(L, context->exhausted_file, sizeof context->exhausted_file, &context->exhausted_line);
}

static int tick_length(luashim_context *context) {
    if (context->bytes_used <= TICK_BYTES / LONGEST_TICK) return LONGEST_TICK;
    if (context->bytes_used >= TICK_BYTES / SHORTEST_TICK) return SHORTEST_TICK;
    return (int)(TICK_BYTES / context->bytes_used);
}

static void count_hook(lua_State *L, lua_Debug *activation) {
    (void)activation;
    luashim_context *context = luashim_context_of(L);
    if (!context->in_script) return;
    int ticked = lua_gethookcount(L);
    context->instructions_used += (uint64_t)ticked;
    if (context->instructions_used > context->instruction_limit) context->exhausted = true;
    if (!luashim_check_clock(context)) {
        int length = tick_length(context);
        if (length > 2 * ticked) lua_sethook(L, count_hook, LUA_MASKCOUNT, length);
        return;
    }
    note_position(L, context);
    if (lua_isyieldable(L)) {
        if (!luashim_has_flag(L, LUASHIM_THREAD_TASK)) luashim_set_flag(L, LUASHIM_THREAD_WAITING, true);
        lua_yield(L, 0);
        return;
    }
    luashim_set_flag(L, LUASHIM_THREAD_POISONED, true);
    luaL_error(L, "the processor budget is spent");
}

void luashim_shorten_ticks(luashim_context *context) {
    if (context->running == NULL || context->bytes_used <= TICK_BYTES / LONGEST_TICK) return;
    int length = tick_length(context);
    // Setting begins a new tick: by halves at least, so that no script can put the next one off for ever.
    if (2 * length <= lua_gethookcount(context->running))
        lua_sethook(context->running, count_hook, LUA_MASKCOUNT, length);
}

lua_State *luashim_enter(luashim_context *context, lua_State *thread) {
    lua_State *former = context->running;
    context->running = thread;
    luashim_shorten_ticks(context);
    return former;
}

int luashim_stop(lua_State *L) {
    note_position(L, luashim_context_of(L));
    if (lua_isyieldable(L)) {
        if (!luashim_has_flag(L, LUASHIM_THREAD_TASK)) luashim_set_flag(L, LUASHIM_THREAD_WAITING, true);
        return lua_yield(L, 0);
    }
    return luaL_error(L, "the processor budget is spent");
}

void luashim_spend(lua_State *L, uint64_t instructions) {
    luashim_context *context = luashim_context_of(L);
    if (!context->in_script) return;
    uint64_t used = context->instructions_used;
    if (used > context->instruction_limit || instructions > context->instruction_limit - used) context->exhausted = true;
    context->instructions_used = instructions > UINT64_MAX - used ? UINT64_MAX : used + instructions;
    if (luashim_check_clock(context)) luashim_stop(L);
}

static int panic(lua_State *L) {
    const char *message = lua_tostring(L, -1);
    fprintf(stderr, "moonline: unprotected error in Lua: %s\n", message != NULL ? message : "?");
    return 0;
}

struct lua_State *luashim_new_state(
    luashim_context *context, uint64_t random_seed, int32_t print_function, int32_t require_function) {
    lua_State *L = lua_newstate(luashim_allocate, context);
    if (L == NULL) return NULL;
    luashim_set_context(L, context);
    lua_atpanic(L, panic);
    lua_pushcfunction(L, luashim_open);
    lua_pushinteger(L, (lua_Integer)random_seed);
    lua_pushinteger(L, print_function);
    lua_pushinteger(L, require_function);
    if (lua_pcall(L, 3, 0, 0) != LUA_OK) {
        lua_close(L);
        return NULL;
    }
    lua_sethook(L, count_hook, LUA_MASKCOUNT, LONGEST_TICK);
    return L;
}

int luashim_load(lua_State *L, const char *source, size_t length, const char *chunk_name) {
    luashim_context *context = luashim_context_of(L);
    luashim_begin_run(context);
    int status = luashim_compile(L, source, length, chunk_name);
    context->in_script = false;
    return status;
}

int luashim_resume(lua_State *L, lua_State *task, int arguments, int *results) {
    luashim_context *context = luashim_context_of(L);
    luashim_begin_run(context);
    luashim_enter(context, task);
    int status = lua_resume(task, L, arguments, results);
    context->in_script = false;
    context->running = NULL;
    return status;
}

int luashim_close(lua_State *L, lua_State *task) {
    luashim_context *context = luashim_context_of(L);
    if (luashim_has_flag(task, LUASHIM_THREAD_POISONED)) return LUA_OK;
    luashim_begin_run(context);
    luashim_enter(context, task);
    int status = lua_resetthread(task);
    context->in_script = false;
    context->running = NULL;
    return status;
}
