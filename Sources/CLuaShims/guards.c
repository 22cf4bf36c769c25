// Guards for library functions that work long inside C, where no hook ticks. Each charges the work to the budget and
// then calls the library's own function in the same frame, so that its error messages keep name and line.

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "shims.h"

/// No table under a sane memory cap has more elements.
#define MAXIMUM_RANGE ((lua_Integer)1 << 24)
/// Bytes that cost as much as one instruction.
#define BYTES_PER_INSTRUCTION 16

/// For functions that have no upvalues of their own: this one's stand in their place.
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

/// Charges the elements from a position to the end of the table, which are moved.
static void spend_tail(lua_State *L, uint64_t length) {
    lua_Integer position = lua_tointeger(L, 2);
    if (position > 0 && (uint64_t)position <= length) luashim_spend(L, length - (uint64_t)position + 1);
}

static int insert(lua_State *L) {
    uint64_t length = length_of(L);
    if (lua_gettop(L) > 2) spend_tail(L, length);
    return forward(L);
}

static int remove_element(lua_State *L) {
    uint64_t length = length_of(L);
    if (lua_gettop(L) > 1) spend_tail(L, length);
    return forward(L);
}

static int unpack(lua_State *L) {
    lua_Integer first = luaL_optinteger(L, 2, 1);
    lua_Integer last = luaL_opt(L, luaL_checkinteger, 3, luaL_len(L, 1));
    lua_settop(L, 2);
    lua_pushinteger(L, last);
    // More is the library's to refuse.
    if (last > first && (lua_Unsigned)last - (lua_Unsigned)first < LUAI_MAXSTACK)
        luashim_spend(L, (lua_Unsigned)last - (lua_Unsigned)first);
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

/// Charges a pass over the string in argument 1.
static int pass(lua_State *L) {
    size_t length;
    luaL_checklstring(L, 1, &length);
    luashim_spend(L, length / BYTES_PER_INSTRUCTION);
    return forward(L);
}

/// Charges a pass over the characters between the positions in arguments 2 and 3.
static void spend_slice(lua_State *L, lua_Integer first, lua_Integer last) {
    size_t length;
    luaL_checklstring(L, 1, &length);
    lua_Integer size = (lua_Integer)length;
    if (first < 0) first = first < -size ? 1 : size + first + 1;
    if (last < 0) last += size + 1;
    if (last > size) last = size;
    if (last > first) luashim_spend(L, (uint64_t)(last - first));
}

/// `string.byte` and `utf8.codepoint`: one value for each character.
static int unpack_slice(lua_State *L) {
    lua_Integer first = luaL_optinteger(L, 2, 1);
    spend_slice(L, first, luaL_optinteger(L, 3, first));
    return forward(L);
}

static int count_slice(lua_State *L) {
    spend_slice(L, luaL_optinteger(L, 2, 1), luaL_optinteger(L, 3, -1));
    return forward(L);
}

/// The directive of a format at its `%`; `*text` goes behind it.
static char directive_at(const char **text, const char *end) {
    const char *next = *text + 1;
    while (next < end && *next != 0 && strchr("-+ #0123456789.", *next) != NULL) next++;
    *text = next < end ? next + 1 : end;
    return next < end ? *next : 0;
}

/// Pushes what `%p` shows of a value: its number, in the width of an address.
static void push_identity(lua_State *L, int index) {
    uint64_t number = luashim_number_of(L, index);
    char digits[24];
    snprintf(digits, sizeof digits, "0x%08" PRIx64, number);
    lua_pushstring(L, number != 0 ? digits : "(null)");
}

/// `string.format` without addresses: what `%s` and `%p` show of an object is its number. Strings have no `%p`.
static int format(lua_State *L) {
    size_t length;
    const char *text = luaL_checklstring(L, 1, &length);
    luashim_spend(L, length / BYTES_PER_INSTRUCTION);
    const char *begin = text;
    const char *end = text + length;
    int count = lua_gettop(L);
    int argument = 1;
    luaL_checkstack(L, 8, NULL);
    while ((text = memchr(text, '%', (size_t)(end - text))) != NULL) {
        char directive = directive_at(&text, end);
        if (directive == '%') continue;
        if (++argument > count) break;
        if (directive == 's' && lua_type(L, argument) > LUA_TSTRING) {
            luashim_push_text(L, argument, NULL);
            lua_replace(L, argument);
        }
        if (directive == 'p') {
            push_identity(L, argument);
            lua_replace(L, argument);
            // The library is asked for `%s`, in a copy of the format that takes the place of the format.
            char *copy = lua_newuserdatauv(L, length, 0);
            memcpy(copy, begin, length);
            copy[text - 1 - begin] = 's';
            ptrdiff_t offset = text - begin;
            lua_pushlstring(L, copy, length);
            lua_replace(L, 1);
            lua_pop(L, 1);
            begin = lua_tostring(L, 1);
            text = begin + offset;
            end = begin + length;
        }
    }
    return forward(L);
}

static int to_number(lua_State *L) {
    if (lua_type(L, 1) == LUA_TSTRING) luashim_spend(L, lua_rawlen(L, 1) / BYTES_PER_INSTRUCTION);
    return forward(L);
}

static int random_seed(lua_State *L) {
    // Without an argument the library takes the time of day, and no recorded call could be replayed.
    luaL_checkany(L, 1);
    // The library's function has an upvalue, the generator's state.
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
    return lua_gettop(L);
}

const luaL_Reg luashim_base_guards[] = {
    {"tonumber", to_number}, {NULL, NULL},
};
const luaL_Reg luashim_table_guards[] = {
    {"move", move}, {"insert", insert}, {"remove", remove_element}, {"concat", concat}, {"unpack", unpack}, {NULL, NULL},
};
const luaL_Reg luashim_string_guards[] = {
    {"rep", repeat},  {"lower", pass}, {"upper", pass},    {"reverse", pass}, {"byte", unpack_slice},
    {"format", format}, {"pack", pass},  {"packsize", pass}, {"unpack", pass},  {NULL, NULL},
};
const luaL_Reg luashim_utf8_guards[] = {
    {"len", count_slice}, {"codepoint", unpack_slice}, {NULL, NULL},
};
const luaL_Reg luashim_math_guards[] = {
    {"randomseed", random_seed}, {NULL, NULL},
};
