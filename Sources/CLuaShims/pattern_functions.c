// `string.find`, `match`, `gmatch` and `gsub` on our own matcher. Results and messages are those of Lua's library.

#define _GNU_SOURCE
#include <ctype.h>
#include <string.h>

#include "patterns.h"

/// Bytes that a plain search passes in the time of one instruction.
#define BYTES_PER_INSTRUCTION 16

/// The offset of the position in argument 3, which counts from the end when negative.
static size_t start_offset(lua_State *L, size_t length) {
    lua_Integer position = luaL_optinteger(L, 3, 1);
    if (position > 0) return (size_t)position - 1;
    if (position == 0 || position < -(lua_Integer)length) return 0;
    return length + (size_t)position;
}

static pattern_matcher prepare(
    lua_State *L, const char *subject, size_t subject_length, const char *pattern, size_t pattern_length) {
    pattern_matcher matcher;
    matcher.L = L;
    matcher.subject = subject;
    matcher.subject_end = subject + subject_length;
    matcher.pattern_end = pattern + pattern_length;
    matcher.steps = 0;
    matcher.level = 0;
    return matcher;
}

/// The bytes of a capture, or of the whole match when there is no capture. A position has none and returns `NULL`.
static const char *capture(
    pattern_matcher *matcher, int index, const char *start, const char *end, size_t *length) {
    *length = (size_t)(end - start);
    if (index >= matcher->level) {
        if (index != 0) luaL_error(matcher->L, "invalid capture index %%%d", index + 1);
        return start;
    }
    ptrdiff_t captured = matcher->captures[index].length;
    if (captured == CAPTURE_OPEN) luaL_error(matcher->L, "unfinished capture");
    if (captured == CAPTURE_POSITION) return NULL;
    *length = (size_t)captured;
    return matcher->captures[index].start;
}

static void push_capture(pattern_matcher *matcher, int index, const char *start, const char *end) {
    size_t length;
    const char *bytes = capture(matcher, index, start, end, &length);
    if (bytes != NULL) lua_pushlstring(matcher->L, bytes, length);
    else lua_pushinteger(matcher->L, matcher->captures[index].start - matcher->subject + 1);
}

/// Pushes all captures; the whole match when there are none and `or_match` is set.
static int push_captures(pattern_matcher *matcher, const char *start, const char *end, bool or_match) {
    int count = matcher->level == 0 && or_match ? 1 : matcher->level;
    luaL_checkstack(matcher->L, count, "too many captures");
    for (int index = 0; index < count; index++) push_capture(matcher, index, start, end);
    return count;
}

static bool is_plain(const char *pattern, size_t length) {
    for (size_t index = 0; index < length; index++)
        if (pattern[index] != 0 && strchr("^$*+?.([%-", pattern[index]) != NULL) return false;
    return true;
}

static int find_or_match(lua_State *L, bool finds) {
    size_t length, pattern_length;
    const char *subject = luaL_checklstring(L, 1, &length);
    const char *pattern = luaL_checklstring(L, 2, &pattern_length);
    size_t offset = start_offset(L, length);
    if (offset > length) {
        luaL_pushfail(L);
        return 1;
    }
    if (finds && (lua_toboolean(L, 4) || is_plain(pattern, pattern_length))) {
        luashim_spend(L, (length - offset + pattern_length) / BYTES_PER_INSTRUCTION);
        const char *found = memmem(subject + offset, length - offset, pattern, pattern_length);
        if (found == NULL) {
            luaL_pushfail(L);
            return 1;
        }
        lua_pushinteger(L, found - subject + 1);
        lua_pushinteger(L, found - subject + (lua_Integer)pattern_length);
        return 2;
    }
    pattern_matcher matcher = prepare(L, subject, length, pattern, pattern_length);
    bool is_anchored = pattern_length > 0 && *pattern == '^';
    if (is_anchored) pattern++;
    for (const char *start = subject + offset; start <= matcher.subject_end; start++) {
        const char *end = luashim_match_pattern(&matcher, start, pattern);
        if (end != NULL) {
            luashim_settle_pattern(&matcher);
            if (!finds) return push_captures(&matcher, start, end, true);
            lua_pushinteger(L, start - subject + 1);
            lua_pushinteger(L, end - subject);
            return push_captures(&matcher, start, end, false) + 2;
        }
        if (is_anchored) break;
    }
    luashim_settle_pattern(&matcher);
    luaL_pushfail(L);
    return 1;
}

static int find(lua_State *L) { return find_or_match(L, true); }

static int match(lua_State *L) { return find_or_match(L, false); }

