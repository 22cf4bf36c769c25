import Glibc
import SansIO

extension TransportAddress {
    /// The address in the kernel's form.
    ///
    /// - Throws: ``NetError`` with ``NetError/Code/invalidArgument`` when the host is no numeric address.
    func withSocketAddress<Result>(
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) throws(NetError) -> Result {
        var storage = sockaddr_storage()
        let length = try fill(&storage)
        return withUnsafePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
        }
    }

    private func fill(_ storage: inout sockaddr_storage) throws(NetError) -> socklen_t {
        if isIPv6 {
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port.bigEndian
            let parts = host.split(separator: "%", maxSplits: 1)
            guard let numeric = parts.first, inet_pton(AF_INET6, String(numeric), &address.sin6_addr) == 1 else {
                throw notNumeric
            }
            if parts.count == 2 { address.sin6_scope_id = if_nametoindex(String(parts[1])) }
            withUnsafeMutableBytes(of: &storage) { target in
                withUnsafeBytes(of: &address) { target.copyMemory(from: $0) }
            }
            return socklen_t(MemoryLayout<sockaddr_in6>.size)
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        guard inet_pton(AF_INET, host, &address.sin_addr) == 1 else { throw notNumeric }
        withUnsafeMutableBytes(of: &storage) { target in
            withUnsafeBytes(of: &address) { target.copyMemory(from: $0) }
        }
        return socklen_t(MemoryLayout<sockaddr_in>.size)
    }

    private var notNumeric: NetError {
        NetError(.invalidArgument, "\"\(host)\" is no numeric IP address. Resolve the host name first.")
    }

    /// The address that the kernel reports; `nil` for any other family than IPv4 and IPv6.
    init?(_ storage: sockaddr_storage) {
        var storage = storage
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let family = Int32(storage.ss_family)
        let port: UInt16
        switch family {
        case AF_INET:
            var address = withUnsafeBytes(of: &storage) { $0.loadUnaligned(as: sockaddr_in.self) }
            guard inet_ntop(family, &address.sin_addr, &text, socklen_t(text.count)) != nil else { return nil }
            port = UInt16(bigEndian: address.sin_port)
        case AF_INET6:
            var address = withUnsafeBytes(of: &storage) { $0.loadUnaligned(as: sockaddr_in6.self) }
            guard inet_ntop(family, &address.sin6_addr, &text, socklen_t(text.count)) != nil else { return nil }
            port = UInt16(bigEndian: address.sin6_port)
        default: return nil
        }
        let host = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        self.init(host: host, port: port)
    }
}
