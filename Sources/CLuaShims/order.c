// `pairs` and `next` in an order that follows from the keys alone: integers from 1, then those below 1, then the other
// numbers, each ascending; strings by their bytes; false, true; and then tables, functions and coroutines by age.
//
// Lua's own order depends on addresses and on a seed that it takes from the clock.

#include <stdlib.h>
#include <string.h>

#include "shims.h"

typedef enum { KEY_POSITIVE, KEY_INTEGER, KEY_NUMBER, KEY_STRING, KEY_FALSE, KEY_TRUE, KEY_OBJECT, KEY_BUILTIN } key_class;

typedef struct {
    key_class class;
    /// Where the key stands, in a list or on the stack.
    int32_t index;
    union {
        lua_Integer integer;
        lua_Number number;
        uint64_t object;
        struct {
            const char *bytes;
            size_t length;
        } string;
    } value;
} key;

static key key_at(lua_State *L, int index) {
    key key = {.class = KEY_BUILTIN, .index = 0};
    switch (lua_type(L, index)) {
    case LUA_TNUMBER: {
        // 2.0 is the key 2.
        int is_integer;
        key.value.integer = lua_tointegerx(L, index, &is_integer);
        key.class = !is_integer ? KEY_NUMBER : key.value.integer > 0 ? KEY_POSITIVE : KEY_INTEGER;
        if (!is_integer) key.value.number = lua_tonumber(L, index);
        break;
    }
    case LUA_TSTRING:
        key.class = KEY_STRING;
        key.value.string.bytes = lua_tolstring(L, index, &key.value.string.length);
        break;
    case LUA_TBOOLEAN: key.class = lua_toboolean(L, index) ? KEY_TRUE : KEY_FALSE; break;
    default:
        key.value.object = luashim_number_of(L, index);
        if (key.value.object != 0) key.class = KEY_OBJECT;
        else key.value.object = (uint64_t)(uintptr_t)lua_topointer(L, index);
    }
    return key;
}

static int compare(const key *left, const key *right) {
    if (left->class != right->class) return left->class < right->class ? -1 : 1;
    switch (left->class) {
    case KEY_POSITIVE:
    case KEY_INTEGER:
        return (left->value.integer > right->value.integer) - (left->value.integer < right->value.integer);
    case KEY_NUMBER: return (left->value.number > right->value.number) - (left->value.number < right->value.number);
    case KEY_STRING: {
        size_t left_length = left->value.string.length;
        size_t right_length = right->value.string.length;
        int order = memcmp(
            left->value.string.bytes, right->value.string.bytes, left_length < right_length ? left_length : right_length);
        return order != 0 ? order : (left_length > right_length) - (left_length < right_length);
    }
    case KEY_OBJECT:
    case KEY_BUILTIN: return (left->value.object > right->value.object) - (left->value.object < right->value.object);
    default: return 0;
    }
}

static int compare_for_sort(const void *left, const void *right) { return compare(left, right); }

/// Whether the key on top is one of 1…`prefix`.
static bool is_in_prefix(lua_State *L, lua_Integer prefix) {
    if (!lua_isinteger(L, -1)) return false;
    lua_Integer value = lua_tointeger(L, -1);
    return value >= 1 && value <= prefix;
}

/// Tables of so many keys are sorted without memory of their own.
#define SMALL_COUNT 24

/// Sorts a few keys.
static void sort_few(key *keys, int32_t count) {
    for (int32_t index = 1; index < count; index++) {
        key moved = keys[index];
        int32_t place = index;
        for (; place > 0 && compare(&keys[place - 1], &moved) > 0; place--) keys[place] = keys[place - 1];
        keys[place] = moved;
    }
}

/// As `push_sorted_keys`, for a small table. Returns -1, with nothing pushed, when it is not.
static int32_t push_few_sorted_keys(lua_State *L, int table, lua_Integer prefix) {
    key keys[SMALL_COUNT];
    int32_t count = 0;
    int base = lua_gettop(L);
    luaL_checkstack(L, SMALL_COUNT + 4, NULL);
    lua_pushnil(L);
    for (int32_t walked = 0; lua_next(L, table); walked++) {
        lua_pop(L, 1);
        if (count == SMALL_COUNT || walked > 4 * SMALL_COUNT) {
            lua_settop(L, base);
            return -1;
        }
        if (is_in_prefix(L, prefix)) continue;
        keys[count] = key_at(L, -1);
        keys[count].index = base + count + 1;
        count++;
        // The key stays on the stack, and a copy goes on.
        lua_pushvalue(L, -1);
    }
    if (count == 0) return 0;
    luashim_spend(L, (uint64_t)count * 4);
    sort_few(keys, count);
    lua_createtable(L, count, 0);
    for (int32_t index = 0; index < count; index++) {
        lua_pushvalue(L, keys[index].index);
        lua_rawseti(L, -2, index + 1);
    }
    lua_replace(L, base + 1);
    lua_settop(L, base + 1);
    return count;
}

