import Foundation

/// Addresses for tests on one machine.
public enum Loopback {
    public static let host = "127.0.0.1"

    /// A UDP port that nobody used a moment ago.
    ///
    /// For strangers' programs, which cannot be asked for "any port"; our own sockets bind port 0.
    public static func freeUDPPort() -> UInt16 {
        let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        precondition(isBound, "the loopback interface has no free UDP port")
        return UInt16(bigEndian: address.sin_port)
    }

    /// Waits until a program listens on a UDP port, of whatever address.
    ///
    /// The kernel tells nobody when that happens: its table is looked at every few milliseconds.
    ///
    /// - Throws: ``NotSeen`` with the program's output, when it ended or `limit` passed before.
    public static func waitUntilBound(
        _ port: UInt16, by program: ExternalProgram, limit: Duration = .seconds(15)
    ) async throws {
        let clock = ContinuousClock()
        let end = clock.now + limit
        while !isUDPPortBound(port) {
            guard program.isRunning, clock.now < end else {
                throw NotSeen(description: "\(program.name) does not listen on UDP port \(port): \(program.output)")
            }
            try await clock.sleep(for: .milliseconds(10))
        }
    }

    /// Whether any IPv4 socket of this machine has the port (`proc(5)`, `/proc/net/udp`).
    private static func isUDPPortBound(_ port: UInt16) -> Bool {
        let digits = String(port, radix: 16, uppercase: true)
        let suffix = ":" + String(repeating: "0", count: 4 - digits.count) + digits
        return udpTable().split(separator: "\n").dropFirst().contains { line in
            let fields = line.split(separator: " ")
            return fields.count > 1 && fields[1].hasSuffix(suffix)
        }
    }

    /// The kernel gives the table out in pieces of its own choice: a short read is not its end.
    private static func udpTable() -> String {
        let descriptor = open("/proc/net/udp", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var table: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            if count <= 0 { return String(decoding: table, as: UTF8.self) }
            table.append(contentsOf: buffer[..<count])
        }
    }
}
