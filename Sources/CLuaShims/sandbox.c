// The standard library that scripts see.

#include "shims.h"

/// Puts guards in front of functions of the table on top.
static void guard(lua_State *L, const luaL_Reg *guards) {
    for (; guards->name != NULL; guards++) {
        lua_getfield(L, -1, guards->name);
        lua_pushcclosure(L, guards->func, 1);
        lua_setfield(L, -2, guards->name);
    }
}

static void hide(lua_State *L, const char *const *names) {
    for (; *names != NULL; names++) {
        lua_pushnil(L);
        lua_setfield(L, -2, *names);
    }
}

/// Replaces the global library by a read-only proxy.
static void publish(lua_State *L, const char *name) {
    luashim_protect(L, name);
    lua_setglobal(L, name);
}

/// Lua looks for a function's name in the tables of loaded libraries. There the global table, on top, is replaced by a
/// copy: it would take the longer to search the more globals a script has.
static void list_base(lua_State *L) {
    lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    lua_newtable(L);
    lua_pushnil(L);
    while (lua_next(L, -4)) {
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        lua_rawset(L, -4);
    }
    lua_setfield(L, -2, LUA_GNAME);
    lua_pop(L, 1);
}

static void open_string(lua_State *L) {
    luaL_requiref(L, LUA_STRLIBNAME, luaopen_string, 0);
    static const char *const hidden[] = {"dump", NULL};
    hide(L, hidden);
    luaL_setfuncs(L, luashim_pattern_functions, 0);
    guard(L, luashim_string_guards);
    // Methods of strings are found through their metatable, which scripts must not reach.
    lua_pushliteral(L, "");
    lua_getmetatable(L, -1);
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 2);
    publish(L, LUA_STRLIBNAME);
}

static void open_math(lua_State *L, lua_Integer seed) {
    luaL_requiref(L, LUA_MATHLIBNAME, luaopen_math, 0);
    lua_getfield(L, -1, "randomseed");
    lua_pushinteger(L, seed);
    lua_call(L, 1, 0);
    guard(L, luashim_math_guards);
    publish(L, LUA_MATHLIBNAME);
}

/// Keeps the messages that Lua makes outside of every protected call, when a coroutine is resumed or has failed: made
/// before, they need no memory then (`luaD_seterrorobj` and `resume_error` in Lua's ldo.c).
static void keep_messages(lua_State *L) {
    static const char *const messages[] = {
        "error in error handling", "C stack overflow", "cannot resume non-suspended coroutine",
        "cannot resume dead coroutine", NULL,
    };
    static const char key = 0;
    lua_newtable(L);
    for (int index = 0; messages[index] != NULL; index++) {
        lua_pushstring(L, messages[index]);
        lua_rawseti(L, -2, index + 1);
    }
    lua_rawsetp(L, LUA_REGISTRYINDEX, &key);
}

int luashim_open(lua_State *L) {
    keep_messages(L);
    luaL_requiref(L, LUA_GNAME, luaopen_base, 0);
    static const char *const hidden[] = {"dofile", "loadfile", "warn", NULL};
    hide(L, hidden);
    luaL_setfuncs(L, luashim_base_functions, 0);
    luaL_setfuncs(L, luashim_order_functions, 0);
    guard(L, luashim_base_guards);
    lua_pushvalue(L, 2);
    lua_pushcclosure(L, luashim_print, 1);
    lua_setfield(L, -2, "print");
    lua_pushvalue(L, 3);
    lua_pushcclosure(L, luashim_require, 1);
    lua_setfield(L, -2, "require");
    list_base(L);
    lua_pop(L, 1);

    open_string(L);
    open_math(L, lua_tointeger(L, 1));

    luaL_requiref(L, LUA_TABLIBNAME, luaopen_table, 0);
    luaL_setfuncs(L, luashim_sort_functions, 0);
    guard(L, luashim_table_guards);
    publish(L, LUA_TABLIBNAME);

    luaL_requiref(L, LUA_UTF8LIBNAME, luaopen_utf8, 0);
    guard(L, luashim_utf8_guards);
    publish(L, LUA_UTF8LIBNAME);

    lua_newtable(L);
    luaL_setfuncs(L, luashim_coroutine_functions, 0);
    publish(L, LUA_COLIBNAME);
    return 0;
}
