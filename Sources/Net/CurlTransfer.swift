import CCurl
import SansIO

/// One request in the hands of libcurl. Belongs to the engine's thread.
final class CurlTransfer {
    let job: CurlEngine.Job
    /// The easy handle.
    let easy: UnsafeMutableRawPointer
    private var headerList: UnsafeMutablePointer<curl_slist>?
    private let host: String
    /// Whether a connection to an address may be made.
    private let permitsConnection: ((IPAddress) -> Bool)?
    private var connectionGuard: UnsafeMutablePointer<moonline_curl_guard>?
    private var refused: IPAddress?
    private var headers = HTTPFields()
    private var headerBytes = 0
    /// Of the head that comes in; trailers behind a body follow none.
    private var status = 0
    private var isHeadComplete = false
    private var body: [UInt8] = []
    private var bodyBytes = 0
    private var isTooLarge = false
    /// Bytes have come since the deadline was set.
    private var isActive = false
    private var silence: Silence

    private enum Silence {
        /// Only the whole request is timed.
        case unlimited
        /// No byte of the body has come.
        case first(until: ContinuousClock.Instant, after: Duration)
        /// A part of the body has come.
        case next(until: ContinuousClock.Instant, after: Duration)
    }

    /// Length of one head of a response. [byte]
    private static let maximumHeaderBytes = 65_536

