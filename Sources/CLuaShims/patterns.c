// Lua patterns (reference manual §6.4.1), matched inside the processor budget.
//
// A pattern is a sequence of items without groups, so that every item has at most one open choice at a time. The choices
// stand on an explicit stack that no pattern can make deeper than it has items; there is no recursion.

#include <ctype.h>
#include <string.h>

#include "patterns.h"

/// Open choices and captures at a time. Lua's own matcher complains at the same depth.
#define MAXIMUM_DEPTH 199
/// A step takes about a quarter of the time of an instruction.
#define STEPS_PER_INSTRUCTION 4
/// Steps between two looks at the budget.
#define STEPS_PER_CHARGE 4096
/// Bytes of a set, or of a back reference, that cost as much as one step.
#define BYTES_PER_STEP 8

typedef enum {
    /// A capture was begun; undone by forgetting it.
    CHOICE_OPENED,
    /// A capture was ended; undone by opening it again.
    CHOICE_CLOSED,
    /// `?` took its character; the other way is to take none.
    CHOICE_OPTIONAL,
    /// `*` and `+` took `count` characters; the other way is to take one less.
    CHOICE_LONGEST,
    /// `-` took as few as it could; the other way is to take one more.
    CHOICE_SHORTEST,
} choice_kind;

typedef struct {
    choice_kind kind;
    int capture;
    /// Where the item was tried.
    const char *text;
    const char *item;
    /// The repetition sign behind the item.
    const char *sign;
    size_t count;
} choice;

static void charge(pattern_matcher *matcher, size_t steps) {
    matcher->steps += steps;
    if (matcher->steps >= STEPS_PER_CHARGE) luashim_settle_pattern(matcher);
}

void luashim_settle_pattern(pattern_matcher *matcher) {
    uint64_t instructions = matcher->steps / STEPS_PER_INSTRUCTION + 1;
    matcher->steps = 0;
    luashim_spend(matcher->L, instructions);
}

/// Behind a single-character item: a character, `%x`, or a set.
static const char *item_end(pattern_matcher *matcher, const char *item) {
    const char *end = matcher->pattern_end;
    if (*item == '%') {
        if (item + 1 == end) luaL_error(matcher->L, "malformed pattern (ends with '%%')");
        return item + 2;
    }
    if (*item != '[') return item + 1;
    const char *next = item + 1;
    if (next < end && *next == '^') next++;
    // A bracket that comes first is a member.
    for (bool first = true; next < end && (first || *next != ']'); first = false)
        next += *next == '%' && next + 1 < end ? 2 : 1;
    if (next >= end) luaL_error(matcher->L, "malformed pattern (missing ']')");
    return next + 1;
}

static bool is_in_class(int character, int class) {
    bool found;
    switch (tolower(class)) {
    case 'a': found = isalpha(character); break;
    case 'c': found = iscntrl(character); break;
    case 'd': found = isdigit(character); break;
    case 'g': found = isgraph(character); break;
    case 'l': found = islower(character); break;
    case 'p': found = ispunct(character); break;
    case 's': found = isspace(character); break;
    case 'u': found = isupper(character); break;
    case 'w': found = isalnum(character); break;
    case 'x': found = isxdigit(character); break;
    case 'z': found = character == 0; break;
    default: return class == character;
    }
    return isupper(class) ? !found : found;
}

/// `bracket` is the set's last character.
static bool is_in_set(int character, const char *set, const char *bracket) {
    const unsigned char *next = (const unsigned char *)set + 1;
    const unsigned char *end = (const unsigned char *)bracket;
    bool is_complement = *next == '^';
    if (is_complement) next++;
    while (next < end) {
        if (*next == '%' && next + 1 < end) {
            if (is_in_class(character, next[1])) return !is_complement;
            next += 2;
        } else if (next + 2 < end && next[1] == '-') {
            if (next[0] <= character && character <= next[2]) return !is_complement;
            next += 3;
        } else {
            if (*next == character) return !is_complement;
            next++;
        }
    }
    return is_complement;
}

