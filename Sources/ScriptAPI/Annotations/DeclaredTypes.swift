import SansIO

/// The classes, aliases and enums that the annotations of a flow declare.
struct DeclaredTypes {
    struct Class {
        var place: AnnotationPlace
        var parents: [(type: AnnotationType, column: Int, place: AnnotationPlace)] = []
        var fields: [AnnotationType.Field] = []
        /// The fields that have no name of their own: `---@field [string] T`.
        var rest: AnnotationType.Rest?
        var prose = ""
        var isPartial = false
        /// `---@class Name<T>`, which has no schema.
        var isGeneric = false

        var hasContent: Bool { !fields.isEmpty || rest != nil }
    }

    struct Alias {
        let place: AnnotationPlace
        let column: Int
        let type: AnnotationType
        let prose: String
    }

    private(set) var classes: [String: Class] = [:]
    private(set) var aliases: [String: Alias] = [:]

    var names: [String] { classes.keys.sorted() + aliases.keys.sorted() }

    private static let builtIn: Set<String> = [
        "string", "number", "integer", "boolean", "any", "nil", "table", "function", "fun", "thread", "userdata",
        "lightuserdata", "unknown", "void", "true", "false", "never", "self",
    ]

    private static let maximumFields = 1_000

    /// Tags of LuaLS.
    private static let tags = [
        "alias", "as", "async", "cast", "class", "deprecated", "diagnostic", "enum", "field", "generic", "meta",
        "module", "nodiscard", "operator", "overload", "package", "param", "private", "protected", "public", "return",
        "see", "since", "source", "type", "vararg", "version",
    ]

    /// Collects the declarations of one file.
    mutating func collect(from source: AnnotatedSource, diagnostics: inout [FlowDiagnostic]) {
        for comment in source.comments() {
            var open: (name: String, declared: Class)?
            for (index, tag) in comment.tags.enumerated() {
                do throws(AnnotationProblem) {
                    if tag.name == "field", var current = open {
                        try Self.readField(tag, comment.prose(ofTag: index), source, into: &current.declared)
                        open = current
                        continue
                    }
                    add(open, from: source, diagnostics: &diagnostics)
                    open = nil
                    switch tag.name {
                    case "class": open = try Self.readClass(tag, comment.prose(ofTag: index), source)
                    case "field":
                        throw AnnotationProblem(
                            column: tag.column, message: "the field belongs to no class",
                            hint: "write ---@class Name above it, and no blank line between")
                    case "alias": try declareAlias(tag, comment.prose(ofTag: index), source)
                    case "enum": try declareEnum(tag, comment, comment.prose(ofTag: index), source)
                    default: try Self.checkTag(tag)
                    }
                } catch {
                    diagnostics.append(FlowDiagnostic(source.chunkName, line: tag.line, error))
                }
            }
            add(open, from: source, diagnostics: &diagnostics)
        }
    }

    private mutating func add(
        _ open: (name: String, declared: Class)?, from source: AnnotatedSource, diagnostics: inout [FlowDiagnostic]
    ) {
        guard let open else { return }
        do throws(AnnotationProblem) {
            try add(open.declared, named: open.name)
        } catch {
            diagnostics.append(FlowDiagnostic(source.chunkName, line: open.declared.place.line, error))
        }
    }

    private static func checkTag(_ tag: DocumentationComment.Tag) throws(AnnotationProblem) {
        guard !tag.name.isEmpty, !tags.contains(tag.name) else { return }
        let near = suggestion(for: tag.name, among: tags)
        guard !near.isEmpty else { return }
        throw AnnotationProblem(
            column: tag.column, message: "unknown annotation '@\(tag.name)'\(near)",
            hint: "the schema comes from @param, @class, @field, @alias and @enum")
    }

    // MARK: - Classes

