public struct ConsoleReport: Sendable {
    let verbose: Bool
    public init(colour: Bool, verbose: Bool = false, command: String = "moonline test") { self.verbose = verbose }
    public func line(_ result: TestResult) -> String {
        var text = "\(result.passed ? "ok" : "FAIL") \(result.test.name) \(result.callTime) \(result.wallTime) seed \(result.seed)"
        if let failure = result.failure { text += "\n   \(failure)" }
        if verbose { for entry in result.timeline { text += "\n      \(entry)" } }
        return text
    }
    public func summary(_ results: [TestResult], wallTime: Duration) -> String {
        "\(results.count) tests, \(results.count { !$0.passed }) failed, \(wallTime)"
    }
}
public enum JUnitReport { public static func text(_ results: [TestResult], wallTime: Duration) -> String { "" } }
public enum JSONReport { public static func text(_ results: [TestResult], wallTime: Duration) -> String { "" } }
