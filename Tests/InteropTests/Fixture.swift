import Foundation

/// The files beside the tests.
enum Fixture {
    /// The full path of a file in `Fixtures`.
    static func path(_ name: String, source: String = #filePath) -> String {
        URL(fileURLWithPath: source).resolvingSymlinksInPath().deletingLastPathComponent()
            .appendingPathComponent("Fixtures").appendingPathComponent(name).path
    }
}