/// Whether the item matches the one character at `text`.
static bool matches_one(pattern_matcher *matcher, const char *text, const char *item, const char *end) {
    charge(matcher, 1 + (size_t)(end - item) / BYTES_PER_STEP);
    if (text >= matcher->subject_end) return false;
    int character = (unsigned char)*text;
    switch (*item) {
    case '.': return true;
    case '%': return is_in_class(character, (unsigned char)item[1]);
    case '[': return is_in_set(character, item, end - 1);
    default: return (unsigned char)*item == character;
    }
}

/// `%bxy`. Returns the end of the match or `NULL`.
static const char *match_balanced(pattern_matcher *matcher, const char *text, const char *pair) {
    if (pair + 1 >= matcher->pattern_end) luaL_error(matcher->L, "malformed pattern (missing arguments to '%%b')");
    if (text >= matcher->subject_end || *text != pair[0]) return NULL;
    size_t depth = 1;
    for (const char *next = text + 1; next < matcher->subject_end; next++) {
        charge(matcher, 1);
        if (*next == pair[1]) {
            if (--depth == 0) return next + 1;
        } else if (*next == pair[0]) {
            depth++;
        }
    }
    return NULL;
}

/// `%f[set]`: whether the set begins at `text`. `end` is behind the set.
static bool is_frontier(pattern_matcher *matcher, const char *text, const char *set, const char *end) {
    charge(matcher, 2 * (size_t)(end - set) / BYTES_PER_STEP);
    int before = text == matcher->subject ? 0 : (unsigned char)text[-1];
    int after = text == matcher->subject_end ? 0 : (unsigned char)*text;
    return !is_in_set(before, set, end - 1) && is_in_set(after, set, end - 1);
}

/// `%1` to `%9`. Returns the end of the match or `NULL`.
static const char *match_back_reference(pattern_matcher *matcher, const char *text, int digit) {
    int index = digit - '1';
    if (index < 0 || index >= matcher->level || matcher->captures[index].length == CAPTURE_OPEN)
        luaL_error(matcher->L, "invalid capture index %%%d", index + 1);
    ptrdiff_t length = matcher->captures[index].length;
    if (length < 0 || matcher->subject_end - text < length) return NULL;
    charge(matcher, (size_t)length / BYTES_PER_STEP);
    return memcmp(matcher->captures[index].start, text, (size_t)length) == 0 ? text + length : NULL;
}

static int innermost_open(pattern_matcher *matcher) {
    for (int index = matcher->level - 1; index >= 0; index--)
        if (matcher->captures[index].length == CAPTURE_OPEN) return index;
    return luaL_error(matcher->L, "invalid pattern capture");
}

static choice *push(pattern_matcher *matcher, choice *choices, int *depth, choice_kind kind) {
    if (*depth == MAXIMUM_DEPTH) luaL_error(matcher->L, "pattern too complex");
    choice *top = &choices[(*depth)++];
    top->kind = kind;
    return top;
}

/// Goes back to the last open choice and takes its other way. False when there is none.
static bool take_back(
    pattern_matcher *matcher, choice *choices, int *depth, const char **text, const char **pattern) {
    while (*depth > 0) {
        choice *top = &choices[*depth - 1];
        charge(matcher, 1);
        switch (top->kind) {
        case CHOICE_OPENED: matcher->level--; break;
        case CHOICE_CLOSED: matcher->captures[top->capture].length = CAPTURE_OPEN; break;
        case CHOICE_OPTIONAL:
            *text = top->text;
            *pattern = top->sign + 1;
            --*depth;
            return true;
        case CHOICE_LONGEST:
            if (top->count == 0) break;
            *text = top->text + --top->count;
            *pattern = top->sign + 1;
            return true;
        case CHOICE_SHORTEST:
            if (!matches_one(matcher, top->text, top->item, top->sign)) break;
            *text = ++top->text;
            *pattern = top->sign + 1;
            return true;
        }
        --*depth;
    }
    return false;
}

