#ifndef MOONLINE_CLUASHIMS_H
#define MOONLINE_CLUASHIMS_H

// The part of the script runtime that must be C: everything that Lua can leave by a long jump.
//
// A host function is a C trampoline that calls a Swift body; the body only returns a reply, and the trampoline returns,
// raises or yields when the Swift frame is gone. What the host itself does to a state goes through `luashim_perform`,
// which runs protected and reports that there was no memory. The allocator holds the memory cap, the count hook the
// processor budget; both are enforced only while script code runs.

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
    /// More is refused while the host works; 0 for no bound. [byte]
    size_t host_bytes_cap;

    /// Limits of one run: virtual machine instructions, and processor time of the thread. [ns]
    uint64_t instruction_limit;
    int64_t cpu_limit;

    /// Spent by the present or last run.
    uint64_t instructions_used;
    int64_t cpu_started;
    /// Before this time of the monotonic clock the processor time cannot be spent. [ns]
    int64_t look_again;
    size_t bytes_since_clock;

    /// What the host has read from the state and written to it since a host function was called. [byte]
    size_t bytes_handled;

    /// Script code is running: cap and budget are enforced.
    bool in_script;
    /// The thread whose code runs.
    struct lua_State *running;
    /// The budget of this run is spent; nothing that the script does can take this back.
    bool exhausted;
    /// Where it was spent; without line when Lua did not know.
    char exhausted_file[64];
    int exhausted_line;
    /// An allocation was refused in this run.
    bool memory_refused;
    /// The host's own work found no memory, so that the state may lack something: it must not run any more.
    bool host_refused;
    /// A host function suspended the task; otherwise a coroutine of the script's own yielded.
    bool host_yield;
    /// Coroutines that are being closed inside one another.
    uint32_t close_depth;

    /// Tables, functions and threads that were ever made: each one's number is its identity for `tostring` and `pairs`.
    uint64_t objects;

    /// For tests: the allocations that fail, counted by `allocations`; `fail_from` 0 for none.
    uint64_t fail_from;
    uint64_t fail_through;
    /// Growths that were asked for, by scripts and host.
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

/// Work of the host on a state. The operands are the values that `luashim_perform` is given.
typedef enum {
    /// Pushes the values.
    LUASHIM_PUSH = 0,
    /// A new table. Makes a reference.
    LUASHIM_NEW_TABLE,
    /// `table, key, value`: sets a field without metamethods.
    LUASHIM_SET_FIELD,
    /// `table, key`: pushes a field, got without metamethods.
    LUASHIM_GET_FIELD,
    /// `name, value`.
    LUASHIM_SET_GLOBAL,
    /// `name, value`: what `require(name)` returns.
    LUASHIM_SET_LOADED,
    /// `table, metatable`.
    LUASHIM_SET_METATABLE,
    /// `table, name`: a proxy that can be read and not written; the name stands in the message. Makes a reference.
    LUASHIM_PROTECT,
    /// `number, name...`: a table of host functions by name, numbered in order from the first. Makes a reference.
    LUASHIM_NEW_FUNCTIONS,
    /// `number`: a host function. Makes a reference.
    LUASHIM_NEW_FUNCTION,
    /// A thread that belongs to the host: scripts can neither resume nor close it. Makes a reference.
    LUASHIM_NEW_TASK,
} luashim_operation;

/// The first byte of a value as `luashim_perform` takes it. Numbers follow in the machine's own order of bytes.
typedef enum {
    LUASHIM_NIL = 0,
    LUASHIM_FALSE,
    LUASHIM_TRUE,
    /// `int64_t`
    LUASHIM_INTEGER,
    /// `double`
    LUASHIM_NUMBER,
    /// `uint64_t` length, bytes.
    LUASHIM_STRING,
    /// `int32_t` reference.
    LUASHIM_REFERENCE,
    /// `uint64_t` count, so many values.
    LUASHIM_LIST,
    /// `uint64_t` count, so many pairs of a string without tag and a value.
    LUASHIM_RECORD,
} luashim_tag;

/// Does the host's work, protected and without cap. `L` is the main thread.
///
/// Returns the reference that was made, or 0. Returns -1 when there is no memory: then nothing is pushed, and
/// `host_refused` is set.
int32_t luashim_perform(
    struct lua_State *L, luashim_operation operation, const uint8_t *values, size_t length, int32_t count);

/// Takes the value on top of `thread` into a reference. Returns -1, which stands for `nil`, when there is no memory.
int32_t luashim_refer(struct lua_State *L, struct lua_State *thread);

/// Pushes Lua's traceback of `thread` on `L`; an empty string when there is no memory for it or it is huge.
void luashim_push_traceback(struct lua_State *L, struct lua_State *thread);

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
