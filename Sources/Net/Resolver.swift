import Glibc
public import SansIO

/// Turns host names into addresses with the system's resolver (`getaddrinfo`).
///
/// SRV and NAPTR records (RFC 3263) are not asked for.
public enum Resolver {
    /// The addresses of `host`, IPv4 first, each once.
    ///
    /// A numeric address passes through without a query. The look-up blocks a thread of its own, not the caller's
    /// executor.
    /// - Throws: ``NetError`` with ``NetError/Code/hostNotFound``; retryable when the name server did not answer.
    public static func resolve(host: String, port: UInt16) async throws(NetError) -> [TransportAddress] {
        if let numeric = numericAddress(host, port: port) { return [numeric] }
        guard !host.isEmpty, !host.utf8.contains(0) else {
            throw NetError(.invalidArgument, "\"\(host)\" is no host name.")
        }
        let result = await withCheckedContinuation {
            (continuation: CheckedContinuation<Result<[TransportAddress], NetError>, Never>) in
            do throws(NetError) {
                try ServiceThread.start { continuation.resume(returning: lookUp(host, port: port)) }
            } catch {
                continuation.resume(returning: .failure(error))
            }
        }
        return try result.get()
    }

    /// The address that a numeric host is; `nil` for a name. Asks nobody.
    public static func numericAddress(_ host: String, port: UInt16) -> TransportAddress? {
        let bare = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
        let address = TransportAddress(host: bare, port: port)
        do throws(NetError) {
            try address.withSocketAddress { _, _ in }
            return address
        } catch {
            return nil
        }
    }

    private static func lookUp(_ host: String, port: UInt16) -> Result<[TransportAddress], NetError> {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_DGRAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, nil, &hints, &list)
        defer { if let list { freeaddrinfo(list) } }
        guard status == 0 else {
            let reason = gai_strerror(status).map { String(cString: $0) } ?? "error \(status)"
            return .failure(
                NetError(
                    .hostNotFound, "Cannot find the host \"\(host)\": \(reason). Check the spelling and the DNS.",
                    isRetryable: status == EAI_AGAIN))
        }
        var addresses: [TransportAddress] = []
        var next = list
        while let entry = next {
            next = entry.pointee.ai_next
            guard let socketAddress = entry.pointee.ai_addr else { continue }
            var storage = sockaddr_storage()
            let length = min(Int(entry.pointee.ai_addrlen), MemoryLayout<sockaddr_storage>.size)
            withUnsafeMutableBytes(of: &storage) {
                $0.copyMemory(from: UnsafeRawBufferPointer(start: socketAddress, count: length))
            }
            guard var address = TransportAddress(storage) else { continue }
            address.port = port
            if !addresses.contains(address) { addresses.append(address) }
        }
        guard !addresses.isEmpty else {
            return .failure(NetError(.hostNotFound, "The host \"\(host)\" has no address."))
        }
        return .success(addresses.filter { !$0.isIPv6 } + addresses.filter(\.isIPv6))
    }
}
