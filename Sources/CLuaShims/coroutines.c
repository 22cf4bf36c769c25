// The coroutine library for scripts. It differs from Lua's own in three things: a wait for the host inside a coroutine
// of the script suspends the whole task and not just the coroutine; a spent budget cannot be caught by resuming;
// the host's tasks can be neither resumed nor closed.

#include "shims.h"

/// Each level of closing takes C stack, which Lua 5.4.4 does not count.
#define MAXIMUM_CLOSE_DEPTH 100
/// Charged for each switch, so that many short coroutines do not escape the count hook.
#define SWITCH_COST 50

enum { KIND_RESUME = 0, KIND_WRAP = 1 };

static lua_State *check_coroutine(lua_State *L) {
    lua_State *coroutine = lua_tothread(L, 1);
    luaL_argexpected(L, coroutine != NULL, 1, "coroutine");
    return coroutine;
}

static bool belongs_to_host(lua_State *coroutine) {
    return luashim_has_flag(coroutine, LUASHIM_THREAD_TASK | LUASHIM_THREAD_WAITING);
}

int luashim_close_coroutine(lua_State *L, lua_State *coroutine) {
    luashim_context *context = luashim_context_of(L);
    if (luashim_has_flag(coroutine, LUASHIM_THREAD_POISONED)) return LUA_OK;
    if (context->close_depth >= MAXIMUM_CLOSE_DEPTH) return luaL_error(L, "C stack overflow");
    context->close_depth++;
    lua_State *former = luashim_enter(context, coroutine);
    int status = lua_resetthread(coroutine);
    luashim_enter(context, former);
    context->close_depth--;
    return status;
}

/// Hands on what a coroutine yielded, returned or raised.
static int deliver(lua_State *L, lua_State *coroutine, int status, int count, int kind) {
    if (status == LUA_OK || status == LUA_YIELD) {
        if (!lua_checkstack(L, count + 1)) {
            lua_pop(coroutine, count);
            return luaL_error(L, "too many results to resume");
        }
        if (kind == KIND_RESUME) lua_pushboolean(L, 1);
        lua_xmove(coroutine, L, count);
        return kind == KIND_RESUME ? count + 1 : count;
    }
    if (kind == KIND_RESUME) {
        lua_pushboolean(L, 0);
        lua_xmove(coroutine, L, 1);
        return 2;
    }
    int now = lua_status(coroutine);
    if (now != LUA_OK && now != LUA_YIELD && !luashim_has_flag(coroutine, LUASHIM_THREAD_POISONED)) {
        luashim_close_coroutine(L, coroutine);
        if (luashim_context_of(L)->exhausted) return luashim_stop(L);
    }
    lua_xmove(coroutine, L, 1);
    if (status != LUA_ERRMEM && lua_type(L, -1) == LUA_TSTRING) {
        luaL_where(L, 1);
        lua_insert(L, -2);
        lua_concat(L, 2);
    }
    return lua_error(L);
}

static int advance(lua_State *L, lua_State *coroutine, int arguments, int kind);

/// The host has replied: the values are handed to the coroutine that waited for them.
static int advance_again(lua_State *L, int status, lua_KContext kind) {
    (void)status;
    lua_State *coroutine = lua_tothread(L, kind == KIND_RESUME ? 1 : lua_upvalueindex(1));
    luashim_set_flag(coroutine, LUASHIM_THREAD_WAITING, false);
    return advance(L, coroutine, lua_gettop(L) - (kind == KIND_RESUME ? 1 : 0), (int)kind);
}