    private static func readClass(
        _ tag: DocumentationComment.Tag, _ prose: String, _ source: AnnotatedSource
    ) throws(AnnotationProblem) -> (String, Class) {
        var scanner = tag.scanner
        let place = AnnotationPlace(file: source.chunkName, line: tag.line)
        var declared = Class(place: place, prose: prose)
        if scanner.take("(partial)") { declared.isPartial = true } else { _ = scanner.take("(exact)") }
        scanner.skipSpaces()
        let name = try declaredName("class", &scanner)
        if scanner.has("<") {
            declared.isGeneric = true
            return (name, declared)
        }
        scanner.skipSpaces()
        guard scanner.take(":") else { return (name, declared) }
        repeat {
            scanner.skipSpaces()
            let column = scanner.column
            declared.parents.append((try scanner.type(), column, place))
            scanner.skipSpaces()
        } while scanner.take(",")
        return (name, declared)
    }

    private static func readField(
        _ tag: DocumentationComment.Tag, _ prose: String, _ source: AnnotatedSource, into declared: inout Class
    ) throws(AnnotationProblem) {
        let hint = "write ---@field name type  prose, or ---@field [string] type"
        var scanner = tag.scanner
        for scope in ["public", "private", "protected", "package"] {
            var ahead = scanner
            guard ahead.take(word: scope), ahead.current == 0x20 || ahead.current == 0x09 else { continue }
            if scope != "public" { return }
            ahead.skipSpaces()
            scanner = ahead
            break
        }
        let place = AnnotationPlace(file: source.chunkName, line: tag.line)
        let start = scanner.column
        let key = try scanner.fieldKey(hint: hint)
        scanner.skipSpaces()
        let column = scanner.column
        let (type, notes) = try typeAndNotes(of: tag, &scanner)
        guard declared.fields.count < maximumFields else {
            throw AnnotationProblem(
                column: start, message: "the class has more than \(maximumFields) fields",
                hint: "write table<string, T> for names that are not known")
        }
        switch key {
        case .name(let name, let isOptional):
            guard !declared.fields.contains(where: { $0.name == name }) else {
                throw AnnotationProblem(
                    column: start, message: "the field '\(name)' is declared twice", hint: "keep one")
            }
            let text = joined([prose, scanner.prose()], notes)
            declared.fields.append(
                AnnotationType.Field(
                    name: name, type: type, isOptional: isOptional, prose: text, place: place, column: column))
        case .type(let key):
            guard declared.rest == nil else {
                throw AnnotationProblem(
                    column: start, message: "there are two kinds of further fields", hint: "keep one [K]")
            }
            declared.rest = AnnotationType.Rest(key: key, value: type, place: place, column: column)
        }
    }

    /// A class that is declared again adds to the first one if it says so, or if only one of them has fields.
    private mutating func add(_ declared: Class, named name: String) throws(AnnotationProblem) {
        try checkFree(name, place: declared.place, isClass: true)
        guard var known = classes[name] else {
            classes[name] = declared
            return
        }
        guard declared.isPartial || known.isPartial || !declared.hasContent || !known.hasContent else {
            throw duplicate(
                "class", name, known.place, hint: "choose another name, or write ---@class (partial) \(name)"
            )
            .placed(declared.place)
        }
        for field in declared.fields {
            known.fields.removeAll { $0.name == field.name }
            known.fields.append(field)
        }
        known.parents += declared.parents
        known.rest = declared.rest ?? known.rest
        if known.prose.isEmpty { known.prose = declared.prose }
        classes[name] = known
    }

    // MARK: - Aliases and enums

