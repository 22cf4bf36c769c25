// `table.sort`: a merge sort. Unlike the library's quicksort it is stable, is never quadratic, asks no clock for a
// pivot, ends whatever the comparison says, and leaves the table as it was when the comparison raises.

#include <limits.h>

#include "shims.h"

/// Instructions that a comparison without function is charged for.
#define COMPARISON_COST 4
#define COMPARISONS_PER_CHARGE 256
/// Bytes of a string that are compared in the time of one instruction.
#define BYTES_PER_INSTRUCTION 16

/// Places of the arguments and of the two lists between which elements go to and fro.
enum { TABLE = 1, COMPARISON, FIRST_LIST, SECOND_LIST };

typedef struct {
    lua_State *L;
    bool has_function;
    uint64_t cost;
} sorter;

static void charge(sorter *sorter, uint64_t instructions) {
    sorter->cost += instructions;
    if (sorter->cost < COMPARISON_COST * COMPARISONS_PER_CHARGE) return;
    luashim_spend(sorter->L, sorter->cost);
    sorter->cost = 0;
}

/// Whether the value at `right` belongs before the one at `left`.
static bool is_right_less(sorter *sorter, int left, int right) {
    lua_State *L = sorter->L;
    if (sorter->has_function) {
        lua_pushvalue(L, COMPARISON);
        lua_pushvalue(L, right);
        lua_pushvalue(L, left);
        lua_call(L, 2, 1);
        bool result = lua_toboolean(L, -1);
        lua_pop(L, 1);
        return result;
    }
    uint64_t cost = COMPARISON_COST;
    if (lua_type(L, left) == LUA_TSTRING && lua_type(L, right) == LUA_TSTRING)
        cost += (lua_rawlen(L, left) < lua_rawlen(L, right) ? lua_rawlen(L, left) : lua_rawlen(L, right)) /
                BYTES_PER_INSTRUCTION;
    charge(sorter, cost);
    return lua_compare(L, right, left, LUA_OPLT);
}

/// Merges `low..<middle` and `middle..<high` of one list into the other. Positions count from 1.
static void merge(sorter *sorter, int from, int to, lua_Integer low, lua_Integer middle, lua_Integer high) {
    lua_State *L = sorter->L;
    lua_Integer left = low, right = middle, next = low;
    int base = lua_gettop(L);
    lua_rawgeti(L, from, left);
    if (right < high) lua_rawgeti(L, from, right);
    while (left < middle && right < high) {
        bool takes_right = is_right_less(sorter, base + 1, base + 2);
        int taken = takes_right ? base + 2 : base + 1;
        lua_pushvalue(L, taken);
        lua_rawseti(L, to, next++);
        lua_rawgeti(L, from, takes_right ? ++right : ++left);
        lua_replace(L, taken);
    }
    lua_settop(L, base);
    for (; left < middle; left++) {
        lua_rawgeti(L, from, left);
        lua_rawseti(L, to, next++);
    }
    for (; right < high; right++) {
        lua_rawgeti(L, from, right);
        lua_rawseti(L, to, next++);
    }
}

static lua_Integer smaller(lua_Integer left, lua_Integer right) { return left < right ? left : right; }

static int sort(lua_State *L) {
    luaL_checktype(L, TABLE, LUA_TTABLE);
    // The bounds of the walk must be those of a table that is there.
    if (luaL_getmetafield(L, TABLE, "__len") != LUA_TNIL) luaL_argerror(L, TABLE, "a table without '__len' expected");
    lua_Integer count = (lua_Integer)lua_rawlen(L, TABLE);
    sorter sorter = {.L = L, .has_function = !lua_isnoneornil(L, COMPARISON), .cost = 0};
    if (count < 2) return 0;
    luaL_argcheck(L, count < INT_MAX, TABLE, "array too big");
    if (sorter.has_function) luaL_checktype(L, COMPARISON, LUA_TFUNCTION);
    lua_settop(L, COMPARISON);
    lua_createtable(L, (int)count, 0);
    lua_createtable(L, (int)count, 0);
    for (lua_Integer index = 1; index <= count; index++) {
        charge(&sorter, 1);
        lua_geti(L, TABLE, index);
        lua_rawseti(L, FIRST_LIST, index);
    }
    int from = FIRST_LIST;
    for (lua_Integer width = 1; width < count; width *= 2) {
        int to = from == FIRST_LIST ? SECOND_LIST : FIRST_LIST;
        for (lua_Integer low = 1; low <= count; low += 2 * width) {
            charge(&sorter, (uint64_t)smaller(2 * width, count));
            merge(&sorter, from, to, low, smaller(low + width, count + 1), smaller(low + 2 * width, count + 1));
        }
        from = to;
    }
    for (lua_Integer index = 1; index <= count; index++) {
        charge(&sorter, 1);
        lua_rawgeti(L, from, index);
        lua_seti(L, TABLE, index);
    }
    luashim_spend(L, sorter.cost);
    return 0;
}

const luaL_Reg luashim_sort_functions[] = {{"sort", sort}, {NULL, NULL}};
