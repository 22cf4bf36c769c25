// The host's own work on a state, protected: when there is no memory for it, the host is told.

#include <string.h>

#include "shims.h"

/// Lists and records inside one another; JSON that the host has parsed is not so deep.
#define MAXIMUM_DEPTH 256

typedef struct {
    luashim_operation operation;
    const uint8_t *next;
    const uint8_t *end;
    int32_t count;
    int32_t reference;
} host_work;

static void take(lua_State *L, host_work *work, void *bytes, size_t length) {
    if ((size_t)(work->end - work->next) < length) luaL_error(L, "the values end early");
    memcpy(bytes, work->next, length);
    work->next += length;
}

static void push_string(lua_State *L, host_work *work) {
    uint64_t length;
    take(L, work, &length, sizeof length);
    if ((uint64_t)(work->end - work->next) < length) luaL_error(L, "the values end early");
    lua_pushlstring(L, (const char *)work->next, (size_t)length);
    work->next += length;
}

static int clamped(uint64_t count) { return count > INT32_MAX ? INT32_MAX : (int)count; }

static void push_next(lua_State *L, host_work *work, int depth) {
    uint8_t tag;
    take(L, work, &tag, 1);
    uint64_t count;
    switch (tag) {
    case LUASHIM_FALSE:
    case LUASHIM_TRUE: lua_pushboolean(L, tag == LUASHIM_TRUE); return;
    case LUASHIM_INTEGER: {
        int64_t value;
        take(L, work, &value, sizeof value);
        lua_pushinteger(L, value);
        return;
    }
    case LUASHIM_NUMBER: {
        double value;
        take(L, work, &value, sizeof value);
        lua_pushnumber(L, value);
        return;
    }
    case LUASHIM_STRING: push_string(L, work); return;
    case LUASHIM_REFERENCE: {
        int32_t reference;
        take(L, work, &reference, sizeof reference);
        lua_rawgeti(L, LUA_REGISTRYINDEX, reference);
        return;
    }
    case LUASHIM_LIST:
    case LUASHIM_RECORD:
        if (depth >= MAXIMUM_DEPTH) luaL_error(L, "values are nested too deeply");
        luaL_checkstack(L, 4, NULL);
        take(L, work, &count, sizeof count);
        lua_createtable(L, tag == LUASHIM_LIST ? clamped(count) : 0, tag == LUASHIM_RECORD ? clamped(count) : 0);
        for (uint64_t index = 1; index <= count; index++) {
            if (tag == LUASHIM_RECORD) push_string(L, work);
            push_next(L, work, depth + 1);
            if (tag == LUASHIM_RECORD) lua_rawset(L, -3);
            else lua_rawseti(L, -2, (lua_Integer)index);
        }
        return;
    default: lua_pushnil(L);
    }
}

/// A table of functions; the first number and the names are on the stack.
static void new_functions(lua_State *L) {
    int count = lua_gettop(L);
    int32_t number = (int32_t)lua_tointeger(L, 2);
    lua_createtable(L, 0, count - 2);
    for (int index = 3; index <= count; index++) {
        lua_pushvalue(L, index);
        luashim_push_function(L, number++);
        lua_rawset(L, -3);
    }
}

static void set_field(lua_State *L, int table, int key) {
    if (lua_type(L, table) != LUA_TTABLE) return;
    lua_pushvalue(L, key);
    lua_pushvalue(L, key + 1);
    lua_rawset(L, table);
}

/// Argument 1 is the work; its values come behind. Leaves what is referred to, or what is pushed, on top.
static int perform(lua_State *L) {
    host_work *work = lua_touserdata(L, 1);
    luaL_checkstack(L, work->count + 8, NULL);
    for (int32_t index = 0; index < work->count; index++) push_next(L, work, 0);
    switch (work->operation) {
    case LUASHIM_PUSH: return work->count;
    case LUASHIM_GET_FIELD:
        if (lua_type(L, 2) != LUA_TTABLE) lua_pushnil(L);
        else lua_rawget(L, 2);
        return 1;
    case LUASHIM_SET_FIELD: set_field(L, 2, 3); return 0;
    case LUASHIM_SET_GLOBAL:
        lua_pushglobaltable(L);
        set_field(L, lua_gettop(L), 2);
        return 0;
    case LUASHIM_SET_LOADED:
        luashim_push_loaded(L);
        set_field(L, lua_gettop(L), 2);
        return 0;
    case LUASHIM_SET_METATABLE:
        if (lua_type(L, 2) != LUA_TTABLE || lua_type(L, 3) != LUA_TTABLE) return 0;
        lua_setmetatable(L, 2);
        return 0;
    case LUASHIM_NEW_TABLE: lua_newtable(L); break;
    case LUASHIM_PROTECT:
        lua_pushvalue(L, 2);
        luashim_protect(L, lua_tostring(L, 3));
        break;
    case LUASHIM_NEW_FUNCTIONS: new_functions(L); break;
    case LUASHIM_NEW_FUNCTION: luashim_push_function(L, (int32_t)lua_tointeger(L, 2)); break;
    case LUASHIM_NEW_TASK: luashim_set_flag(lua_newthread(L), LUASHIM_THREAD_TASK, true); break;
    }
    work->reference = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

int32_t luashim_perform(
    lua_State *L, luashim_operation operation, const uint8_t *values, size_t length, int32_t count) {
    luashim_context *context = luashim_context_of(L);
    host_work work = {.operation = operation, .next = values, .end = values + length, .count = count, .reference = 0};
    if (lua_checkstack(L, 2)) {
        lua_pushcfunction(L, perform);
        lua_pushlightuserdata(L, &work);
        if (lua_pcall(L, 1, LUA_MULTRET, 0) == LUA_OK) return work.reference;
        lua_pop(L, 1);
    }
    context->host_refused = true;
    return -1;
}

/// Arguments: the value, and where its reference goes.
static int refer(lua_State *L) {
    lua_pushvalue(L, 1);
    *(int32_t *)lua_touserdata(L, 2) = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

int32_t luashim_refer(lua_State *L, lua_State *thread) {
    int32_t reference = LUA_NOREF;
    if (lua_checkstack(L, 3)) {
        lua_pushcfunction(L, refer);
        if (thread != L) {
            lua_xmove(thread, L, 1);
        } else {
            // The value is below the function.
            lua_insert(L, -2);
        }
        lua_pushlightuserdata(L, &reference);
        if (lua_pcall(L, 2, 0, 0) == LUA_OK) return reference < 0 ? -1 : reference;
        lua_pop(L, 1);
    } else {
        lua_pop(thread, 1);
    }
    luashim_context_of(L)->host_refused = true;
    return -1;
}
