// The state's accounts: memory, processor budget, runs of tasks.

#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "shims.h"

/// The clock is looked at whenever script code has allocated so much. [byte]
#define CLOCK_INTERVAL_BYTES 65536

static int64_t thread_cpu_time(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static uintptr_t *extra_space(lua_State *L) { return (uintptr_t *)lua_getextraspace(L); }

luashim_context *luashim_context_of(lua_State *L) {
    return (luashim_context *)(*extra_space(L) & ~(uintptr_t)LUASHIM_THREAD_FLAGS);
}

bool luashim_has_flag(lua_State *L, unsigned flag) { return (*extra_space(L) & flag) != 0; }

void luashim_set_flag(lua_State *L, unsigned flag, bool value) {
    if (value) *extra_space(L) |= flag;
    else *extra_space(L) &= ~(uintptr_t)flag;
}

bool luashim_check_clock(luashim_context *context) {
    context->bytes_since_clock = 0;
    if (!context->exhausted && thread_cpu_time() - context->cpu_started > context->cpu_limit) context->exhausted = true;
    return context->exhausted;
}

/// A growth that script code asks for.
static bool may_grow(luashim_context *context, size_t growth) {
    context->allocations++;
    context->bytes_since_clock += growth;
    if (context->bytes_since_clock > CLOCK_INTERVAL_BYTES && luashim_check_clock(context)) return false;
    bool fails = context->fail_from_allocation != 0 && context->allocations >= context->fail_from_allocation;
    if (!fails && context->bytes_used < context->bytes_cap && growth <= context->bytes_cap - context->bytes_used)
        return true;
    // A refusal costs a full collection, so that a loop of refusals must find its end by the clock.
    luashim_check_clock(context);
    context->memory_refused = true;
    return false;
}

void luashim_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }

static void *allocate(void *data, void *block, size_t old_size, size_t new_size) {
    luashim_context *context = data;
    if (block == NULL) old_size = 0;
    if (new_size == 0) {
        free(block);
        context->bytes_used -= old_size;
        return NULL;
    }
    if (context->in_script && new_size > old_size && !may_grow(context, new_size - old_size)) return NULL;
    void *moved = realloc(block, new_size);
    if (moved == NULL) {
        if (new_size <= old_size) return block;
        if (context->in_script) {
            context->memory_refused = true;
            return NULL;
        }
        // The machine has no memory left while the host itself needs some: nothing can be unwound from here.
        fputs("moonline: out of memory\n", stderr);
        abort();
    }
    context->bytes_used += new_size - old_size;
    if (context->bytes_used > context->bytes_peak) context->bytes_peak = context->bytes_used;
    return moved;
}

static void note_position(lua_State *L, luashim_context *context) {
    if (context->exhausted_line == 0)
        luashim_position(L, context->exhausted_file, sizeof context->exhausted_file, &context->exhausted_line);
}

static void count_hook(lua_State *L, lua_Debug *activation) {
    (void)activation;
    luashim_context *context = luashim_context_of(L);
    if (!context->in_script) return;
    context->instructions_used += (uint64_t)lua_gethookcount(L);
    if (context->instructions_used > context->instruction_limit) context->exhausted = true;
    if (!luashim_check_clock(context)) return;
    note_position(L, context);
    if (lua_isyieldable(L)) {
        if (!luashim_has_flag(L, LUASHIM_THREAD_TASK)) luashim_set_flag(L, LUASHIM_THREAD_WAITING, true);
        lua_yield(L, 0);
        return;
    }
    luashim_set_flag(L, LUASHIM_THREAD_POISONED, true);
    luaL_error(L, "the processor budget is spent");
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
    if (instructions > context->instruction_limit - (context->instructions_used < context->instruction_limit
                                                         ? context->instructions_used
                                                         : context->instruction_limit))
        context->exhausted = true;
    context->instructions_used += instructions < UINT32_MAX ? instructions : UINT32_MAX;
    if (luashim_check_clock(context)) luashim_stop(L);
}

static int panic(lua_State *L) {
    const char *message = lua_tostring(L, -1);
    fprintf(stderr, "moonline: unprotected error in Lua: %s\n", message != NULL ? message : "?");
    return 0;
}

struct lua_State *luashim_new_state(
    luashim_context *context, uint64_t random_seed, int32_t print_function, int32_t require_function) {
    lua_State *L = lua_newstate(allocate, context);
    if (L == NULL) return NULL;
    *extra_space(L) = (uintptr_t)context;
    lua_atpanic(L, panic);
    lua_pushcfunction(L, luashim_open);
    lua_pushinteger(L, (lua_Integer)random_seed);
    lua_pushinteger(L, print_function);
    lua_pushinteger(L, require_function);
    if (lua_pcall(L, 3, 0, 0) != LUA_OK) {
        lua_close(L);
        return NULL;
    }
    lua_sethook(L, count_hook, LUA_MASKCOUNT, LUASHIM_TICK);
    return L;
}

static void begin_run(luashim_context *context) {
    context->instructions_used = 0;
    context->cpu_started = thread_cpu_time();
    context->bytes_since_clock = 0;
    context->exhausted = false;
    context->exhausted_line = 0;
    context->memory_refused = false;
    context->host_yield = false;
    context->close_depth = 0;
    context->allocations = 0;
    context->in_script = true;
}

int luashim_load(lua_State *L, const char *source, size_t length, const char *chunk_name) {
    luashim_context *context = luashim_context_of(L);
    begin_run(context);
    int status = luaL_loadbufferx(L, source, length, chunk_name, "t");
    context->in_script = false;
    return status;
}

struct lua_State *luashim_new_task(lua_State *L) {
    lua_State *task = lua_newthread(L);
    luashim_set_flag(task, LUASHIM_THREAD_TASK, true);
    return task;
}

int luashim_resume(lua_State *L, lua_State *task, int arguments, int *results) {
    luashim_context *context = luashim_context_of(L);
    begin_run(context);
    int status = lua_resume(task, L, arguments, results);
    context->in_script = false;
    return status;
}

int luashim_close(lua_State *L, lua_State *task) {
    luashim_context *context = luashim_context_of(L);
    if (luashim_has_flag(task, LUASHIM_THREAD_POISONED)) return LUA_OK;
    begin_run(context);
    int status = lua_resetthread(task);
    context->in_script = false;
    return status;
}

bool luashim_position(lua_State *L, char *file, size_t capacity, int *line) {
    lua_Debug activation;
    for (int level = 0; level < 64 && lua_getstack(L, level, &activation); level++) {
        lua_getinfo(L, "Sl", &activation);
        if (activation.currentline <= 0) continue;
        snprintf(file, capacity, "%s", activation.short_src);
        *line = activation.currentline;
        return true;
    }
    return false;
}

bool luashim_describe(
    lua_State *L, char *chunk, size_t capacity, int *line, int *parameters, bool *is_variadic) {
    lua_Debug activation;
    lua_pushvalue(L, -1);
    lua_getinfo(L, ">Su", &activation);
    if (activation.linedefined <= 0) return false;
    const char *source = activation.source;
    snprintf(chunk, capacity, "%s", source[0] == '@' ? source + 1 : source);
    *line = activation.linedefined;
    *parameters = activation.nparams;
    *is_variadic = activation.isvararg != 0;
    return true;
}

const char *luashim_parameter_name(lua_State *L, int index) { return lua_getlocal(L, NULL, index); }
