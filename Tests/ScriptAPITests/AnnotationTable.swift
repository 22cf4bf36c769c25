import SansIO

/// Types of annotations with what becomes of them; the flow around them is ``flow(_:)``.
enum AnnotationTable {
    /// Behind the action, so that every use of a name is a forward reference.
    static let declarations = """
        ---A person.
        ---@class Named
        ---@field name string

        ---@class Person : Named

        ---A time.
        ---@class (exact) Slot
        ---@field day string  Which day.
        ---@field people? integer
        ---@field who { name: string }
        ---@field private secret string
        ---@field protected hidden fun()
        ---@field package inner Unknown

        ---@class Guest: Person, Slot
        ---Whether it is the first time.
        -- A line that is for nobody.
        ---@field first boolean
        ---@field public day "mon"|"tue"
        ---At most three.
        ---@field tags string[]?
        ---@field ["party name"] string # as booked

        ---@alias Kind "check"|"repair"

        ---How large.
        ---@alias Size
        ---| "s"
        ---|>"l" # large
        ---|+ 'xl'  -- very large

        ---@alias Maybe string|nil
        ---@alias MaybeKind Kind?
        ---@alias Kinds Kind[]
        ---@alias Old
        ---| '"old"'

        ---@class Open
        ---@field [string] number

        ---@class Extra : table<string, integer>
        ---@field id string

        ---@class List
        ---@field [integer] string

        ---@class Box<T>

        ---Colours that we have.
        ---@enum Colour
        local Colour = {
          RED = "red", -- like a rose
          ["GREEN"] = 'green',
          BLUE = "blue";
        }

        ---@enum (key) ColourName
        local ColourName = { RED = 1, GREEN = 2 }

        ---@enum Level
        Level = { 1, -2, 0.5 }

        ---@class Family
        ---@field children Family[]

        ---@class A
        ---@field b B
        ---@class B
        ---@field a A?

        ---@class Faulty
        ---@field good string
        ---@field bad { q: Quality }

        ---@class Orphan : Parant

        ---@class Circle : Circle
        ---@field x string

        ---@class Mixed
        ---@field name string
        ---@field [integer] string

        ---@class Callback
        ---@field done fun(result: string, ...: any): boolean, string
        """

    /// Line and column (both from 1) of the type in ``flow(_:)``.
    static let line = 5
    static let column = 13

    static func flow(_ type: String) -> String {
        """
        local moonline = require "moonline"
        ---@class CallActions : moonline.Actions
        local CallActions = {}
        ---Acts.
        ---@param x \(type)
        function CallActions:act(x) end
        \(declarations)
        return moonline.agent { name = "test", instructions = "Be brief.", actions = CallActions }
        """
    }

    private static let named = #""name":{"type":"string"}"#
    private static let slot =
        #""people":{"type":"integer"},"who":{"type":"object","properties":{"name":{"type":"string"}},"required":["name"],"additionalProperties":false}"#

