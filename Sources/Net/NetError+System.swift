import Glibc
import NIOCore
import NIOPosix
import NIOSSL

extension NetError {
    /// The failure of a system call.
    ///
    /// - Parameters:
    ///   - number: `errno`.
    ///   - action: What was tried, for the message: "listen on 127.0.0.1:7880".
    init(errno number: Int32, action: String) {
        switch number {
        case EADDRINUSE:
            self.init(
                .addressInUse,
                "Cannot \(action): the port is in use. Stop the process that holds it, or choose another port.")
        case EADDRNOTAVAIL:
            self.init(
                .addressUnavailable,
                "Cannot \(action): the address does not belong to this machine. Use one of its own, or 0.0.0.0.")
        case EACCES, EPERM:
            self.init(
                .notPermitted,
                "Cannot \(action): not permitted. Ports below 1024 need privileges; a firewall may also forbid it.")
        case EMFILE, ENFILE:
            self.init(
                .notPermitted, "Cannot \(action): too many open files. Raise the limit with ulimit -n.",
                isRetryable: true)
        case ECONNREFUSED:
            self.init(.connectionRefused, "Cannot \(action): nothing listens there (connection refused).")
        case ENETUNREACH, EHOSTUNREACH, EHOSTDOWN, ENETDOWN:
            self.init(.unreachable, "Cannot \(action): \(NetError.text(number)). Check the address and the route.")
        case ETIMEDOUT:
            self.init(.timedOut, "Cannot \(action): no answer in time.")
        case ECONNRESET, EPIPE, ECONNABORTED, ENOTCONN:
            self.init(.connectionLost, "Cannot \(action): the peer closed the connection.")
        case EMSGSIZE:
            self.init(.messageTooLarge, "Cannot \(action): the datagram is larger than the network takes.")
        case EAFNOSUPPORT, EINVAL:
            self.init(.invalidArgument, "Cannot \(action): \(NetError.text(number)).")
        default:
            self.init(.system, "Cannot \(action): \(NetError.text(number)).")
        }
    }

    /// The failure that NIO reports.
    init(nio error: any Error, action: String) {
        switch error {
        case let error as NetError: self = error
        case let error as IOError: self.init(errno: error.errnoCode, action: action)
        case let error as NIOConnectionError: self.init(connection: error, action: action)
        case ChannelError.connectTimeout:
            self.init(.timedOut, "Cannot \(action): no answer in time. Check the address and the firewall.")
        case is CancellationError: self.init(.cancelled, "Cancelled: \(action).")
        case let error as NIOSSLError: self.init(tls: error, action: action)
        case let error as BoringSSLError: self.init(tls: error, action: action)
        case is NIOSSLExtraError:
            self.init(
                .tls, "Cannot \(action): the certificate is not made out for this host.", underlying: error)
        case is ChannelError:
            self.init(.connectionLost, "Cannot \(action): the connection is closed.", underlying: error)
        default: self.init(.system, "Cannot \(action): \(error).", underlying: error)
        }
    }

    private init(connection error: NIOConnectionError, action: String) {
        if let failure = error.connectionErrors.first {
            self.init(nio: failure.error, action: action)
        } else {
            self.init(
                .hostNotFound, "Cannot \(action): the host name is not known. Check the spelling and the DNS.",
                underlying: error)
        }
    }

    private init(tls error: any Error, action: String) {
        let text = String(describing: error)
        if text.contains("CERTIFICATE_VERIFY_FAILED") || text.contains("unableToValidateCertificate") {
            self.init(
                .tls,
                "Cannot \(action): the server's certificate is not trusted. Install its CA, or name the CA file.",
                underlying: error)
        } else if case NIOSSLError.uncleanShutdown = error {
            self.init(.connectionLost, "Cannot \(action): the peer closed the TLS connection.", underlying: error)
        } else {
            self.init(
                .tls, "Cannot \(action): the TLS handshake failed (\(text)).", isRetryable: true, underlying: error)
        }
    }

    /// The system's words for an `errno`.
    static func text(_ number: Int32) -> String {
        var buffer = [CChar](repeating: 0, count: 128)
        guard strerror_r(number, &buffer, buffer.count) == 0 else { return "error \(number)" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