    private mutating func declareAlias(
        _ tag: DocumentationComment.Tag, _ prose: String, _ source: AnnotatedSource
    ) throws(AnnotationProblem) {
        var scanner = tag.scanner
        let name = try Self.declaredName("alias", &scanner)
        let place = AnnotationPlace(file: source.chunkName, line: tag.line)
        try checkFree(name, place: place, isClass: false)
        if scanner.has("<") {
            let type = AnnotationType.notData("the generic type \(name)<…>", column: tag.scanner.column)
            aliases[name] = Alias(place: place, column: 1, type: type, prose: prose)
            return
        }
        scanner.skipSpaces()
        let column = scanner.column
        let (type, notes) = try Self.typeAndNotes(of: tag, &scanner)
        aliases[name] = Alias(
            place: place, column: column, type: type, prose: Self.joined([prose, scanner.prose()], notes))
    }

    private mutating func declareEnum(
        _ tag: DocumentationComment.Tag, _ comment: DocumentationComment, _ prose: String, _ source: AnnotatedSource
    ) throws(AnnotationProblem) {
        var scanner = tag.scanner
        let isOfKeys = scanner.take("(key)")
        scanner.skipSpaces()
        let column = scanner.column
        let name = try Self.declaredName("enum", &scanner)
        let place = AnnotationPlace(file: source.chunkName, line: tag.line)
        try checkFree(name, place: place, isClass: false)
        let table = try EnumTable(in: source, from: comment.lastLine + 1)
        let values = table.members.compactMap { isOfKeys ? $0.name.map { .string($0) } : $0.value }
        guard !values.isEmpty else {
            throw AnnotationProblem(
                column: column, message: "the enum '\(name)' is empty", hint: "give its table at least one member")
        }
        aliases[name] = Alias(
            place: place, column: column, type: .union(values.map { .literal($0) }), prose: prose)
    }

    // MARK: - Parts

    private static func declaredName(
        _ kind: String, _ scanner: inout AnnotationScanner
    ) throws(AnnotationProblem) -> String {
        let column = scanner.column
        guard let name = scanner.name() else {
            throw AnnotationProblem(
                column: column, message: "the \(kind) has no name", hint: "write ---@\(kind) Name")
        }
        guard !builtIn.contains(name) else {
            throw AnnotationProblem(
                column: column, message: "'\(name)' is a type of Lua", hint: "choose another name for the \(kind)")
        }
        return name
    }

    private func checkFree(_ name: String, place: AnnotationPlace, isClass: Bool) throws(AnnotationProblem) {
        let hint = "choose another name"
        if let known = aliases[name] { throw duplicate("type", name, known.place, hint: hint).placed(place) }
        if !isClass, let known = classes[name] {
            throw duplicate("type", name, known.place, hint: hint).placed(place)
        }
    }

    private func duplicate(
        _ kind: String, _ name: String, _ first: AnnotationPlace, hint: String
    ) -> AnnotationProblem {
        AnnotationProblem(
            column: 1, message: "the \(kind) '\(name)' is declared twice, first in \(first.file):\(first.line)",
            hint: hint
        )
    }

    /// The type behind a tag's name and the alternatives in the lines below it, with what is said of each.
    static func typeAndNotes(
        of tag: DocumentationComment.Tag, _ scanner: inout AnnotationScanner
    ) throws(AnnotationProblem) -> (AnnotationType, notes: [String]) {
        scanner.skipSpaces()
        var members: [AnnotationType] = []
        var notes: [String] = []
        if tag.continuations.isEmpty || !scanner.isAtEnd { members.append(try scanner.typeBeforeProse()) }
        for (number, scanner) in tag.continuations {
            var scanner = scanner
            do throws(AnnotationProblem) {
                let type = try scanner.typeBeforeProse()
                members.append(.inLine(number, type))
                let note = scanner.prose()
                if !note.isEmpty, case .literal(let value) = type { notes.append("\(value.text): \(note)") }
            } catch {
                throw error.placed(line: number)
            }
        }
        return (members.count == 1 ? members[0] : .union(members), notes)
    }

    static func joined(_ prose: [String], _ notes: [String]) -> String {
        ([prose.filter { !$0.isEmpty }.joined(separator: " ")].filter { !$0.isEmpty } + notes).joined(separator: "\n")
    }
}
