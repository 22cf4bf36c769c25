import Net
import SansIO
import Testing

@Suite("DatagramSocket")
struct DatagramSocketTests {
    private typealias Received = Recorder<(bytes: [UInt8], source: TransportAddress)>
    private typealias Failures = Recorder<(error: NetError, destination: TransportAddress?)>

    private func open(
        _ received: Received, _ failures: Failures = Failures(), host: String = "127.0.0.1", port: UInt16 = 0
    ) async throws(NetError) -> DatagramSocket {
        try await DatagramSocket.bind(
            host: host, port: port, onDatagram: { received.record(($0, $1)) },
            onError: { failures.record(($0, $1)) })
    }

    @Test("Datagrams arrive whole, in order, with the sender's address", arguments: ["127.0.0.1", "::1", "localhost"])
    func echo(host: String) async throws {
        let received = Received()
        let one = try await open(Received(), host: host)
        let two = try await open(received, host: host)
        defer {
            one.close()
            two.close()
        }
        #expect(two.localAddress.port != 0)
        for number in 0..<100 as Range<UInt8> {
            one.send([number] + Array(repeating: 7, count: Int(number) * 10), to: two.localAddress)
        }
        let datagrams = await received.first(100)
        #expect(datagrams.map(\.bytes.first) == (0..<100).map { UInt8($0) })
        #expect(datagrams.map(\.bytes.count) == (0..<100).map { $0 * 10 + 1 })
        #expect(datagrams.allSatisfy { $0.source == one.localAddress })
    }

    @Test("A port in use is refused with a sentence that says what to do")
    func portInUse() async throws {
        let first = try await open(Received())
        defer { first.close() }
        let error = await netError { () async throws(NetError) in
            _ = try await open(Received(), port: first.localAddress.port)
        }
        #expect(error?.code == .addressInUse)
        #expect(error?.message.contains("another port") == true)
        #expect(error?.message.contains("\(first.localAddress)") == true)
    }

    @Test("An address of another machine is refused")
    func foreignAddress() async throws {
        let error = await netError { () async throws(NetError) in _ = try await open(Received(), host: "192.0.2.1") }
        #expect(error?.code == .addressUnavailable)
    }

    @Test("A peer that is gone is reported with its address, and sending to others goes on (RFC 3261 §18.4)")
    func refused() async throws {
        let received = Received()
        let failures = Failures()
        let alive = try await open(received)
        let sender = try await open(Received(), failures)
        defer {
            alive.close()
            sender.close()
        }
        let gone = try await open(Received())
        let goneAddress = gone.localAddress
        await gone.shutdown()
        sender.send([1], to: goneAddress)
        let failure = try #require(await failures.first(1).first)
        #expect(failure.error.code == .connectionRefused)
        #expect(failure.error.isRetryable)
        #expect(failure.destination == goneAddress)
        sender.send([2], to: alive.localAddress)
        #expect(await received.first(1).first?.bytes == [2])
    }

    @Test("Unusable destinations and oversized datagrams are reported, not trapped")
    func unusable() async throws {
        let failures = Failures()
        let socket = try await open(Received(), failures)
        defer { socket.close() }
        socket.send([1], to: TransportAddress(host: "not an address", port: 5060))
        socket.send([1], to: TransportAddress(host: "::1", port: 5060))
        socket.send(Array(repeating: 0, count: 70_000), to: socket.localAddress)
        let found = await failures.first(3)
        #expect(found[0].error.code == .invalidArgument)
        #expect(found[1].error.code != .addressInUse)
        #expect(found[2].error.code == .messageTooLarge)
    }

    @Test("The port is free when shutdown returns; sending afterwards is reported")
    func close() async throws {
        let failures = Failures()
        let first = try await open(Received(), failures)
        first.close()
        await first.shutdown()
        await first.shutdown()
        let second = try await open(Received(), port: first.localAddress.port)
        second.close()
        first.send([1], to: second.localAddress)
        #expect(await failures.first(1).first?.error.code == .connectionLost)
    }
}
