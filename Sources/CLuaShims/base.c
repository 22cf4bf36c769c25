// Functions of the base library that differ for scripts.

#include <string.h>

#include "shims.h"

/// Instructions that a step of the collector is charged for.
#define COLLECTOR_STEP_COST 10000

/// Marks the metatables of protected tables.
static const char protected_mark = 0;

static int finish_protected_call(lua_State *L, int status, lua_KContext skipped) {
    if (status != LUA_OK && status != LUA_YIELD) {
        // A spent budget is nobody's to catch.
        if (luashim_context_of(L)->exhausted) return luashim_stop(L);
        lua_pushboolean(L, 0);
        lua_pushvalue(L, -2);
        return 2;
    }
    return lua_gettop(L) - (int)skipped;
}

static int protected_call(lua_State *L) {
    luaL_checkany(L, 1);
    lua_pushboolean(L, 1);
    lua_insert(L, 1);
    int status = lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, 0, finish_protected_call);
    return finish_protected_call(L, status, 0);
}

/// Calls the script's message handler, but not for a spent budget.
static int guarded_message_handler(lua_State *L) {
    lua_settop(L, 1);
    if (luashim_context_of(L)->exhausted) return 1;
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, 1, 1);
    return 1;
}

static int protected_call_with_handler(lua_State *L) {
    int count = lua_gettop(L);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_pushvalue(L, 2);
    lua_pushcclosure(L, guarded_message_handler, 1);
    lua_replace(L, 2);
    lua_pushboolean(L, 1);
    lua_pushvalue(L, 1);
    lua_rotate(L, 3, 2);
    int status = lua_pcallk(L, count - 2, LUA_MULTRET, 2, 2, finish_protected_call);
    return finish_protected_call(L, status, 2);
}

static int set_metatable(lua_State *L) {
    int type = lua_type(L, 2);
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_argexpected(L, type == LUA_TNIL || type == LUA_TTABLE, 2, "nil or table");
    if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL) return luaL_error(L, "cannot change a protected metatable");
    if (type == LUA_TTABLE) {
        // Lua runs finalizers without hooks, so that no budget could stop one.
        lua_pushliteral(L, "__gc");
        if (lua_rawget(L, 2) != LUA_TNIL) return luaL_error(L, "'__gc' is not available; use a <close> variable");
    }
    lua_settop(L, 2);
    lua_setmetatable(L, 1);
    return 1;
}

static bool is_protected(lua_State *L, int index) {
    if (!lua_getmetatable(L, index)) return false;
    bool found = lua_rawgetp(L, -1, &protected_mark) != LUA_TNIL;
    lua_pop(L, 2);
    return found;
}

static int raw_set(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checkany(L, 2);
    luaL_checkany(L, 3);
    if (is_protected(L, 1)) return luaL_error(L, "this table is read-only");
    lua_settop(L, 3);
    lua_rawset(L, 1);
    return 1;
}

static int load(lua_State *L) {
    size_t length;
    luaL_checktype(L, 1, LUA_TSTRING);
    const char *text = lua_tolstring(L, 1, &length);
    const char *name = luaL_optstring(L, 2, text);
    bool has_environment = !lua_isnone(L, 4);
    if (luashim_compile(L, text, length, name) != LUA_OK) {
        if (luashim_context_of(L)->exhausted) return luashim_stop(L);
        lua_pushnil(L);
        lua_insert(L, -2);
        return 2;
    }
    if (has_environment) {
        lua_pushvalue(L, 4);
        if (lua_setupvalue(L, -2, 1) == NULL) lua_pop(L, 1);
    }
    return 1;
}

static int to_string(lua_State *L) {
    luaL_checkany(L, 1);
    luashim_push_text(L, 1, NULL);
    return 1;
}

static int collect_garbage(lua_State *L) {
    const char *option = luaL_optstring(L, 1, "step");
    if (strcmp(option, "count") == 0) {
        lua_pushnumber(L, (lua_Number)luashim_context_of(L)->bytes_used / 1024);
        return 1;
    }
    if (strcmp(option, "step") != 0)
        return luaL_argerror(L, 1, lua_pushfstring(L, "\"count\" or \"step\" expected, got \"%s\"", option));
    luashim_spend(L, COLLECTOR_STEP_COST);
    lua_pushboolean(L, lua_gc(L, LUA_GCSTEP, 0));
    return 1;
}

static int refuse_write(lua_State *L) {
    return luaL_error(L, "'%s' is read-only", lua_tostring(L, lua_upvalueindex(1)));
}

/// Iterates over the hidden table without handing it out.
static int pairs_protected(lua_State *L) {
    luashim_push_walk(L, lua_upvalueindex(1));
    return 1;
}

void luashim_protect(lua_State *L, const char *name) {
    int hidden = lua_gettop(L);
    lua_newtable(L);
    lua_createtable(L, 0, 5);
    lua_pushvalue(L, hidden);
    lua_setfield(L, -2, "__index");
    lua_pushstring(L, name);
    lua_pushcclosure(L, refuse_write, 1);
    lua_setfield(L, -2, "__newindex");
    lua_pushvalue(L, hidden);
    lua_pushcclosure(L, pairs_protected, 1);
    lua_setfield(L, -2, "__pairs");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pushboolean(L, 1);
    lua_rawsetp(L, -2, &protected_mark);
    lua_setmetatable(L, -2);
    lua_remove(L, hidden);
}

const luaL_Reg luashim_base_functions[] = {
    {"pcall", protected_call},
    {"xpcall", protected_call_with_handler},
    {"setmetatable", set_metatable},
    {"rawset", raw_set},
    {"load", load},
    {"tostring", to_string},
    {"collectgarbage", collect_garbage},
    {NULL, NULL},
};