static int advance(lua_State *L, lua_State *coroutine, int arguments, int kind) {
    luashim_context *context = luashim_context_of(L);
    luashim_spend(L, SWITCH_COST);
    if (belongs_to_host(coroutine)) return luaL_error(L, "cannot resume a coroutine that waits for the host");
    if (!lua_checkstack(coroutine, arguments)) return luaL_error(L, "too many arguments to resume");
    lua_xmove(L, coroutine, arguments);
    int count = 0;
    lua_State *former = luashim_enter(context, coroutine);
    int status = lua_resume(coroutine, L, arguments, &count);
    luashim_enter(context, former);
    if (context->exhausted) return luashim_stop(L);
    if (status == LUA_YIELD && context->host_yield) {
        if (lua_isyieldable(L)) {
            luashim_set_flag(coroutine, LUASHIM_THREAD_WAITING, true);
            return lua_yieldk(L, 0, kind, advance_again);
        }
        context->host_yield = false;
        luashim_close_coroutine(L, coroutine);
        return luaL_error(L, "attempt to wait across a C-call boundary");
    }
    return deliver(L, coroutine, status, count, kind);
}

static int resume(lua_State *L) {
    lua_State *coroutine = check_coroutine(L);
    return advance(L, coroutine, lua_gettop(L) - 1, KIND_RESUME);
}

static int create(lua_State *L) {
    luaL_checktype(L, 1, LUA_TFUNCTION);
    luashim_spend(L, SWITCH_COST);
    lua_State *coroutine = lua_newthread(L);
    lua_pushvalue(L, 1);
    lua_xmove(L, coroutine, 1);
    return 1;
}

static int advance_wrapped(lua_State *L) {
    return advance(L, lua_tothread(L, lua_upvalueindex(1)), lua_gettop(L), KIND_WRAP);
}

static int wrap(lua_State *L) {
    create(L);
    lua_pushcclosure(L, advance_wrapped, 1);
    return 1;
}

static int yield(lua_State *L) {
    if (luashim_has_flag(L, LUASHIM_THREAD_TASK))
        return luaL_error(L, "attempt to yield from outside a coroutine of the script");
    return lua_yield(L, lua_gettop(L));
}

static const char *status_of(lua_State *L, lua_State *coroutine) {
    if (L == coroutine) return "running";
    lua_Debug activation;
    switch (lua_status(coroutine)) {
    case LUA_YIELD: return "suspended";
    case LUA_OK:
        if (lua_getstack(coroutine, 0, &activation)) return "normal";
        return lua_gettop(coroutine) == 0 ? "dead" : "suspended";
    default: return "dead";
    }
}

static int status(lua_State *L) {
    lua_pushstring(L, status_of(L, check_coroutine(L)));
    return 1;
}

static int close(lua_State *L) {
    lua_State *coroutine = check_coroutine(L);
    const char *state = status_of(L, coroutine);
    if (state[0] != 'd' && state[0] != 's') return luaL_error(L, "cannot close a %s coroutine", state);
    if (belongs_to_host(coroutine)) return luaL_error(L, "cannot close a coroutine that waits for the host");
    int outcome = luashim_close_coroutine(L, coroutine);
    if (luashim_context_of(L)->exhausted) return luashim_stop(L);
    if (outcome == LUA_OK) {
        lua_pushboolean(L, 1);
        return 1;
    }
    lua_pushboolean(L, 0);
    lua_xmove(coroutine, L, 1);
    return 2;
}

static int is_yieldable(lua_State *L) {
    lua_State *coroutine = lua_isthread(L, 1) ? lua_tothread(L, 1) : L;
    lua_pushboolean(L, lua_isyieldable(coroutine) && !luashim_has_flag(coroutine, LUASHIM_THREAD_TASK));
    return 1;
}

static int running(lua_State *L) {
    lua_pushthread(L);
    lua_pushboolean(L, luashim_has_flag(L, LUASHIM_THREAD_TASK));
    return 2;
}

const luaL_Reg luashim_coroutine_functions[] = {
    {"create", create},   {"resume", resume}, {"wrap", wrap},       {"yield", yield},
    {"status", status},   {"close", close},   {"running", running}, {"isyieldable", is_yieldable},
    {NULL, NULL},
};
