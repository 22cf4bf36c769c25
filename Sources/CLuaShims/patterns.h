#ifndef MOONLINE_PATTERNS_H
#define MOONLINE_PATTERNS_H

#include "shims.h"

/// As many as Lua's own.
#define PATTERN_MAXIMUM_CAPTURES 32

/// The lengths of captures that have none.
enum { CAPTURE_OPEN = -1, CAPTURE_POSITION = -2 };

/// One subject, and what the present attempt has captured.
typedef struct {
    lua_State *L;
    const char *subject;
    const char *subject_end;
    const char *pattern_end;
    /// Not charged yet.
    size_t steps;
    /// Captures begun.
    int level;
    struct {
        const char *start;
        ptrdiff_t length;
    } captures[PATTERN_MAXIMUM_CAPTURES];
} pattern_matcher;

/// Matches `pattern` at `start`, nowhere else. Returns the end of the match, or `NULL`.
///
/// Raises what is wrong with the pattern, or stops the run when the budget is spent.
const char *luashim_match_pattern(pattern_matcher *matcher, const char *start, const char *pattern);

/// Charges what is left of the steps.
void luashim_settle_pattern(pattern_matcher *matcher);

#endif
