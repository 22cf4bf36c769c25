/// Requests that follow from an earlier request of the same transaction.
extension Request {
    /// The ACK of a 300–699 response to this INVITE, which belongs to its transaction (RFC 3261 §17.1.1.3).
    func acknowledgement(ofRefusal response: Response) -> Request {
        var ack = derived(.ack)
        ack.to = response.to
        return ack
    }

    /// The CANCEL of this INVITE: same branch, Request-URI, Route, tags and number (RFC 3261 §9.1).
    ///
    /// - Parameter reasons: Values of Reason fields (RFC 3326).
    func cancellation(reasons: [String] = []) -> Request {
        var cancel = derived(.cancel)
        for reason in reasons { cancel.headers.append(.reason, reason) }
        return cancel
    }

    private func derived(_ method: Method) -> Request {
        var headers = Headers()
        for value in self.headers.all(.route) { headers.append(.route, value) }
        return Request(
            method: method, uri: uri, via: topVia, from: from, to: to, callID: callID, sequenceNumber: cseq.number,
            headers: headers)
    }
}
