import Glibc
public import SansIO
import Synchronization

/// A UDP socket for signalling (RFC 768): one thread receives, any thread sends.
///
/// Asks the kernel for ICMP errors (`IP_RECVERR`), so that a peer that is gone is reported at once instead of by
/// time-out (RFC 3261 §18.4).
public final class DatagramSocket: Sendable {
    /// Called with each datagram, in the order of arrival, on the socket's own thread. It must not block for long.
    public typealias DatagramHandler = @Sendable ([UInt8], TransportAddress) -> Void
    /// Called when a datagram could not be sent or was refused, with its destination where the kernel tells it. Runs
    /// on the socket's own thread or on the thread that called ``send(_:to:)``.
    public typealias ErrorHandler = @Sendable (NetError, TransportAddress?) -> Void

    /// The address that the socket is bound to, with the port that the kernel chose where 0 was asked for.
    public let localAddress: TransportAddress

    private let onDatagram: DatagramHandler
    private let onError: ErrorHandler
    /// A pipe: closing its writing end ends the receiving thread's wait.
    private let wakeUp: (reading: Int32, writing: Int32)
    /// The file descriptor, or -1 once closed. Every system call on it is made under this lock, so that none can hit
    /// a number that the kernel has given to another file.
    private let descriptor: Mutex<Int32>
    private let end = Mutex(End())

    /// The end of the receiving thread.
    private struct End {
        var isReached = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    /// The largest payload that UDP over IPv4 carries. [byte]
    private static let largestDatagram = 65_535

    /// Opens a socket and starts to receive.
    ///
    /// - Parameters:
    ///   - host: A numeric address of this machine, or a name of it; `0.0.0.0` or `::` for all.
    ///   - port: 0 lets the kernel choose.
    /// - Throws: ``NetError``: ``NetError/Code/addressInUse``, ``NetError/Code/addressUnavailable``, …
    public static func bind(
        host: String, port: UInt16, onDatagram: @escaping DatagramHandler, onError: @escaping ErrorHandler
    ) async throws(NetError) -> DatagramSocket {
        guard let address = try await Resolver.resolve(host: host, port: port).first else {
            throw NetError(.hostNotFound, "The host \"\(host)\" has no address.")
        }
        let socket = try DatagramSocket(binding: address, onDatagram: onDatagram, onError: onError)
        do throws(NetError) {
            try ServiceThread.start { socket.receive() }
        } catch {
            socket.close()
            throw error
        }
        return socket
    }

