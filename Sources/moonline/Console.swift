import Glibc

/// Output for people: standard output for what was asked for, standard error for the rest.
enum Console {
    /// A way to stand out, on terminals that have colours.
    enum Style: String {
        case bold = "1"
        case dim = "2"
        case red = "31"
        case green = "32"
        case yellow = "33"
        case blue = "34"
        case magenta = "35"
        case cyan = "36"
    }

    /// All that is written goes through it, in one order.
    private static let output = OutputQueue { write($0, to: $1) }

    /// Prints a line, and returns when it is written, with all before it.
    static func print(_ text: String) {
        output.write(text + "\n", to: STDOUT_FILENO)
    }

    /// Prints a line soon, after all before it; for those who cannot wait for a slow terminal.
    static func printLater(_ text: String) {
        output.writeLater(text + "\n", to: STDOUT_FILENO)
    }

    /// Returns when everything is written.
    static func flush() {
        output.flush()
    }

    static func error(_ text: String, terminator: String = "\n") {
        output.write(text + terminator, to: STDERR_FILENO)
    }

    /// Says on standard error why a command failed.
    static func failure(_ sentence: String) {
        error(styled("error: ", .red, isColored: hasColor(STDERR_FILENO)) + sentence)
    }

    /// Whether colours are wanted there: a terminal, and `NO_COLOR` not set (https://no-color.org).
    static func hasColor(_ descriptor: Int32) -> Bool {
        guard isatty(descriptor) == 1 else { return false }
        if let value = getenv("NO_COLOR"), value.pointee != 0 { return false }
        if let terminal = getenv("TERM"), String(cString: terminal) == "dumb" { return false }
        return true
    }

    static func styled(_ text: String, _ style: Style, isColored: Bool) -> String {
        isColored ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
    }

    /// Columns of the terminal; 100 where there is none.
    static var width: Int { width(of: STDERR_FILENO) ?? 100 }

    /// Columns of the terminal there; `nil` where there is none, or hardly any.
    static func width(of descriptor: Int32) -> Int? {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col >= 40 else { return nil }
        return Int(size.ws_col)
    }

    private static func write(_ text: String, to descriptor: Int32) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                bytes = bytes.dropFirst(count)
            } else if errno == EAGAIN {
                var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&waiting, 1, -1)
            } else if errno != EINTR {
                return  // Nobody reads any more.
            }
        }
    }
}
