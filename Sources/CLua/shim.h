#ifndef MOONLINE_CLUA_SHIM_H
#define MOONLINE_CLUA_SHIM_H

// Lua 5.4 of the system, and inline wrappers for those of its macros that Swift cannot import.

#include <lua.h>
#include <lauxlib.h>
#include <lualib.h>

static inline int lua_shim_registry_index(void) { return LUA_REGISTRYINDEX; }

static inline void lua_shim_pop(lua_State *L, int count) { lua_settop(L, -count - 1); }

static inline void lua_shim_remove(lua_State *L, int index) {
    lua_rotate(L, index, -1);
    lua_settop(L, -2);
}

#endif