/// Upvalues: subject, pattern, offset of the next attempt, end of the last match or -1.
static int next_match(lua_State *L) {
    size_t length, pattern_length;
    const char *subject = lua_tolstring(L, lua_upvalueindex(1), &length);
    const char *pattern = lua_tolstring(L, lua_upvalueindex(2), &pattern_length);
    size_t offset = (size_t)lua_tointeger(L, lua_upvalueindex(3));
    lua_Integer last = lua_tointeger(L, lua_upvalueindex(4));
    pattern_matcher matcher = prepare(L, subject, length, pattern, pattern_length);
    for (; offset <= length; offset++) {
        const char *end = luashim_match_pattern(&matcher, subject + offset, pattern);
        // An empty match at the end of the last one would be the same place twice.
        if (end == NULL || end - subject == last) continue;
        luashim_settle_pattern(&matcher);
        lua_pushinteger(L, end - subject);
        lua_copy(L, -1, lua_upvalueindex(3));
        lua_replace(L, lua_upvalueindex(4));
        return push_captures(&matcher, subject + offset, end, true);
    }
    luashim_settle_pattern(&matcher);
    return 0;
}

static int gmatch(lua_State *L) {
    size_t length;
    luaL_checklstring(L, 1, &length);
    luaL_checkstring(L, 2);
    size_t offset = start_offset(L, length);
    lua_settop(L, 2);
    lua_pushinteger(L, (lua_Integer)(offset > length ? length + 1 : offset));
    lua_pushinteger(L, -1);
    lua_pushcclosure(L, next_match, 4);
    return 1;
}

/// Appends the replacement text in argument 3, its captures filled in.
static void add_text(pattern_matcher *matcher, luaL_Buffer *result, const char *start, const char *end) {
    lua_State *L = matcher->L;
    size_t length;
    const char *text = lua_tolstring(L, 3, &length);
    const char *text_end = text + length;
    matcher->steps += length;
    while (text < text_end) {
        const char *escape = memchr(text, '%', (size_t)(text_end - text));
        luaL_addlstring(result, text, (size_t)((escape != NULL ? escape : text_end) - text));
        if (escape == NULL) return;
        int kind = escape + 1 < text_end ? (unsigned char)escape[1] : 0;
        text = escape + 2;
        if (kind == '%') {
            luaL_addchar(result, '%');
        } else if (kind == '0') {
            luaL_addlstring(result, start, (size_t)(end - start));
        } else if (isdigit(kind)) {
            size_t captured;
            const char *bytes = capture(matcher, kind - '1', start, end, &captured);
            if (bytes != NULL) {
                luaL_addlstring(result, bytes, captured);
            } else {
                push_capture(matcher, kind - '1', start, end);
                luaL_addvalue(result);
            }
        } else {
            luaL_error(L, "invalid use of '%%' in replacement string");
        }
    }
}

/// Appends what the match is replaced by. False when it stays as it is.
static bool add_replacement(
    pattern_matcher *matcher, luaL_Buffer *result, const char *start, const char *end, int type) {
    lua_State *L = matcher->L;
    if (type == LUA_TFUNCTION) {
        lua_pushvalue(L, 3);
        lua_call(L, push_captures(matcher, start, end, true), 1);
    } else if (type == LUA_TTABLE) {
        push_capture(matcher, 0, start, end);
        lua_gettable(L, 3);
    } else {
        add_text(matcher, result, start, end);
        return true;
    }
    if (!lua_toboolean(L, -1)) {
        lua_pop(L, 1);
        luaL_addlstring(result, start, (size_t)(end - start));
        return false;
    }
    if (!lua_isstring(L, -1)) luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
    luaL_addvalue(result);
    return true;
}

static int gsub(lua_State *L) {
    size_t length, pattern_length;
    const char *subject = luaL_checklstring(L, 1, &length);
    const char *pattern = luaL_checklstring(L, 2, &pattern_length);
    int type = lua_type(L, 3);
    lua_Integer maximum = luaL_optinteger(L, 4, (lua_Integer)length + 1);
    luaL_argexpected(
        L, type == LUA_TNUMBER || type == LUA_TSTRING || type == LUA_TFUNCTION || type == LUA_TTABLE, 3,
        "string/function/table");
    pattern_matcher matcher = prepare(L, subject, length, pattern, pattern_length);
    bool is_anchored = pattern_length > 0 && *pattern == '^';
    if (is_anchored) pattern++;
    const char *next = subject;
    const char *last = NULL;
    lua_Integer count = 0;
    bool has_changed = false;
    luaL_Buffer result;
    luaL_buffinit(L, &result);
    while (count < maximum) {
        const char *end = luashim_match_pattern(&matcher, next, pattern);
        if (end != NULL && end != last) {
            count++;
            if (add_replacement(&matcher, &result, next, end, type)) has_changed = true;
            next = last = end;
        } else if (next < matcher.subject_end) {
            luaL_addchar(&result, *next++);
        } else {
            break;
        }
        if (is_anchored) break;
    }
    luashim_settle_pattern(&matcher);
    if (has_changed) {
        luaL_addlstring(&result, next, (size_t)(matcher.subject_end - next));
        luaL_pushresult(&result);
    } else {
        lua_pushvalue(L, 1);
    }
    lua_pushinteger(L, count);
    return 2;
}

const luaL_Reg luashim_pattern_functions[] = {
    {"find", find}, {"match", match}, {"gmatch", gmatch}, {"gsub", gsub}, {NULL, NULL},
};