/// A single-character item with its repetition sign. False when it does not match.
static bool match_single(
    pattern_matcher *matcher, choice *choices, int *depth, const char **text, const char **pattern) {
    const char *item = *pattern;
    const char *sign = item_end(matcher, item);
    int repetition = sign < matcher->pattern_end ? *sign : 0;
    bool repeats = repetition == '*' || repetition == '+' || repetition == '-' || repetition == '?';
    *pattern = repeats ? sign + 1 : sign;
    if (!matches_one(matcher, *text, item, sign)) return repeats && repetition != '+';
    if (!repeats) {
        ++*text;
        return true;
    }
    choice *top = push(
        matcher, choices, depth,
        repetition == '?' ? CHOICE_OPTIONAL : repetition == '-' ? CHOICE_SHORTEST : CHOICE_LONGEST);
    top->item = item;
    top->sign = sign;
    top->text = *text;
    top->count = 0;
    if (repetition == '?') ++*text;
    if (repetition == '?' || repetition == '-') return true;
    // The one that `+` must have is not for giving back.
    if (repetition == '+') top->text++;
    while (matches_one(matcher, top->text + top->count, item, sign)) top->count++;
    *text = top->text + top->count;
    return true;
}

/// `%b`, `%f` and back references. `*is_item` tells whether it was one of them; the result, whether it matched.
static bool match_special(pattern_matcher *matcher, const char **text, const char **pattern, bool *is_item) {
    const char *item = *pattern;
    int kind = item + 1 < matcher->pattern_end ? (unsigned char)item[1] : 0;
    *is_item = true;
    if (kind == 'b') {
        const char *end = match_balanced(matcher, *text, item + 2);
        *pattern = item + 4;
        if (end != NULL) *text = end;
        return end != NULL;
    }
    if (kind == 'f') {
        if (item + 2 >= matcher->pattern_end || item[2] != '[')
            luaL_error(matcher->L, "missing '[' after '%%f' in pattern");
        *pattern = item_end(matcher, item + 2);
        return is_frontier(matcher, *text, item + 2, *pattern);
    }
    if (isdigit(kind)) {
        const char *end = match_back_reference(matcher, *text, kind);
        *pattern = item + 2;
        if (end != NULL) *text = end;
        return end != NULL;
    }
    *is_item = false;
    return false;
}

/// One item at `*text`: on a match both go behind it.
static bool match_item(pattern_matcher *matcher, choice *choices, int *depth, const char **text, const char **pattern) {
    const char *item = *pattern;
    switch (*item) {
    case '(': {
        if (matcher->level >= PATTERN_MAXIMUM_CAPTURES) luaL_error(matcher->L, "too many captures");
        bool is_position = item + 1 < matcher->pattern_end && item[1] == ')';
        matcher->captures[matcher->level].start = *text;
        matcher->captures[matcher->level].length = is_position ? CAPTURE_POSITION : CAPTURE_OPEN;
        matcher->level++;
        push(matcher, choices, depth, CHOICE_OPENED);
        *pattern = item + (is_position ? 2 : 1);
        return true;
    }
    case ')': {
        int index = innermost_open(matcher);
        matcher->captures[index].length = *text - matcher->captures[index].start;
        push(matcher, choices, depth, CHOICE_CLOSED)->capture = index;
        *pattern = item + 1;
        return true;
    }
    case '$':
        if (item + 1 != matcher->pattern_end) break;
        *pattern = item + 1;
        return *text == matcher->subject_end;
    case '%': {
        bool is_item;
        bool matched = match_special(matcher, text, pattern, &is_item);
        if (is_item) return matched;
        break;
    }
    }
    return match_single(matcher, choices, depth, text, pattern);
}

const char *luashim_match_pattern(pattern_matcher *matcher, const char *start, const char *pattern) {
    choice choices[MAXIMUM_DEPTH];
    int depth = 0;
    const char *text = start;
    matcher->level = 0;
    while (pattern < matcher->pattern_end) {
        charge(matcher, 1);
        if (match_item(matcher, choices, &depth, &text, &pattern)) continue;
        if (!take_back(matcher, choices, &depth, &text, &pattern)) return NULL;
    }
    return text;
}
