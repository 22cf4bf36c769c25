// Values as text. Where Lua writes an address, which differs from run to run, stands the object's number.

#include <inttypes.h>
#include <stdio.h>

#include "shims.h"

/// Pushes what `tostring` makes of a value without `__tostring`.
static void push_default(lua_State *L, int index) {
    int type = lua_type(L, index);
    if (type != LUA_TTABLE && type != LUA_TFUNCTION && type != LUA_TTHREAD && type != LUA_TUSERDATA &&
        type != LUA_TLIGHTUSERDATA) {
        luaL_tolstring(L, index, NULL);
        return;
    }
    int named = luaL_getmetafield(L, index, "__name");
    const char *kind = named == LUA_TSTRING ? lua_tostring(L, -1) : lua_typename(L, type);
    uint64_t number = luashim_number_of(L, index);
    if (number != 0) {
        char digits[24];
        snprintf(digits, sizeof digits, "0x%08" PRIx64, number);
        lua_pushfstring(L, "%s: %s", kind, digits);
    } else {
        lua_pushfstring(L, "%s: builtin", kind);
    }
    if (named != LUA_TNIL) lua_remove(L, -2);
}

const char *luashim_push_text(lua_State *L, int index, size_t *length) {
    index = lua_absindex(L, index);
    if (luaL_callmeta(L, index, "__tostring")) {
        if (!lua_isstring(L, -1)) luaL_error(L, "'__tostring' must return a string");
    } else {
        push_default(L, index);
    }
    return lua_tolstring(L, -1, length);
}