    /// Types whose parameter is required.
    static let required: [(type: String, schema: String)] = [
        ("string", #"{"type":"string"}"#), ("number", #"{"type":"number"}"#), ("integer", #"{"type":"integer"}"#),
        ("boolean", #"{"type":"boolean"}"#), ("any", "{}"), ("unknown", "{}"), ("table", #"{"type":"object"}"#),
        (#""a""#, #"{"type":"string","enum":["a"]}"#), (#"'a'"#, #"{"type":"string","enum":["a"]}"#),
        (#""a"|"b""#, #"{"type":"string","enum":["a","b"]}"#),
        (#""a" | 'b' |"a""#, #"{"type":"string","enum":["a","b"]}"#),
        (#"'say "no"'"#, #"{"type":"string","enum":["say \"no\""]}"#),
        (#""tab\tquote\"""#, #"{"type":"string","enum":["tab\tquote\""]}"#),
        (#""é|#"|'ü'"#, #"{"type":"string","enum":["é|#","ü"]}"#), ("5", #"{"type":"integer","enum":[5]}"#),
        ("1|2", #"{"type":"integer","enum":[1,2]}"#), ("-1|0x10", #"{"type":"integer","enum":[-1,16]}"#),
        ("0.5|-1.5|2", #"{"type":"number","enum":[0.5,-1.5,2]}"#), ("1e3", #"{"type":"integer","enum":[1000]}"#),
        ("true", #"{"type":"boolean","enum":[true]}"#), ("false", #"{"type":"boolean","enum":[false]}"#),
        ("true|false", #"{"type":"boolean"}"#),
        ("string|false", #"{"anyOf":[{"type":"string"},{"type":"boolean","enum":[false]}]}"#),
        ("string|integer", #"{"anyOf":[{"type":"string"},{"type":"integer"}]}"#),
        ("string | string", #"{"type":"string"}"#), ("string|any", "{}"),
        (#"integer|"none""#, #"{"anyOf":[{"type":"integer"},{"type":"string","enum":["none"]}]}"#),
        (#"(integer|("none"))"#, #"{"anyOf":[{"type":"integer"},{"type":"string","enum":["none"]}]}"#),
        (
            #"Kind|"wash"|string[]"#,
            #"{"anyOf":[{"type":"array","items":{"type":"string"}},{"type":"string","enum":["check","repair","wash"]}]}"#
        ),
        ("string[]", #"{"type":"array","items":{"type":"string"}}"#),
        ("string[][]", #"{"type":"array","items":{"type":"array","items":{"type":"string"}}}"#),
        ("(string|number)[]", #"{"type":"array","items":{"anyOf":[{"type":"string"},{"type":"number"}]}}"#),
        (#"("a"|"b")[]"#, #"{"type":"array","items":{"type":"string","enum":["a","b"]}}"#),
        ("table<integer, string>", #"{"type":"array","items":{"type":"string"}}"#),
        ("[integer, integer]", #"{"type":"array","items":{"type":"integer"},"minItems":2,"maxItems":2}"#),
        (
            "[ string , number ]",
            #"{"type":"array","prefixItems":[{"type":"string"},{"type":"number"}],"items":{"anyOf":[{"type":"string"},{"type":"number"}]},"minItems":2,"maxItems":2}"#
        ),
        ("table<string, integer>", #"{"type":"object","additionalProperties":{"type":"integer"}}"#),
        (
            "table<string, string[]>",
            #"{"type":"object","additionalProperties":{"type":"array","items":{"type":"string"}}}"#
        ),
        (
            "table<string,table<string,Kind>>",
            #"{"type":"object","additionalProperties":{"type":"object","additionalProperties":{"type":"string","enum":["check","repair"]}}}"#
        ),
        (
            #"table<"a"|"b", number>"#,
            #"{"type":"object","properties":{"a":{"type":"number"},"b":{"type":"number"}},"required":[],"additionalProperties":false}"#
        ),
        (
            "table<Kind, boolean>",
            #"{"type":"object","properties":{"check":{"type":"boolean"},"repair":{"type":"boolean"}},"required":[],"additionalProperties":false}"#
        ),
        ("{}", #"{"type":"object","properties":{},"required":[],"additionalProperties":false}"#),
        (
            "{ a: string, b?: integer }",
            #"{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"integer"}},"required":["a"],"additionalProperties":false}"#
        ),
        (
            #"{ ["a b"]: string; c: { d: integer[] }?, }"#,
            #"{"type":"object","properties":{"a b":{"type":"string"},"c":{"type":"object","properties":{"d":{"type":"array","items":{"type":"integer"}}},"required":["d"],"additionalProperties":false}},"required":["a b"],"additionalProperties":false}"#
        ),
        ("{ [string]: number }", #"{"type":"object","additionalProperties":{"type":"number"}}"#),
        ("{ [integer]: number }", #"{"type":"array","items":{"type":"number"}}"#),
        (
            "{ a: string, [string]: number }",
            #"{"type":"object","properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":{"type":"number"}}"#
        ),
        (
            "{ a: Maybe, b: nil|string }[]",
            #"{"type":"array","items":{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"string"}},"required":[],"additionalProperties":false}}"#
        ),
        ("Person", #"{"type":"object","properties":{\#(named)},"required":["name"],"additionalProperties":false}"#),
        (
            "Slot",
            #"{"type":"object","properties":{"day":{"type":"string","description":"Which day."},\#(slot)},"required":["day","who"],"additionalProperties":false,"description":"A time."}"#
        ),
        (
            "Guest",
            #"{"type":"object","properties":{\#(named),\#(slot),"first":{"type":"boolean","description":"Whether it is the first time."},"day":{"type":"string","enum":["mon","tue"]},"tags":{"type":"array","items":{"type":"string"},"description":"At most three."},"party name":{"type":"string","description":"as booked"}},"required":["name","who","first","day","party name"],"additionalProperties":false}"#
        ),
        ("Kind", #"{"type":"string","enum":["check","repair"]}"#),
        (
            "Size",
            #"{"type":"string","enum":["s","l","xl"],"description":"How large.\n\"l\": large\n\"xl\": very large"}"#
        ),
        ("Old", #"{"type":"string","enum":["old"]}"#),
        ("Kinds", #"{"type":"array","items":{"type":"string","enum":["check","repair"]}}"#),
        ("Open", #"{"type":"object","additionalProperties":{"type":"number"}}"#),
        (
            "Extra",
            #"{"type":"object","properties":{"id":{"type":"string"}},"required":["id"],"additionalProperties":{"type":"integer"}}"#
        ),
        ("List", #"{"type":"array","items":{"type":"string"}}"#),
        ("Colour", #"{"type":"string","enum":["red","green","blue"],"description":"Colours that we have."}"#),
        ("ColourName", #"{"type":"string","enum":["RED","GREEN"]}"#),
        ("Level", #"{"type":"number","enum":[1,-2,0.5]}"#),
        (
            "{ who: Person, when: Kind[] }",
            #"{"type":"object","properties":{"who":{"type":"object","properties":{\#(named)},"required":["name"],"additionalProperties":false},"when":{"type":"array","items":{"type":"string","enum":["check","repair"]}}},"required":["who","when"],"additionalProperties":false}"#
        ),
        ("string  a text | or two", #"{"type":"string","description":"a text | or two"}"#),
        ("string # a (text)", #"{"type":"string","description":"a (text)"}"#),
        ("string\t-- a text\t", #"{"type":"string","description":"a text"}"#),
        (#""a"|"b"  which"#, #"{"type":"string","enum":["a","b"],"description":"which"}"#),
        ("Size how large it is", #"{"type":"string","enum":["s","l","xl"],"description":"how large it is"}"#),
    ]

    /// Types whose parameter may be left out.
    static let optional: [(type: String, schema: String)] = [
        ("string?", #"{"type":"string"}"#), ("string|nil", #"{"type":"string"}"#),
        ("nil | string", #"{"type":"string"}"#), ("Maybe", #"{"type":"string"}"#),
        ("MaybeKind", #"{"type":"string","enum":["check","repair"]}"#),
        ("string[]?", #"{"type":"array","items":{"type":"string"}}"#),
        ("(string|number)?", #"{"anyOf":[{"type":"string"},{"type":"number"}]}"#),
        ("Maybe|number", #"{"anyOf":[{"type":"string"},{"type":"number"}]}"#),
        ("table<string, Maybe>?", #"{"type":"object","additionalProperties":{"type":"string"}}"#),
    ]

    /// Types that cannot be schemas; the hint is part of what must be written instead. Without a place the problem is
    /// in the declaration whose text is given.
    static let errors: [(type: String, column: Int, message: String, hint: String)] = [
        ("", 13, "the type is missing", "types are string"), ("# prose", 13, "expected a type", "types are"),
        ("strng", 13, "unknown type 'strng' (did you mean 'string'?)", "types are string"),
        ("Persn", 13, "unknown type 'Persn' (did you mean 'Person'?)", "---@class"),
        ("string|Persn[]", 20, "unknown type 'Persn'", "---@class"),
        ("{ a: Persn }", 18, "unknown type 'Persn'", "---@class"),
        ("table<string, Persn>", 27, "unknown type 'Persn'", "---@class"),
        ("moonline.Call", 13, "the host's type 'moonline.Call'", "types are"),
        ("nil", 13, "parameter 'x' can only be nil", "T?"), ("fun()", 13, "a function cannot be passed", "types are"),
        ("fun(a: string, b?: T, ...): U, V", 13, "a function cannot be passed", "types are"),
        ("async fun(a)", 13, "a function cannot be passed", "types are"),
        ("function[]", 13, "a function cannot be passed", "types are"),
        ("string|thread", 20, "a thread cannot be passed", "types are"),
        ("userdata", 13, "a userdata cannot be passed", "types are"),
        ("Box<string>", 13, "the generic type Box<…> cannot be passed", "types are"),
        ("table<boolean, string>", 13, "keys of a table", "table<string, T>"),
        ("table<number, string>", 13, "keys of a table", "T[] for a list"),
        ("{ [boolean]: string }", 13, "keys of a table", "table<string, T>"),
        ("table<string", 25, "expected ','", "table<string, T>"),
        ("table<string, number", 33, "expected '>'", "table<string, T>"),
        ("table<>", 19, "expected a type", "types are"), ("(string", 20, "expected ')'", "(A|B)"),
        ("[string", 20, "expected ']'", "[T, U]"), ("[]", 14, "expected a type", "types are"),
        ("[string?, number]", 13, "a list cannot have holes", "T[]?"),
        ("string?[]", 13, "a list cannot have holes", "T[]?"),
        ("(string|nil)[]", 13, "a list cannot have holes", "T[]?"),
        ("Maybe[]", 13, "a list cannot have holes", "T[]?"),
        ("{ a string }", 17, "expected ':'", "{ name: T"), ("{ a: string", 24, "expected ',' or '}'", "{ name: T"),
        ("{ string, number }", 21, "expected ':'", "{ name: T"),
        ("{ : string }", 15, "expected a field's name", "{ name"),
        ("{ a: string, a: number }", 26, "the field 'a' is there twice", "keep one"),
        ("{ a: string, [integer]: string }", 13, "a list or has names", "a field for the list"),
        (#""a"#, 13, "the text in quotes does not end", "close it with \""),
        ("\"a\"|'b", 17, "the text in quotes does not end", "close it with '"),
        ("`a`", 13, "a type in backquotes", "a text in quotes"), ("?string", 13, "'?' stands before", "T?"),
        ("12ab", 13, "'12ab' is no number", "like 5"), ("string|", 20, "the type is missing", "types are"),
        ("string, the date", 19, "unexpected ',' behind the type", "string|number"),
        ("string/number", 19, "unexpected '/' behind the type", "string|number"),
        ("string&table", 19, "unexpected '&' behind the type", "string|number"),
        ("string or number", 20, "'or' does not join types", "string|number"),
        (#""a" or "b""#, 17, "'or' does not join types", "string|number"),
        (String(repeating: "(", count: 40), 29, "nested too deeply", "---@class"),
        ("Size[ ]", 17, "unexpected '[' behind the type", "string|number"),
    ]

    /// Types whose fault is in a declaration: the text of the line, and what is wrong.
    static let declared: [(type: String, line: String, column: Int, message: String, hint: String)] = [
        ("Family", "---@field children Family[]", 20, "the type 'Family' contains itself", "CallActions.schemas"),
        ("A", "---@field a A?", 13, "the type 'A' contains itself", "`table`"),
        ("B[]", "---@field b B", 13, "the type 'B' contains itself", "ids"),
        ("Faulty", "---@field bad { q: Quality }", 20, "unknown type 'Quality'", "types are"),
        ("Orphan", "---@class Orphan : Parant", 20, "unknown class 'Parant'", "declare it with ---@class Parant"),
        ("Circle", "---@class Circle : Circle", 20, "the class 'Circle' inherits from itself", "take the parent away"),
        ("Mixed", "---@field [integer] string", 21, "a list or has names", "a field for the list"),
        ("Callback", "---@field done fun(result", 16, "a function cannot be passed", "types are"),
    ]
}
