// What the host wants to know of functions and of running code.

#include <stdio.h>

#include "shims.h"

/// What a traceback may take. [byte]
#define TRACEBACK_BYTES 262144

bool luashim_position(lua_State *L, char *file, size_t capacity, int *line) {
    lua_Debug activation;
    for (int level = 0; level < 64 && lua_getstack(L, level, &activation); level++) {
        lua_getinfo(L, "Sl", &activation);
        if (activation.currentline <= 0) continue;
        snprintf(file, capacity, "%s", activation.short_src);
        *line = activation.currentline;
        return true;
    }
    return false;
}

bool luashim_describe(
    lua_State *L, char *chunk, size_t capacity, int *line, int *parameters, bool *is_variadic) {
    lua_Debug activation;
    lua_pushvalue(L, -1);
    lua_getinfo(L, ">Su", &activation);
    if (activation.linedefined <= 0) return false;
    const char *source = activation.source;
    snprintf(chunk, capacity, "%s", source[0] == '@' ? source + 1 : source);
    *line = activation.linedefined;
    *parameters = activation.nparams;
    *is_variadic = activation.isvararg != 0;
    return true;
}

const char *luashim_parameter_name(lua_State *L, int index) { return lua_getlocal(L, NULL, index); }

static int trace(lua_State *L) {
    luaL_traceback(L, lua_touserdata(L, 1), NULL, 0);
    return 1;
}

void luashim_push_traceback(lua_State *L, lua_State *thread) {
    luashim_context *context = luashim_context_of(L);
    // Names in it are as long as the script likes.
    context->host_bytes_cap = context->bytes_used + TRACEBACK_BYTES;
    lua_pushcfunction(L, trace);
    lua_pushlightuserdata(L, thread);
    int status = lua_pcall(L, 1, 1, 0);
    context->host_bytes_cap = 0;
    if (status == LUA_OK) return;
    lua_pop(L, 1);
    lua_pushnil(L);
}
