#ifndef MOONLINE_SHIMS_H
#define MOONLINE_SHIMS_H

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include "CLuaShims.h"

/// Instructions between two ticks of the count hook.
#define LUASHIM_TICK 1000

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
bool luashim_has_flag(lua_State *L, unsigned flag);
void luashim_set_flag(lua_State *L, unsigned flag, bool value);

/// Stops the run: suspends the thread where that can be done, because no `pcall` catches it; otherwise raises.
/// For C functions: `return luashim_stop(L)`.
int luashim_stop(lua_State *L);

/// Charges work that the hook does not see. Raises when the budget is spent.
void luashim_spend(lua_State *L, uint64_t instructions);

/// Looks at the clock; true when the budget is spent.
bool luashim_check_clock(luashim_context *context);

/// Calls a body with the cap and the budget suspended.
luashim_reply luashim_call_body(lua_State *L, int32_t function);

/// Returns, raises or yields as the reply says.
int luashim_finish(lua_State *L, luashim_reply reply);

/// Closes a coroutine from script code, with a bound on the C stack. The status's error, if any, is on its top.
int luashim_close_coroutine(lua_State *L, lua_State *coroutine);

/// Function tables that take the place of the library's own.
extern const luaL_Reg luashim_base_functions[];
extern const luaL_Reg luashim_coroutine_functions[];
extern const luaL_Reg luashim_pattern_functions[];
/// Guards that look at their arguments and then call the library's function, which is their first upvalue.
extern const luaL_Reg luashim_table_guards[];
extern const luaL_Reg luashim_string_guards[];
extern const luaL_Reg luashim_math_guards[];

/// Builds the sandbox, protected. Arguments: the random seed, the function numbers of `print` and `require`.
int luashim_open(lua_State *L);
int luashim_print(lua_State *L);
int luashim_require(lua_State *L);

#endif
