// Guards for library functions that work long inside C, where no hook ticks. Each charges the work to the budget and
// then calls the library's own function in the same frame, so that its error messages keep name and line.

#include <string.h>

#include "shims.h"

/// No table under a sane memory cap has more elements.
#define MAXIMUM_RANGE ((lua_Integer)1 << 24)
/// Bytes that cost as much as one instruction.
#define BYTES_PER_INSTRUCTION 16

static int forward(lua_State *L) { return lua_tocfunction(L, lua_upvalueindex(1))(L); }

/// The number of elements that a library function will walk over. `__len` could lie about it.
static uint64_t length_of(lua_State *L) {
    if (lua_type(L, 1) != LUA_TTABLE) return 0;
    if (luaL_getmetafield(L, 1, "__len") != LUA_TNIL) luaL_argerror(L, 1, "a table without '__len' expected");
    return (uint64_t)lua_rawlen(L, 1);
}

/// Charges the range `first...last` of the arguments at these indices.
static void spend_range(lua_State *L, int first_index, int last_index) {
    if (!lua_isinteger(L, first_index) || !lua_isinteger(L, last_index)) return;
    lua_Integer first = lua_tointeger(L, first_index);
    lua_Integer last = lua_tointeger(L, last_index);
    if (last < first) return;
    lua_Unsigned range = (lua_Unsigned)last - (lua_Unsigned)first;
    if (range >= (lua_Unsigned)MAXIMUM_RANGE) luaL_argerror(L, last_index, "range is too large");
    luashim_spend(L, range);
}

static int move(lua_State *L) {
    // The bounds must be integers before they are looked at: the library would convert strings and floats.
    lua_Integer first = luaL_checkinteger(L, 2);
    lua_Integer last = luaL_checkinteger(L, 3);
    lua_pushinteger(L, first);
    lua_replace(L, 2);
    lua_pushinteger(L, last);
    lua_replace(L, 3);
    spend_range(L, 2, 3);
    return forward(L);
}

static int insert(lua_State *L) {
    uint64_t length = length_of(L);
    if (lua_gettop(L) > 2) luashim_spend(L, length);
    return forward(L);
}

static int remove_element(lua_State *L) {
    uint64_t length = length_of(L);
    if (lua_gettop(L) > 1) luashim_spend(L, length);
    return forward(L);
}

static int sort(lua_State *L) {
    uint64_t length = length_of(L);
    uint64_t levels = 1;
    while (length >> levels != 0) levels++;
    luashim_spend(L, length * levels);
    return forward(L);
}

static int concat(lua_State *L) {
    uint64_t length = length_of(L);
    if (lua_gettop(L) < 4) {
        luashim_spend(L, length);
        if (lua_isnoneornil(L, 3)) return forward(L);
    }
    lua_Integer first = luaL_optinteger(L, 3, 1);
    lua_Integer last = luaL_optinteger(L, 4, (lua_Integer)length);
    lua_settop(L, 2);
    lua_pushinteger(L, first);
    lua_pushinteger(L, last);
    spend_range(L, 3, 4);
    return forward(L);
}

static int repeat(lua_State *L) {
    size_t length, separator_length;
    luaL_checklstring(L, 1, &length);
    lua_Integer count = luaL_checkinteger(L, 2);
    luaL_optlstring(L, 3, "", &separator_length);
    if (count > 0) {
        // Without bytes the library still loops `count` times.
        if (length == 0 && separator_length == 0) {
            lua_pushliteral(L, "");
            return 1;
        }
        lua_Unsigned bytes = (lua_Unsigned)length + separator_length;
        // More than the cap is the allocator's to refuse.
        if (bytes <= luashim_context_of(L)->bytes_cap / (lua_Unsigned)count)
            luashim_spend(L, bytes * (lua_Unsigned)count / BYTES_PER_INSTRUCTION);
    }
    return forward(L);
}

static int random_seed(lua_State *L) {
    // Without an argument the library takes the time of day, and no recorded call could be replayed.
    luaL_checkany(L, 1);
    return forward(L);
}

const luaL_Reg luashim_table_guards[] = {
    {"move", move}, {"insert", insert}, {"remove", remove_element}, {"sort", sort}, {"concat", concat}, {NULL, NULL},
};
const luaL_Reg luashim_string_guards[] = {
    {"rep", repeat}, {NULL, NULL},
};
const luaL_Reg luashim_math_guards[] = {
    {"randomseed", random_seed}, {NULL, NULL},
};
