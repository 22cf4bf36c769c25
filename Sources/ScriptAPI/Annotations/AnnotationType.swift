import SansIO

/// A type as a LuaLS annotation writes it.
indirect enum AnnotationType: Hashable, Sendable {
    case string, number, integer, boolean, any, table, `nil`
    /// `"a"` or `5`.
    case literal(JSON)
    /// A class or an alias; `column` is where the name stands.
    case named(String, column: Int)
    /// `T[]`.
    case array(AnnotationType)
    /// `table<string, T>`.
    case map(AnnotationType)
    /// `A|B`.
    case union([AnnotationType])
    /// `T?`.
    case optional(AnnotationType)
    /// `{ name: T, other?: U }`.
    case record([Field])

    struct Field: Hashable, Sendable {
        let name: String
        let type: AnnotationType
        let isOptional: Bool
        var prose = ""
    }

    /// Whether a value of the type may be left out.
    var isOptional: Bool {
        switch self {
        case .optional, .nil: true
        case .union(let members): members.contains(where: \.isOptional)
        default: false
        }
    }
}

/// What is wrong with an annotation, and where in its line.
struct AnnotationProblem: Error {
    /// From 1.
    let column: Int
    let message: String
    let hint: String?

    init(column: Int, message: String, hint: String? = nil) {
        self.column = column
        self.message = message
        self.hint = hint
    }

    static let knownTypes =
        "types are string, number, integer, boolean, any, table, \"a\"|\"b\", T?, T[], table<string, T>, "
        + "{ name: T } and names declared with ---@class or ---@alias"
}