/// Pushes the list of the keys that are not in 1…`prefix`, unsorted. Returns their number, and pushes nothing for 0.
static int32_t push_keys(lua_State *L, int table, lua_Integer prefix) {
    int32_t count = 0;
    uint64_t walked = 0;
    lua_pushnil(L);
    while (lua_next(L, table)) {
        lua_pop(L, 1);
        if (++walked % 4096 == 0) luashim_spend(L, 4096);
        if (is_in_prefix(L, prefix)) continue;
        if (count++ == 0) {
            lua_newtable(L);
            lua_insert(L, -2);
        }
        lua_pushvalue(L, -1);
        lua_rawseti(L, -3, count);
    }
    luashim_spend(L, walked % 4096);
    return count;
}

/// Pushes the sorted list of the keys that are not in 1…`prefix`. Returns their number, and pushes nothing for 0.
static int32_t push_sorted_keys(lua_State *L, int table, lua_Integer prefix) {
    int32_t count = push_few_sorted_keys(L, table, prefix);
    if (count >= 0) return count;
    count = push_keys(L, table, prefix);
    if (count < 2) return count;
    uint64_t levels = 1;
    while ((uint32_t)count >> levels != 0) levels++;
    luashim_spend(L, (uint64_t)count * levels);
    int unsorted = lua_gettop(L);
    lua_createtable(L, count, 0);
    key *keys = lua_newuserdatauv(L, (size_t)count * sizeof *keys, 0);
    for (int32_t index = 0; index < count; index++) {
        lua_rawgeti(L, unsorted, index + 1);
        keys[index] = key_at(L, -1);
        keys[index].index = index + 1;
        lua_pop(L, 1);
    }
    qsort(keys, (size_t)count, sizeof *keys, compare_for_sort);
    for (int32_t index = 0; index < count; index++) {
        lua_rawgeti(L, unsorted, keys[index].index);
        lua_rawseti(L, unsorted + 1, index + 1);
    }
    lua_settop(L, unsorted + 1);
    lua_remove(L, unsorted);
    return count;
}

/// Pushes key and value of the first key behind `*position` in the list that is still in the table. False at the end.
static bool push_next(lua_State *L, int table, int keys, lua_Integer *position) {
    lua_Integer count = (lua_Integer)lua_rawlen(L, keys);
    while (*position < count) {
        lua_rawgeti(L, keys, ++*position);
        lua_pushvalue(L, -1);
        if (lua_rawget(L, table) != LUA_TNIL) return true;
        lua_pop(L, 2);
    }
    return false;
}

static void set_position(lua_State *L, lua_Integer position) {
    lua_pushinteger(L, position);
    lua_replace(L, lua_upvalueindex(3));
}

/// The iterator of one loop. Upvalues: the table, the sorted keys behind 1…n once they are needed, the position in
/// either part.
static int walk(lua_State *L) {
    int table = lua_upvalueindex(1);
    int keys = lua_upvalueindex(2);
    lua_settop(L, 2);
    if (lua_isnil(L, 2)) {
        lua_pushnil(L);
        lua_replace(L, keys);
        set_position(L, 0);
    }
    lua_Integer position = lua_tointeger(L, lua_upvalueindex(3));
    if (lua_isnil(L, keys)) {
        lua_pushinteger(L, position + 1);
        if (lua_rawgeti(L, table, position + 1) != LUA_TNIL) {
            lua_pushvalue(L, -2);
            lua_replace(L, lua_upvalueindex(3));
            return 2;
        }
        lua_settop(L, 2);
        lua_pushvalue(L, table);
        if (push_sorted_keys(L, 3, position) == 0) {
            luaL_pushfail(L);
            return 1;
        }
        lua_replace(L, keys);
        position = 0;
    }
    bool found = push_next(L, table, keys, &position);
    set_position(L, position);
    if (found) return 2;
    luaL_pushfail(L);
    return 1;
}

void luashim_push_walk(lua_State *L, int index) {
    lua_pushvalue(L, index);
    lua_pushnil(L);
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, walk, 3);
}

/// The registry's table of walks by `next`, weak by table: a list of sorted keys, and the position at 0.
static const char walks_key = 0;
/// Walks that were begun since the table was made. Forgotten ones are sorted again, which takes time and changes
/// nothing; without a bound they would make the chains of weak keys that cost the collector most.
#define MAXIMUM_WALKS 64

/// Pushes the table of walks, with room for one more.
static void push_walks(lua_State *L) {
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &walks_key) == LUA_TTABLE) {
        lua_rawgeti(L, -1, 0);
        bool has_room = lua_tointeger(L, -1) < MAXIMUM_WALKS;
        lua_pop(L, 1);
        if (has_room) return;
    }
    lua_pop(L, 1);
    lua_newtable(L);
    lua_createtable(L, 0, 1);
    lua_pushliteral(L, "k");
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &walks_key);
}

