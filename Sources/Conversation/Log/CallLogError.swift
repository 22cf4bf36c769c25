public import SansIO

/// Why an object of an event log cannot be read back.
public struct CallLogFormError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The member that is wrong.
    public let field: String
    /// What is wrong with it.
    public let problem: String

    public init(field: String, problem: String = "is missing, or is not what stands there") {
        self.field = field
        self.problem = problem
    }

    public var description: String { "\"\(field)\" \(problem)" }
}

/// Why a file is not an event log that can be read.
public enum CallLogError: Error, Hashable, Sendable, CustomStringConvertible {
    case empty
    /// The first line is not the beginning of an event log.
    case foreign
    /// Written by a version of the program whose logs are different.
    case otherFormat(Int64)
    /// - line: From 1.
    case notJSON(line: Int, JSONError)
    case badLine(line: Int, CallLogFormError)
    case lineTooLong(line: Int, maximum: Int)
    /// A line lies before the one that it follows.
    case outOfOrder(line: Int)

    public var description: String {
        switch self {
        case .empty: "the file is empty; give the events.jsonl of a call that was made"
        case .foreign:
            "line 1 is not the beginning of a call's event log; give the events.jsonl in the folder of a call"
        case .otherFormat(let format):
            "the event log has format \(format), and this version of moonline reads format \(CallLog.format); "
                + "read it with the version that wrote it"
        case .notJSON(let line, let error): "line \(line) is not JSON: \(error); the file was changed or is damaged"
        case .badLine(let line, let error):
            "line \(line) is not one of an event log: \(error); the file was changed or is damaged"
        case .lineTooLong(let line, let maximum):
            "line \(line) is longer than \(maximum) bytes, which no line of an event log is"
        case .outOfOrder(let line): "line \(line) is earlier than the one before it; the file was changed or is damaged"
        }
    }
}
