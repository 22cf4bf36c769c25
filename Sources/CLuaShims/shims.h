#ifndef MOONLINE_SHIMS_H
#define MOONLINE_SHIMS_H

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include "CLuaShims.h"

/// What a thread is, kept in the low bits of the context pointer in its extra space.
enum {
    /// Owned by the host.
    LUASHIM_THREAD_TASK = 1,
    /// A coroutine of the script that waits for a reply of the host, or that was stopped for its budget.
    LUASHIM_THREAD_WAITING = 2,
    /// Left by an error that the hook raised. Lua calls no hook on such a thread any more, so nothing may run on it.
    LUASHIM_THREAD_POISONED = 4,
    LUASHIM_THREAD_FLAGS = 7,
};

luashim_context *luashim_context_of(lua_State *L);
void luashim_set_context(lua_State *L, luashim_context *context);
bool luashim_has_flag(lua_State *L, unsigned flag);
void luashim_set_flag(lua_State *L, unsigned flag, bool value);

/// The allocator of a state; its data is the context.
void *luashim_allocate(void *context, void *block, size_t old_size, size_t new_size);

/// Sets the fields that belong to one run.
void luashim_begin_run(luashim_context *context);

/// Looks at the clock; true when the budget is spent.
bool luashim_check_clock(luashim_context *context);

/// Makes `thread` the one whose instructions are counted. Returns the one that was.
lua_State *luashim_enter(luashim_context *context, lua_State *thread);

/// Makes the ticks of the running thread as short as the memory in use asks for.
void luashim_shorten_ticks(luashim_context *context);

/// Stops the run: suspends the thread where that can be done, because no `pcall` catches it; otherwise raises.
/// For C functions: `return luashim_stop(L)`.
int luashim_stop(lua_State *L);

/// Charges work that the hook does not see. Raises when the budget is spent.
void luashim_spend(lua_State *L, uint64_t instructions);

/// Compiles text, never bytecode, and charges it to the present run. Pushes the function or an error; returns the status.
int luashim_compile(lua_State *L, const char *text, size_t length, const char *chunk_name);

/// Calls a body with the cap and the budget suspended.
luashim_reply luashim_call_body(lua_State *L, int32_t function);

/// Returns, raises or yields as the reply says.
int luashim_finish(lua_State *L, luashim_reply reply);

/// Closes a coroutine from script code, with a bound on the C stack. The status's error, if any, is on its top.
int luashim_close_coroutine(lua_State *L, lua_State *coroutine);

/// The number of a table, a thread, or a function that is not one of the library's; 0 for every other value.
uint64_t luashim_number_of(lua_State *L, int index);

/// Pushes the value as text, as `luaL_tolstring` does, but with numbers in place of addresses.
const char *luashim_push_text(lua_State *L, int index, size_t *length);

/// Replaces the table on top by a proxy that can be read but not written. `name` stands in the error message.
void luashim_protect(lua_State *L, const char *name);

/// Pushes the table of what `require` has loaded, by name.
void luashim_push_loaded(lua_State *L);

/// Pushes a host function, whose body is called with the number `function`.
void luashim_push_function(lua_State *L, int32_t function);

/// Pushes an iterator over the table at `index`, in the defined order.
void luashim_push_walk(lua_State *L, int index);

/// Function tables that take the place of the library's own.
extern const luaL_Reg luashim_base_functions[];
extern const luaL_Reg luashim_order_functions[];
extern const luaL_Reg luashim_coroutine_functions[];
extern const luaL_Reg luashim_pattern_functions[];
extern const luaL_Reg luashim_sort_functions[];
/// Guards that look at their arguments and then call the library's function, which is their first upvalue.
extern const luaL_Reg luashim_base_guards[];
extern const luaL_Reg luashim_table_guards[];
extern const luaL_Reg luashim_string_guards[];
extern const luaL_Reg luashim_utf8_guards[];
extern const luaL_Reg luashim_math_guards[];

/// Builds the sandbox, protected. Arguments: the random seed, the function numbers of `print` and `require`.
int luashim_open(lua_State *L);
int luashim_print(lua_State *L);
int luashim_require(lua_State *L);

#endif
