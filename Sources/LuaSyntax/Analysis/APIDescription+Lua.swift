extension APIDescription {
    /// What Lua 5.4 has and a sandboxed script may use (§6).
    public static let luaGlobals: [String: Member] = {
        var globals = functions(basic)
        globals["_G"] = .value
        globals["_VERSION"] = .value
        for (name, listing, values) in [
            ("string", string, []), ("table", table, []), ("math", math, ["huge", "maxinteger", "mininteger", "pi"]),
            ("utf8", utf8, ["charpattern"]), ("coroutine", coroutine, []),
        ] {
            var members = functions(listing)
            for value in values { members[value] = .value }
            globals[name] = .table(members)
        }
        return globals
    }()

    /// What Lua 5.4 has and a sandbox takes away, and what earlier versions had.
    public static let luaAbsentGlobals = [
        "io": "scripts have no files",
        "os": "scripts have no operating system",
        "debug": "scripts have no debug library",
        "package": "scripts find modules with require alone",
        "dofile": "use require",
        "loadfile": "use require",
        "warn": "use print",
        "arg": "scripts have no command line",
        "unpack": "Lua 5.4 has table.unpack",
        "loadstring": "Lua 5.4 has load",
        "setfenv": "Lua 5.4 has _ENV",
        "getfenv": "Lua 5.4 has _ENV",
        "bit32": "Lua 5.4 has the operators & | ~ << >>",
        "bit": "Lua 5.4 has the operators & | ~ << >>",
    ]

    private static let basic = """
        assert(value, ...) collectgarbage([option, ...) error([message, level) getmetatable(object) ipairs(t)
        load(chunk [name, mode, env) next(t [key) pairs(t) pcall(f, ...) print(...) rawequal(a, b) rawget(t, key)
        rawlen(value) rawset(t, key, value) require(name) select(n, ...) setmetatable(t, metatable)
        tonumber(value [base) tostring(value) type(value) xpcall(f, handler, ...)
        """

    private static let string = """
        byte(s [i, j) char(...) find(s, pattern [init, plain) format(format, ...) gmatch(s, pattern [init)
        gsub(s, pattern, replacement [n) len(s) lower(s) match(s, pattern [init) pack(format, ...) packsize(format)
        rep(s, n [separator) reverse(s) sub(s, i [j) unpack(format, s [position) upper(s)
        """

    private static let table = """
        concat(list [separator, i, j) insert(list, value_or_position [value) move(from, first, last, to [target)
        pack(...) remove(list [position) sort(list [less) unpack(list [i, j)
        """

    private static let math = """
        abs(x) acos(x) asin(x) atan(y [x) ceil(x) cos(x) deg(x) exp(x) floor(x) fmod(x, y) log(x [base) max(x, ...)
        min(x, ...) modf(x) rad(x) random([m, n) randomseed([x, y) sin(x) sqrt(x) tan(x) tointeger(x) type(x)
        ult(m, n)
        """

    private static let utf8 = """
        char(...) codepoint(s [i, j, lax) codes(s [lax) len(s [i, j, lax) offset(s, n [i)
        """

    private static let coroutine = """
        close(co) create(f) isyieldable([co) resume(co, ...) running() status(co) wrap(f) yield(...)
        """

    /// Reads `name(required, … [optional, … ...)`.
    private static func functions(_ listing: String) -> [String: Member] {
        var members: [String: Member] = [:]
        for entry in listing.split(separator: ")") {
            let parts = entry.split(separator: "(", omittingEmptySubsequences: false)
            guard parts.count == 2 else { continue }
            let groups = parts[1].split(separator: "[", omittingEmptySubsequences: false).map { group in
                group.split { $0 == "," || $0 == " " || $0 == "\n" }.map(String.init)
            }
            let names = groups.flatMap { $0 }
            let parameters = names.filter { $0 != "..." }
            let required = groups[0].filter { $0 != "..." }.count
            members[String(parts[0].filter { $0 != " " && $0 != "\n" })] = .function(
                Function(parameters, required: required, isVariadic: names.contains("...")))
        }
        return members
    }
}