    init(job: CurlEngine.Job, options: HTTPClient.Options) throws(NetError) {
        let request = job.request
        // Only what is shown in messages; libcurl reads the URL itself.
        host = CurlTransfer.authority(of: request.target)
        var target = request.target
        var permitsConnection: ((IPAddress) -> Bool)?
        if let permits = options.permitsConnection {
            let url = try HTTPURL(target)
            target = url.description
            permitsConnection = { permits(url, $0) }
        }
        self.permitsConnection = permitsConnection
        guard let easy = curl_easy_init() else { throw NetError(.system, "libcurl is out of memory.") }
        self.job = job
        self.easy = easy
        if case .stream(let timeouts, _) = job.sink {
            silence = .first(until: .now + timeouts.firstByte, after: timeouts.firstByte)
        } else {
            silence = .unlimited
        }
        let context = Unmanaged.passUnretained(self).toOpaque()
        moonline_curl_set_string(easy, CURLOPT_URL, target)
        moonline_curl_set_string(easy, CURLOPT_PROTOCOLS_STR, "http,https")
        moonline_curl_set_long(easy, CURLOPT_NOSIGNAL, 1)
        moonline_curl_set_long(easy, CURLOPT_CONNECTTIMEOUT_MS, Int(max(1, options.connectTimeout.milliseconds)))
        moonline_curl_set_long(easy, CURLOPT_TIMEOUT_MS, Int(max(1, job.timeout.milliseconds)))
        moonline_curl_set_long(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        moonline_curl_set_long(easy, CURLOPT_TCP_KEEPALIVE, 1)
        moonline_curl_set_string(easy, CURLOPT_USERAGENT, "moonline")
        if permitsConnection != nil || CurlTransfer.isLoopback(host) {
            moonline_curl_set_string(easy, CURLOPT_PROXY, "")
        }
        if let file = options.trustedCertificatesFile { moonline_curl_set_string(easy, CURLOPT_CAINFO, file) }
        if !options.verifiesCertificates {
            moonline_curl_set_long(easy, CURLOPT_SSL_VERIFYPEER, 0)
            moonline_curl_set_long(easy, CURLOPT_SSL_VERIFYHOST, 0)
        }
        if permitsConnection != nil { guardConnections(context) }
        setBody(request)
        setHeaders(request.headers)
        moonline_curl_set_data_callback(easy, CURLOPT_HEADERFUNCTION) { data, size, count, context in
            CurlTransfer.receive(data, size * count, context) { $0.receiveHeader($1) }
        }
        moonline_curl_set_pointer(easy, CURLOPT_HEADERDATA, context)
        moonline_curl_set_data_callback(easy, CURLOPT_WRITEFUNCTION) { data, size, count, context in
            CurlTransfer.receive(data, size * count, context) { $0.receiveBody($1) }
        }
        moonline_curl_set_pointer(easy, CURLOPT_WRITEDATA, context)
    }

    deinit {
        curl_easy_cleanup(easy)
        curl_slist_free_all(headerList)
        connectionGuard?.deallocate()
    }

    private func guardConnections(_ context: UnsafeMutableRawPointer) {
        let connectionGuard = UnsafeMutablePointer<moonline_curl_guard>.allocate(capacity: 1)
        self.connectionGuard = connectionGuard
        connectionGuard.initialize(
            to: moonline_curl_guard(context: context) { context, address in
                guard let context, let address else { return false }
                return Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue().permits(address)
            })
        moonline_curl_set_guard(easy, connectionGuard)
    }

    private func permits(_ socketAddress: UnsafeRawPointer) -> Bool {
        guard let address = IPAddress(socketAddress: socketAddress) else { return false }
        if permitsConnection?(address) == true { return true }
        refused = address
        return false
    }

    private func setBody(_ request: HTTPRequest) {
        switch request.method {
        case "HEAD": moonline_curl_set_long(easy, CURLOPT_NOBODY, 1)
        case "GET" where request.body.isEmpty: moonline_curl_set_long(easy, CURLOPT_HTTPGET, 1)
        default:
            if !request.body.isEmpty || request.method == "POST" || request.method == "PUT" {
                moonline_curl_set_offset(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(request.body.count))
                request.body.withUnsafeBytes { bytes in
                    // libcurl copies the body; an empty one needs an address too.
                    let text = bytes.bindMemory(to: CChar.self).baseAddress
                    if let text {
                        moonline_curl_set_string(easy, CURLOPT_COPYPOSTFIELDS, text)
                    } else {
                        moonline_curl_set_string(easy, CURLOPT_COPYPOSTFIELDS, "")
                    }
                }
            }
            moonline_curl_set_string(easy, CURLOPT_CUSTOMREQUEST, request.method)
        }
    }

    private func setHeaders(_ fields: HTTPFields) {
        // Without a value of our own, libcurl adds these two to a POST.
        for name in ["Expect", "Content-Type"] where fields[name] == nil {
            headerList = curl_slist_append(headerList, "\(name):")
        }
        for field in fields.fields {
            // "name;" is libcurl's way to send a field without value.
            let line = field.value.isEmpty ? "\(field.name);" : "\(field.name): \(field.value)"
            headerList = curl_slist_append(headerList, line)
        }
        moonline_curl_set_list(easy, CURLOPT_HTTPHEADER, headerList)
    }

    // MARK: Receiving

    private static func receive(
        _ data: UnsafeMutablePointer<CChar>?, _ count: Int, _ context: UnsafeMutableRawPointer?,
        _ body: (CurlTransfer, UnsafeRawBufferPointer) -> Bool
    ) -> Int {
        guard let context, let data else { return count }
        let transfer = Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
        return body(transfer, UnsafeRawBufferPointer(start: data, count: count)) ? count : 0
    }

    private func receiveHeader(_ line: UnsafeRawBufferPointer) -> Bool {
        let text = String(decoding: line, as: UTF8.self)
        if text.hasPrefix("HTTP/") {
            // A new head: the one before was a 1xx.
            headers = HTTPFields()
            headerBytes = 0
            status = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        } else if text.utf8.allSatisfy({ $0 == 0x0D || $0 == 0x0A }) {
            completeHead()
        } else if let colon = text.firstIndex(of: ":") {
            let value = text[text.index(after: colon)...].drop { $0.isWhitespace }
            let trimmed = String(value.reversed().drop { $0.isWhitespace }.reversed())
            headers.append(name: String(text[..<colon]), value: trimmed)
        }
        headerBytes += line.count
        isTooLarge = headerBytes > CurlTransfer.maximumHeaderBytes
        return !isTooLarge
    }

    private func completeHead() {
        guard status >= 200, !isHeadComplete else { return }
        isHeadComplete = true
        if case .stream(_, let onEvent) = job.sink { onEvent(.head(status: status, headers: headers)) }
    }

    private func receiveBody(_ part: UnsafeRawBufferPointer) -> Bool {
        guard bodyBytes + part.count <= job.maximumBodyBytes else {
            isTooLarge = true
            return false
        }
        bodyBytes += part.count
        isActive = true
        switch job.sink {
        case .whole: body.append(contentsOf: part)
        case .stream(_, let onEvent): if !part.isEmpty { onEvent(.body(Array(part))) }
        }
        return true
    }

    // MARK: Silence

    /// When the server has been silent for too long; `nil` where only the whole request is timed.
    ///
    /// - Parameter now: When the bytes that came since the last call are taken to have come.
    func silenceDeadline(at now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        if isActive, case .stream(let timeouts, _) = job.sink {
            isActive = false
            silence = .next(until: now + timeouts.betweenBytes, after: timeouts.betweenBytes)
        }
        switch silence {
        case .first(let until, _), .next(let until, _): return until
        case .unlimited: return nil
        }
    }

    /// What a transfer ends with that was silent for too long.
    var silenceError: NetError {
        switch silence {
        case .first(_, let duration) where isHeadComplete:
            NetError(.timedOut, "\(host) began its answer, but sent nothing of it within \(duration.seconds) s.")
        case .first(_, let duration):
            NetError(.timedOut, "Cannot reach \(host): no answer within \(duration.seconds) s.")
        case .next(_, let duration):
            NetError(.timedOut, "\(host) stopped in the middle of its answer: nothing came for \(duration.seconds) s.")
        case .unlimited: NetError(.timedOut, "Cannot reach \(host): no complete answer in time.")
        }
    }

    // MARK: Result

    func result(of code: CURLcode) -> Result<HTTPResponse, NetError> {
        guard code == CURLE_OK else { return .failure(error(of: code)) }
        return .success(HTTPResponse(status: status, headers: headers, body: body))
    }

    /// Connections that were opened for this transfer: 0 when it found a warm one.
    var connectionsOpened: Int {
        var count = 0
        moonline_curl_get_long(easy, CURLINFO_NUM_CONNECTS, &count)
        return count
    }

    private func error(of code: CURLcode) -> NetError {
        let words = String(cString: curl_easy_strerror(code))
        let action = "reach \(host)"
        if isTooLarge {
            let limit =
                headerBytes > CurlTransfer.maximumHeaderBytes
                ? "has more than \(CurlTransfer.maximumHeaderBytes) bytes of headers"
                : "is larger than \(job.maximumBodyBytes) bytes"
            return NetError(.messageTooLarge, "The response of \(host) \(limit).")
        }
        if let refused {
            return NetError(
                .notAllowed,
                "\(host) has the address \(refused), which is not public; the operator must allow that address too.")
        }
        switch code {
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL:
            return NetError(.invalidArgument, "\"\(host)\" is no part of an http or https URL that can be used.")
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY:
            return NetError(
                .hostNotFound, "Cannot \(action): the host name is not known. Check the spelling and the DNS.")
        case CURLE_COULDNT_CONNECT:
            return NetError(.connectionRefused, "Cannot \(action): nothing answers there. Is the server running?")
        case CURLE_OPERATION_TIMEDOUT:
            return NetError(.timedOut, "Cannot \(action): no complete answer in time.")
        case CURLE_PEER_FAILED_VERIFICATION:
            return NetError(
                .tls, "Cannot \(action): the server's certificate is not trusted. Install its CA, or name the CA file.")
        case CURLE_SSL_CONNECT_ERROR:
            return NetError(.tls, "Cannot \(action): the TLS handshake failed (\(words)).", isRetryable: true)
        case CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER:
            return NetError(.tls, "Cannot \(action): TLS cannot be set up (\(words)). Check the CA file.")
        case CURLE_GOT_NOTHING, CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_PARTIAL_FILE:
            return NetError(.connectionLost, "Cannot \(action): the server closed the connection (\(words)).")
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_WEIRD_SERVER_REPLY, CURLE_HTTP2, CURLE_HTTP2_STREAM:
            return NetError(.protocolViolation, "Cannot \(action): the answer is not HTTP (\(words)).")
        default: return NetError(.system, "Cannot \(action): \(words).")
        }
    }

    /// `host[:port]` of a URL, without user name, path and query.
    private static func authority(of url: String) -> String {
        var rest = url[...]
        if let scheme = rest.range(ofText: "://") { rest = rest[scheme...] }
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard let at = authority.lastIndex(of: "@") else { return String(authority) }
        return String(authority[authority.index(after: at)...])
    }

    private static func isLoopback(_ authority: String) -> Bool {
        authority.hasPrefix("127.") || authority.hasPrefix("[::1]") || authority == "localhost"
            || authority.hasPrefix("localhost:")
    }
}

extension Substring {
    /// The index behind the first occurrence of an ASCII text.
    fileprivate func range(ofText text: String) -> Index? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(text) { return index(start, offsetBy: text.count) }
            start = index(after: start)
        }
        return nil
    }
}
