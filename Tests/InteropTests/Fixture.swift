import Foundation

/// The files beside the tests.
enum Fixture {
    /// The full path of a file in `Fixtures`.
    static func path(_ name: String, source: String = #filePath) -> String {
        URL(fileURLWithPath: source).resolvingSymlinksInPath().deletingLastPathComponent()
            .appendingPathComponent("Fixtures").appendingPathComponent(name).path
    }

    /// The full path of a file in the folder of scripts that are shipped.
    static func script(_ name: String, source: String = #filePath) -> String {
        URL(fileURLWithPath: source).resolvingSymlinksInPath().deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("scripts").appendingPathComponent(name).path
    }
}