    private init(
        binding address: TransportAddress, onDatagram: @escaping DatagramHandler, onError: @escaping ErrorHandler
    ) throws(NetError) {
        let action = "receive on UDP \(address)"
        let kind = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let socket = Glibc.socket(address.isIPv6 ? AF_INET6 : AF_INET, kind, 0)
        guard socket >= 0 else { throw NetError(errno: errno, action: action) }
        do throws(NetError) {
            var yes: Int32 = 1
            let level = Int32(address.isIPv6 ? IPPROTO_IPV6 : IPPROTO_IP)
            let option = address.isIPv6 ? IPV6_RECVERR : IP_RECVERR
            _ = setsockopt(socket, level, option, &yes, socklen_t(MemoryLayout<Int32>.size))
            let status = try address.withSocketAddress { Glibc.bind(socket, $0, $1) }
            guard status == 0 else { throw NetError(errno: errno, action: action) }
            var ends: [Int32] = [-1, -1]
            guard pipe(&ends) == 0 else { throw NetError(errno: errno, action: action) }
            for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
            wakeUp = (ends[0], ends[1])
        } catch {
            Glibc.close(socket)
            throw error
        }
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let named = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket, $0, &length) }
        }
        localAddress = (named == 0 ? TransportAddress(storage) : nil) ?? address
        self.onDatagram = onDatagram
        self.onError = onError
        descriptor = Mutex(socket)
    }

    /// Sends one datagram, or reports through the error handler why not. Never blocks; callable from any thread.
    public func send(_ bytes: [UInt8], to destination: TransportAddress) {
        do throws(NetError) {
            // A first attempt may report an ICMP error of an earlier datagram: the second one sends.
            for attempt in 1...2 {
                let number = try destination.withSocketAddress { address, length in
                    descriptor.withLock { descriptor in
                        guard descriptor >= 0 else { return EBADF }
                        let flags = Int32(MSG_NOSIGNAL)
                        return sendto(descriptor, bytes, bytes.count, flags, address, length) < 0 ? errno : 0
                    }
                }
                if number == 0 { return }
                if number == EBADF { throw NetError(.connectionLost, "The UDP socket is closed.") }
                if attempt == 2 { throw NetError(errno: number, action: "send to UDP \(destination)") }
            }
        } catch {
            onError(error, destination)
        }
    }

    /// Closes the socket. A datagram that is being handled is handled to its end; the port is free shortly after, see
    /// ``shutdown()``.
    public func close() {
        descriptor.withLock { descriptor in
            guard descriptor >= 0 else { return }
            Glibc.close(descriptor)
            descriptor = -1
            Glibc.close(wakeUp.writing)
        }
    }

    /// Closes the socket and returns when no handler runs any more and the port is free.
    public func shutdown() async {
        close()
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let isOver = end.withLock { end in
                if !end.isReached { end.waiting.append(continuation) }
                return end.isReached
            }
            if isOver { continuation.resume() }
        }
    }

    /// The life of the receiving thread.
    private func receive() {
        var buffer = [UInt8](repeating: 0, count: DatagramSocket.largestDatagram)
        while true {
            let socket = descriptor.withLock { $0 }
            guard socket >= 0 else { break }
            var waiting = [
                pollfd(fd: socket, events: Int16(POLLIN), revents: 0),
                pollfd(fd: wakeUp.reading, events: Int16(POLLIN), revents: 0),
            ]
            _ = poll(&waiting, nfds_t(waiting.count), -1)
            while receiveOne(&buffer) {}
        }
        Glibc.close(wakeUp.reading)
        let waiting = end.withLock { end in
            end.isReached = true
            defer { end.waiting = [] }
            return end.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    /// Delivers one datagram or one error.
    ///
    /// - Returns: Whether another may be waiting.
    private func receiveOne(_ buffer: inout [UInt8]) -> Bool {
        var storage = sockaddr_storage()
        let (count, number) = descriptor.withLock { descriptor -> (Int, Int32) in
            guard descriptor >= 0 else { return (-1, EBADF) }
            var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
            let count = withUnsafeMutablePointer(to: &storage) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    recvfrom(descriptor, &buffer, buffer.count, 0, $0, &length)
                }
            }
            return (count, count < 0 ? errno : 0)
        }
        if count >= 0 {
            if let source = TransportAddress(storage) { onDatagram(Array(buffer[..<count]), source) }
            return true
        }
        switch number {
        case EBADF: return false
        case EINTR: return true
        default:
            let refusal = takeRefusal()
            if let refusal { onError(refusal.error, refusal.destination) }
            return refusal != nil || (number != EAGAIN && number != EBADF)
        }
    }

    /// The oldest entry of the socket's error queue: an ICMP error and the destination that caused it.
    private func takeRefusal() -> (error: NetError, destination: TransportAddress?)? {
        var storage = sockaddr_storage()
        var control = [UInt64](repeating: 0, count: 64)
        var payload = [UInt8](repeating: 0, count: 64)
        let length = descriptor.withLock { descriptor -> Int in
            guard descriptor >= 0 else { return -1 }
            return withUnsafeMutablePointer(to: &storage) { name in
                control.withUnsafeMutableBytes { control in
                    payload.withUnsafeMutableBytes { payload in
                        var vector = iovec(iov_base: payload.baseAddress, iov_len: payload.count)
                        return withUnsafeMutablePointer(to: &vector) { vector in
                            var message = msghdr()
                            message.msg_name = UnsafeMutableRawPointer(name)
                            message.msg_namelen = socklen_t(MemoryLayout<sockaddr_storage>.size)
                            message.msg_iov = vector
                            message.msg_iovlen = 1
                            message.msg_control = control.baseAddress
                            message.msg_controllen = control.count
                            let flags = Int32(MSG_ERRQUEUE) | Int32(MSG_DONTWAIT)
                            guard recvmsg(descriptor, &message, flags) >= 0 else { return -1 }
                            return Int(message.msg_controllen)
                        }
                    }
                }
            }
        }
        guard length >= 0 else { return nil }
        let destination = TransportAddress(storage)
        let target = destination.map { "UDP \($0)" } ?? "the UDP destination"
        let number = control.withUnsafeBytes { DatagramSocket.errorNumber(in: $0.prefix(length)) }
        return (NetError(errno: number ?? EIO, action: "send to \(target)"), destination)
    }

    /// `ee_errno` of the `sock_extended_err` in a control message (`ip(7)`, `cmsg(3)`): a `cmsghdr` of 16 bytes
    /// (length, level, type), then the error number.
    private static func errorNumber(in control: Slice<UnsafeRawBufferPointer>) -> Int32? {
        let control = UnsafeRawBufferPointer(rebasing: control)
        var offset = 0
        while offset + 20 <= control.count {
            let length = Int(truncatingIfNeeded: control.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            let level = control.loadUnaligned(fromByteOffset: offset + 8, as: Int32.self)
            let type = control.loadUnaligned(fromByteOffset: offset + 12, as: Int32.self)
            if (level == Int32(IPPROTO_IP) && type == IP_RECVERR)
                || (level == Int32(IPPROTO_IPV6) && type == IPV6_RECVERR)
            {
                return control.loadUnaligned(fromByteOffset: offset + 16, as: Int32.self)
            }
            guard length >= 16, length <= control.count - offset else { return nil }
            offset += (length + 7) & ~7
        }
        return nil
    }
}
