#ifndef MOONLINE_CLUASHIMS_H
#define MOONLINE_CLUASHIMS_H

// The part of the script runtime that must be C: everything that Lua can leave by a long jump.
//
// A host function is a C trampoline that calls a Swift body; the body only returns a reply, and the trampoline returns,
// raises or yields when the Swift frame is gone. The allocator holds the memory cap, the count hook the processor
// budget; both are enforced only while script code runs, so that the host's own pushes cannot raise.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lua_State;

/// What a Swift body asks its trampoline to do.
typedef enum {
    /// Return the topmost `count` values.
    LUASHIM_RETURN = 0,
    /// Raise the topmost value, as it is.
    LUASHIM_RAISE = 1,
    /// Raise the topmost value, a string, behind the position of the calling line.
    LUASHIM_RAISE_AT_CALLER = 2,
    /// Suspend the task until the host resumes it; its values become the function's results.
    LUASHIM_YIELD = 3,
} luashim_action;

typedef struct {
    luashim_action action;
    int32_t count;
} luashim_reply;

/// A host function's body. It may push and read; it must not call into scripts.
typedef luashim_reply (*luashim_body)(void *host, struct lua_State *L, int32_t function);

/// What one state accounts for. Swift reads and sets the fields between runs.
typedef struct {
    luashim_body body;
    void *host;

    /// Bytes that the state holds now, and held at most. [byte]
    size_t bytes_used;
    size_t bytes_peak;
    /// More is refused while script code runs. [byte]
    size_t bytes_cap;

    /// Limits of one run: virtual machine instructions, and processor time of the thread. [ns]
    uint64_t instruction_limit;
    int64_t cpu_limit;

    /// Spent by the present or last run.
    uint64_t instructions_used;
    int64_t cpu_started;
    size_t bytes_since_clock;

    /// Script code is running: cap and budget are enforced.
    bool in_script;
    /// The budget of this run is spent; nothing that the script does can take this back.
    bool exhausted;
    /// Where it was spent; without line when Lua did not know.
    char exhausted_file[64];
    int exhausted_line;
    /// An allocation was refused in this run.
    bool memory_refused;
    /// A host function suspended the task; otherwise a coroutine of the script's own yielded.
    bool host_yield;
    /// Coroutines that are being closed inside one another.
    uint32_t close_depth;

    /// For tests: every allocation from this one on fails while script code runs; 0 for never.
    uint64_t fail_from_allocation;
    /// Allocations that script code made in this run.
    uint64_t allocations;
} luashim_context;

/// A new state with the sandboxed standard library.
///
/// `print` and `require` call the body with the given function numbers. `context` must outlive the state.
/// Returns `NULL` when there is no memory.
struct lua_State *luashim_new_state(
    luashim_context *context, uint64_t random_seed, int32_t print_function, int32_t require_function);

/// Compiles text (never bytecode) under the memory cap, and pushes the function or the error. Returns a Lua status.
int luashim_load(struct lua_State *L, const char *source, size_t length, const char *chunk_name);

/// Pushes a host function, whose body is called with the number `function`.
void luashim_push_function(struct lua_State *L, int32_t function);

/// Pushes the table of what `require` has loaded, by name.
void luashim_push_loaded(struct lua_State *L);

/// Replaces the table on top by a proxy that can be read but not written. `name` stands in the error message.
void luashim_protect(struct lua_State *L, const char *name);

/// Pushes a new thread that belongs to the host: scripts can neither resume nor close it.
struct lua_State *luashim_new_task(struct lua_State *L);

/// Runs or continues a task with the topmost `arguments` values of its stack and a fresh budget.
///
/// Returns a Lua status; `*results` values are on the task's stack. With `exhausted` set, the status may be
/// `LUA_YIELD`: the task was stopped where it was, and must be closed.
int luashim_resume(struct lua_State *L, struct lua_State *task, int arguments, int *results);

/// Closes a task: its pending `<close>` variables run, with a fresh budget. Returns a Lua status; an error is on top.
int luashim_close(struct lua_State *L, struct lua_State *task);

/// The source and the line of the innermost function that runs script text, seen from `L`; false when there is none.
bool luashim_position(struct lua_State *L, char *file, size_t capacity, int *line);

/// What is known of the function on top of the stack; the function stays there.
///
/// `chunk` receives the chunk's name, without `@`. Returns false for a function written in C.
bool luashim_describe(
    struct lua_State *L, char *chunk, size_t capacity, int *line, int *parameters, bool *is_variadic);

/// The name of a parameter (from 1) of the function on top of the stack.
const char *luashim_parameter_name(struct lua_State *L, int index);

/// Names the calling thread, for debuggers and `top`; at most 15 characters.
void luashim_name_thread(const char *name);

#endif
