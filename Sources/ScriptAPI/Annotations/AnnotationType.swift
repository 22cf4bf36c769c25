import SansIO

/// A type as a LuaLS annotation writes it.
indirect enum AnnotationType: Hashable, Sendable {
    case string, number, integer, boolean, any, table, `nil`
    /// `"a"`, `5`, `-0.5` or `true`.
    case literal(JSON)
    /// A class, an alias or an enum; `column` is where the name stands.
    case named(String, column: Int)
    /// `T[]`.
    case array(AnnotationType)
    /// `[T, U]`.
    case tuple([AnnotationType])
    /// `table<K, V>`.
    case map(key: AnnotationType, value: AnnotationType)
    /// `A|B`.
    case union([AnnotationType])
    /// `T?`.
    case optional(AnnotationType)
    /// `{ name: T, other?: U, [string]: V }`.
    case record([Field], rest: Rest?)
    /// A type of LuaLS whose values are no data: `fun()`, `thread`, `Box<T>`.
    case notData(String, column: Int)
    /// A type that stands in another line than what it belongs to.
    case inLine(Int, AnnotationType)

    struct Field: Hashable, Sendable {
        let name: String
        let type: AnnotationType
        /// The name has a `?`.
        var isOptional: Bool
        var prose = ""
        /// `nil` for members of a record, which are where the record is.
        var place: AnnotationPlace?
        var column = 1
    }

    /// The members that have no name of their own: `[K]: V`.
    struct Rest: Hashable, Sendable {
        let key: AnnotationType
        let value: AnnotationType
        var place: AnnotationPlace?
        var column = 1
    }
}

/// A line of a flow's file.
struct AnnotationPlace: Hashable, Sendable {
    /// Name of the chunk.
    let file: String
    /// From 1.
    let line: Int
}

/// What is wrong with an annotation, where, and what to write instead.
struct AnnotationProblem: Error, Hashable {
    /// In bytes, from 1.
    let column: Int
    let message: String
    let hint: String
    /// `nil`: where the annotation is that was being read.
    var line: Int?
    var file: String?

    init(column: Int, message: String, hint: String) {
        self.column = column
        self.message = message
        self.hint = hint
    }

    static let knownTypes =
        "types are string, number, integer, boolean, any, table, \"a\"|\"b\", T?, T[], [T, U], table<string, T>, "
        + "{ name: T } and names declared with ---@class, ---@alias or ---@enum"

    /// The same problem, in another line unless it has one already.
    func placed(_ place: AnnotationPlace?) -> AnnotationProblem {
        guard let place, file == nil else { return self }
        var problem = self
        problem.file = place.file
        problem.line = line ?? place.line
        return problem
    }

    func placed(line number: Int) -> AnnotationProblem {
        guard line == nil else { return self }
        var problem = self
        problem.line = number
        return problem
    }
}
