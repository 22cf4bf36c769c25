/// The `---@meta` files by which LuaLS completes and checks the scripting API.
struct DefinitionFiles: Sendable {
    /// Names below the project's folder `library/`, and texts.
    var files: @Sendable () -> [(name: String, text: String)]

    init(_ files: @escaping @Sendable () -> [(name: String, text: String)]) {
        self.files = files
    }
}