/// Pushes the smallest key of the table in argument 1, in which 1 is not a key, and its value. False when it is empty.
static bool push_first(lua_State *L) {
    lua_settop(L, 1);
    lua_pushnil(L);
    if (!lua_next(L, 1)) return false;
    lua_pop(L, 1);
    // At 2 the smallest key so far, above it the one that is looked at.
    lua_pushvalue(L, 2);
    key smallest = key_at(L, 2);
    uint64_t walked = 1;
    while (lua_next(L, 1)) {
        lua_pop(L, 1);
        if (++walked % 4096 == 0) luashim_spend(L, 4096);
        key other = key_at(L, 3);
        if (compare(&other, &smallest) > 0) continue;
        lua_copy(L, 3, 2);
        smallest = other;
    }
    luashim_spend(L, walked % 4096);
    lua_settop(L, 2);
    lua_pushvalue(L, 2);
    lua_rawget(L, 1);
    return true;
}

/// The position in the sorted keys at `keys` of the last one that is not behind the key in argument 2.
static lua_Integer position_of(lua_State *L, int keys) {
    key wanted = key_at(L, 2);
    lua_Integer low = 0;
    lua_Integer high = (lua_Integer)lua_rawlen(L, keys);
    while (low < high) {
        lua_Integer middle = low + (high - low + 1) / 2;
        lua_rawgeti(L, keys, middle);
        key found = key_at(L, -1);
        lua_pop(L, 1);
        if (compare(&found, &wanted) <= 0) low = middle;
        else high = middle - 1;
    }
    return low;
}

/// Pushes sorted keys for the walk that has come to the key in argument 2. Returns its position; -1 when no key is left.
static lua_Integer push_walk_from(lua_State *L, int walks) {
    lua_pushvalue(L, 1);
    if (lua_rawget(L, walks) == LUA_TTABLE) {
        lua_rawgeti(L, -1, 0);
        lua_Integer position = lua_tointeger(L, -1);
        lua_rawgeti(L, -2, position);
        bool is_there = position > 0 && lua_rawequal(L, -1, 2);
        lua_pop(L, 2);
        if (is_there) return position;
    }
    lua_pop(L, 1);
    lua_Integer prefix = 0;
    while (lua_rawgeti(L, 1, prefix + 1) != LUA_TNIL) {
        lua_pop(L, 1);
        if (++prefix % 4096 == 0) luashim_spend(L, 4096);
    }
    lua_pop(L, 1);
    if (push_sorted_keys(L, 1, prefix) == 0) return -1;
    lua_rawgeti(L, walks, 0);
    lua_pushinteger(L, lua_tointeger(L, -1) + 1);
    lua_rawseti(L, walks, 0);
    lua_pop(L, 1);
    lua_pushvalue(L, 1);
    lua_pushvalue(L, -2);
    lua_rawset(L, walks);
    return position_of(L, lua_gettop(L));
}

static int next(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 2);
    int is_integer;
    lua_Integer index = lua_isnil(L, 2) ? 0 : lua_tointegerx(L, 2, &is_integer);
    if (lua_isnil(L, 2) || (lua_type(L, 2) == LUA_TNUMBER && is_integer && index >= 1 && index < LUA_MAXINTEGER)) {
        lua_pushinteger(L, index + 1);
        if (lua_rawgeti(L, 1, index + 1) != LUA_TNIL) return 2;
        lua_settop(L, 2);
    }
    if (lua_isnil(L, 2)) {
        if (push_first(L)) return 2;
    } else {
        push_walks(L);
        lua_Integer position = push_walk_from(L, 3);
        if (position >= 0) {
            bool found = push_next(L, 1, 4, &position);
            lua_pushinteger(L, position);
            lua_rawseti(L, 4, 0);
            if (found) return 2;
        }
        lua_pushvalue(L, 1);
        lua_pushnil(L);
        lua_rawset(L, 3);
    }
    luaL_pushfail(L);
    return 1;
}

static int continue_pairs(lua_State *L, int status, lua_KContext context) {
    (void)L, (void)status, (void)context;
    return 3;
}

static int pairs(lua_State *L) {
    luaL_checkany(L, 1);
    if (luaL_getmetafield(L, 1, "__pairs") != LUA_TNIL) {
        lua_pushvalue(L, 1);
        lua_callk(L, 1, 3, 0, continue_pairs);
        return 3;
    }
    if (lua_type(L, 1) == LUA_TTABLE) luashim_push_walk(L, 1);
    else lua_pushcfunction(L, next);
    lua_pushvalue(L, 1);
    lua_pushnil(L);
    return 3;
}

const luaL_Reg luashim_order_functions[] = {
    {"next", next}, {"pairs", pairs}, {NULL, NULL},
};
