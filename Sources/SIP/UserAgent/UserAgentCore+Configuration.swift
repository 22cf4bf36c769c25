public import SansIO

extension UserAgentCore {
    /// What a user agent is told once.
    public struct Configuration: Sendable {
        /// Goes into Via and Contact: where peers reach the socket.
        public var address: TransportAddress
        /// Goes into User-Agent and Server.
        public var userAgent: String
        public var timers: TransactionTimers
        /// How long a callee may ring when the call doesn't say. A ringing call has no transaction time-out
        /// (RFC 3261 §13.3.1.1).
        public var ringTimeout: Duration
        /// How long an incoming call may wait for the application before it gets 480.
        public var answerTimeout: Duration
        /// How long a transfer may go without any NOTIFY.
        public var transferTimeout: Duration
        /// Answers challenges in calls that came in; calls that we place bring their own.
        public var credentials: Credentials?
        public var limits: Limits

        public init(
            address: TransportAddress, userAgent: String = "Moonline", timers: TransactionTimers = TransactionTimers(),
            ringTimeout: Duration = .seconds(180), answerTimeout: Duration = .seconds(180),
            transferTimeout: Duration = .seconds(32), credentials: Credentials? = nil, limits: Limits = Limits()
        ) {
            self.address = address
            self.userAgent = userAgent
            self.timers = timers
            self.ringTimeout = ringTimeout
            self.answerTimeout = answerTimeout
            self.transferTimeout = transferTimeout
            self.credentials = credentials
            self.limits = limits
        }
    }

    /// Bounds that keep a flood from exhausting memory.
    public struct Limits: Hashable, Sendable {
        /// Calls at a time; an INVITE beyond gets 503 with Retry-After.
        public var calls: Int
        /// Server transactions at a time; beyond, new requests are answered statelessly, and all but BYE with 503.
        public var serverTransactions: Int
        /// Early dialogs of one INVITE; provisional responses of further forks are ignored.
        public var earlyDialogs: Int
        /// What Retry-After says.
        public var retryAfter: Duration

        public init(
            calls: Int = 1000, serverTransactions: Int = 20_000, earlyDialogs: Int = 16,
            retryAfter: Duration = .seconds(5)
        ) {
            self.calls = calls
            self.serverTransactions = serverTransactions
            self.earlyDialogs = earlyDialogs
            self.retryAfter = retryAfter
        }
    }
}
