// Trampolines between scripts and Swift bodies.

#include "shims.h"

/// Instructions that a call of a host function is charged for, and bytes that it takes or gives in the time of one.
#define HOST_CALL_COST 100
#define BYTES_PER_INSTRUCTION 16

luashim_reply luashim_call_body(lua_State *L, int32_t function) {
    luashim_context *context = luashim_context_of(L);
    bool in_script = context->in_script;
    context->in_script = false;
    luashim_reply reply = context->body(context->host, L, function);
    context->in_script = in_script;
    return reply;
}

static int raise_at_caller(lua_State *L) {
    lua_Debug activation;
    for (int level = 1; level < 64 && lua_getstack(L, level, &activation); level++) {
        lua_getinfo(L, "Sl", &activation);
        if (activation.currentline <= 0) continue;
        lua_pushfstring(L, "%s:%d: ", activation.short_src, activation.currentline);
        lua_insert(L, -2);
        lua_concat(L, 2);
        break;
    }
    return lua_error(L);
}

int luashim_finish(lua_State *L, luashim_reply reply) {
    bool raises = reply.action == LUASHIM_RAISE || reply.action == LUASHIM_RAISE_AT_CALLER;
    bool lacks_message = raises && reply.count == 0;
    if (lacks_message || luashim_context_of(L)->host_refused) return luaL_error(L, "not enough memory");
    switch (reply.action) {
    case LUASHIM_RETURN: return reply.count;
    case LUASHIM_RAISE: return lua_error(L);
    case LUASHIM_RAISE_AT_CALLER: return raise_at_caller(L);
    case LUASHIM_YIELD: break;
    }
    if (!lua_isyieldable(L)) {
        lua_pushliteral(
            L, "attempt to wait where that is impossible: in a <close> variable, a sort or gsub callback, "
               "or a file that is being required");
        return raise_at_caller(L);
    }
    luashim_context_of(L)->host_yield = true;
    return lua_yield(L, 0);
}

static int host_function(lua_State *L) {
    luashim_context *context = luashim_context_of(L);
    context->bytes_handled = 0;
    luashim_reply reply = luashim_call_body(L, (int32_t)lua_tointeger(L, lua_upvalueindex(1)));
    luashim_spend(L, HOST_CALL_COST + context->bytes_handled / BYTES_PER_INSTRUCTION);
    return luashim_finish(L, reply);
}

void luashim_push_function(lua_State *L, int32_t function) {
    lua_pushinteger(L, function);
    lua_pushcclosure(L, host_function, 1);
}

int luashim_print(lua_State *L) {
    int count = lua_gettop(L);
    luaL_Buffer line;
    luaL_buffinit(L, &line);
    for (int index = 1; index <= count; index++) {
        if (index > 1) luaL_addchar(&line, '\t');
        luashim_push_text(L, index, NULL);
        luaL_addvalue(&line);
    }
    luaL_pushresult(&line);
    lua_insert(L, 1);
    lua_settop(L, 1);
    return luashim_finish(L, luashim_call_body(L, (int32_t)lua_tointeger(L, lua_upvalueindex(1))));
}

/// Stands in the table of loaded modules while a file is being run.
static const char loading_mark = 0;
static const char loaded_key = 0;

void luashim_push_loaded(lua_State *L) {
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &loaded_key) == LUA_TTABLE) return;
    lua_pop(L, 1);
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &loaded_key);
}

/// Compiles the text and the chunk's name on top, and leaves the function.
static void compile_module(lua_State *L) {
    size_t length;
    const char *text = luaL_checklstring(L, -2, &length);
    if (luashim_compile(L, text, length, luaL_checkstring(L, -1)) == LUA_OK) return;
    if (luashim_context_of(L)->exhausted) luashim_stop(L);
    const char *message = lua_tostring(L, -1);
    luaL_error(L, "error loading '%s': %s", lua_tostring(L, 1), message != NULL ? message : "?");
}

/// `require(name)`: the body pushes the text and the name of its chunk; both are compiled and run here.
int luashim_require(lua_State *L) {
    luaL_checktype(L, 1, LUA_TSTRING);
    lua_settop(L, 1);
    luashim_push_loaded(L);
    lua_pushvalue(L, 1);
    lua_rawget(L, 2);
    if (lua_touserdata(L, -1) == (void *)&loading_mark)
        return luaL_error(L, "'%s' requires itself, directly or through another file", lua_tostring(L, 1));
    if (!lua_isnil(L, -1)) return 1;
    lua_pop(L, 1);

    luashim_reply reply = luashim_call_body(L, (int32_t)lua_tointeger(L, lua_upvalueindex(1)));
    bool is_found = reply.action == LUASHIM_RETURN && reply.count == 2 && !luashim_context_of(L)->host_refused;
    if (!is_found) return luashim_finish(L, reply);
    compile_module(L);

    lua_pushvalue(L, 1);
    lua_pushlightuserdata(L, (void *)&loading_mark);
    lua_rawset(L, 2);
    lua_pushvalue(L, 1);
    int status = lua_pcall(L, 1, 1, 0);
    if (status == LUA_OK && lua_isnil(L, -1)) {
        lua_pop(L, 1);
        lua_pushboolean(L, 1);
    }
    lua_pushvalue(L, 1);
    if (status == LUA_OK) lua_pushvalue(L, -2);
    else lua_pushnil(L);
    lua_rawset(L, 2);
    return status == LUA_OK ? 1 : lua_error(L);
}
