import SansIO

/// The type grammar of annotations with the JSON Schema that each form yields, as the schema's own writer makes it.
struct TypeTable {
    struct Row: Hashable {
        let annotation: String
        let schema: String
        let prose: String
    }

    let rows: [Row]

    /// - Parameter declarations: Lua text whose classes, aliases and enums the annotations may name.
    init(declarations: String) {
        var types = DeclaredTypes()
        var diagnostics: [FlowDiagnostic] = []
        types.collect(
            from: AnnotatedSource(chunkName: "reference", bytes: Array(declarations.utf8)), diagnostics: &diagnostics)
        rows = Self.forms.map { annotation, prose in
            var scanner = AnnotationScanner(annotation)
            var writer = SchemaWriter(types: types)
            do throws(AnnotationProblem) {
                let schema = try writer.schema(of: try scanner.typeBeforeProse(), column: 1)
                return Row(annotation: annotation, schema: schema.text, prose: prose)
            } catch {
                return Row(annotation: annotation, schema: "", prose: error.message)
            }
        }
    }

    private static let forms: [(annotation: String, prose: String)] = [
        ("string", ""), ("number", ""), ("integer", ""), ("boolean", ""), ("any", "Any value."),
        ("table", "An object of which nothing more is said."),
        (#""am"|"pm""#, "One of these; also numbers (`1|2`) and `true`, `false`."),
        ("string|integer", "Either."), ("string?", "May be left out: not in `required`. Also `string|nil`."),
        ("string[]", "A list. `(string|integer)[]` needs the brackets."),
        ("[string, integer]", "A list of two, each place with its type."),
        ("table<string, integer>", "An object with any names."),
        ("{ date: string, people?: integer }", "An object with these names; `people` may be left out."),
        ("Kind", "An alias."), ("Colour", "An enum: the values of the table below it."),
        ("Guest", "A class; other classes may be in its fields, and before its `:`."),
    ]
}
