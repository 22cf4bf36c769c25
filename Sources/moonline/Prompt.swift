import Glibc

/// Asks the person at the terminal for what the environment does not give.
enum Prompt {
    /// Nobody can be asked.
    struct NotInteractive: Error, CustomStringConvertible {
        let description: String
    }

    static var isInteractive: Bool { isatty(STDIN_FILENO) == 1 }

    /// One line, or `fallback` for an empty one.
    ///
    /// - Parameter hint: What to set or pass when nobody can be asked.
    static func line(_ question: String, default fallback: String? = nil, hint: String) throws -> String {
        guard isInteractive else {
            if let fallback { return fallback }
            throw NotInteractive(description: "\(question) is not given: \(hint).")
        }
        while true {
            Console.error("\(question)\(fallback.map { " [\($0)]" } ?? ""): ", terminator: "")
            guard let answer = readLine() else {
                throw NotInteractive(description: "\(question) is not given: \(hint).")
            }
            let trimmed = answer.drop { $0.isWhitespace }
            if !trimmed.isEmpty { return String(trimmed) }
            if let fallback { return fallback }
        }
    }

    /// One line that the terminal does not show.
    static func secret(_ question: String, hint: String) throws -> String {
        guard isInteractive else { throw NotInteractive(description: "\(question) is not given: \(hint).") }
        var saved = termios()
        tcgetattr(STDIN_FILENO, &saved)
        var silent = saved
        silent.c_lflag &= ~tcflag_t(ECHO)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent)
        defer {
            tcsetattr(STDIN_FILENO, TCSAFLUSH, &saved)
            Console.error("")
        }
        Console.error("\(question) (not shown): ", terminator: "")
        return readLine() ?? ""
    }
}
