/// Typed views of optional fields.
///
/// None can fail. Each is `nil` or empty when the field is missing or unreadable; the parser refuses messages whose
/// Contact, Route, Record-Route, Content-Type or, in a request, Max-Forwards is unreadable, so in received messages that
/// means missing.
extension SIPMessage {
    /// Hops that the request may still make (RFC 3261 §20.22), 0…255.
    public var maxForwards: Int? {
        get { number(.maxForwards, upTo: 255).map { Int($0) } }
        set { headers[.maxForwards] = newValue.map { String($0) } }
    }

    /// `nil` without Contact fields.
    public var contacts: ContactList? {
        get { read { () throws(GrammarError) in try ContactList(parsing: headers.all(.contact)) }.nilWhenEmpty }
        set {
            switch newValue {
            case nil: headers.remove(.contact)
            case .all: headers.set(.contact, "*")
            case .addresses(let list): setList(.contact, list)
            }
        }
    }

    /// The first Contact address, which is the peer's remote target in dialogs (RFC 3261 §12.1).
    public var contact: NameAddress? {
        get { contacts?.first }
        set { contacts = newValue.map { .addresses([$0]) } }
    }

    public var route: [NameAddress] {
        get { addresses(.route) }
        set { setList(.route, newValue) }
    }

    public var recordRoute: [NameAddress] {
        get { addresses(.recordRoute) }
        set { setList(.recordRoute, newValue) }
    }

    public var contentType: MediaType? {
        get {
            headers[.contentType].flatMap { text in read { () throws(GrammarError) in try MediaType(parsing: text) } }
        }
        set { headers[.contentType] = newValue?.description }
    }

    /// Option tags that the peer must understand (RFC 3261 §20.32).
    public var require: [String] {
        get { headers.list(.require) }
        set { setTokens(.require, newValue) }
    }

    public var proxyRequire: [String] { headers.list(.proxyRequire) }

    public var supported: [String] {
        get { headers.list(.supported) }
        set { setTokens(.supported, newValue) }
    }

    public var unsupported: [String] {
        get { headers.list(.unsupported) }
        set { setTokens(.unsupported, newValue) }
    }

    public var allow: [Method] {
        get { headers.list(.allow).map { Method(rawValue: $0) } }
        set { setTokens(.allow, newValue.map(\.rawValue)) }
    }

    /// Content types that the peer reads (RFC 3261 §20.1); `nil` without the field, which stands for SDP.
    public var accept: [String]? { headers.contains(.accept) ? headers.list(.accept) : nil }

    /// An unreadable value counts as missing (RFC 3261 §20.19). [s]
    public var expires: UInt32? {
        get { number(.expires, upTo: UInt64(UInt32.max)).map { UInt32(truncatingIfNeeded: $0) } }
        set { headers[.expires] = newValue.map { String($0) } }
    }

    /// [s]
    public var minExpires: UInt32? {
        number(.minExpires, upTo: UInt64(UInt32.max)).map { UInt32(truncatingIfNeeded: $0) }
    }

    public var retryAfter: RetryAfter? {
        get {
            headers[.retryAfter].flatMap { text in read { () throws(GrammarError) in try RetryAfter(parsing: text) } }
        }
        set { headers[.retryAfter] = newValue?.description }
    }

    /// Whom the peer shall call (RFC 3515 §2.1).
    public var referTo: NameAddress? {
        get { address(.referTo) }
        set { headers[.referTo] = newValue?.description }
    }

    /// Who asked for the call (RFC 3892).
    public var referredBy: NameAddress? {
        get { address(.referredBy) }
        set { headers[.referredBy] = newValue?.description }
    }

    public var event: Event? {
        get { headers[.event].flatMap { text in read { () throws(GrammarError) in try Event(parsing: text) } } }
        set { headers[.event] = newValue?.description }
    }

    public var subscriptionState: SubscriptionState? {
        get {
            headers[.subscriptionState].flatMap { text in
                read { () throws(GrammarError) in try SubscriptionState(parsing: text) }
            }
        }
        set { headers[.subscriptionState] = newValue?.description }
    }

    /// The one address of a field such as Refer-To or P-Asserted-Identity; `nil` when missing or unreadable.
    public func address(_ name: HeaderName) -> NameAddress? {
        headers[name].flatMap { text in read { () throws(GrammarError) in try NameAddress(parsing: text) } }
    }

    /// All addresses of a field's lists; empty when one of them is unreadable.
    public func addresses(_ name: HeaderName) -> [NameAddress] {
        let values = headers.all(name)
        return read { () throws(GrammarError) in
            var list: [NameAddress] = []
            for value in values { list += try NameAddress.list(parsing: value) }
            return list
        } ?? []
    }

    private func number(_ name: HeaderName, upTo maximum: UInt64) -> UInt64? {
        guard let text = headers[name] else { return nil }
        return read { () throws(GrammarError) in
            var scanner = ByteScanner(text)
            scanner.skipWhitespace()
            let value = try scanner.expectNumber(upTo: maximum)
            try scanner.expectEnd()
            return value
        }
    }

    /// What `body` reads, or `nil` where the text is not of the grammar.
    private func read<Value>(_ body: () throws(GrammarError) -> Value) -> Value? {
        do { return try body() } catch { return nil }
    }

    private mutating func setList(_ name: HeaderName, _ list: [NameAddress]) {
        headers[name] = list.isEmpty ? nil : list.map(\.description).joined(separator: ", ")
    }

    private mutating func setTokens(_ name: HeaderName, _ tokens: [String]) {
        headers[name] = tokens.isEmpty ? nil : tokens.joined(separator: ", ")
    }
}

extension ContactList? {
    fileprivate var nilWhenEmpty: ContactList? { self == .addresses([]) ? nil : self }
}
