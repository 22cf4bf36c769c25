import SansIO
import Testing

@testable import Net

@Suite("WebSocketMessageAssembler")
struct WebSocketMessageAssemblerTests {
    private typealias Frame = WebSocketMessageAssembler.Frame

    private func frame(
        _ opcode: UInt8, _ payload: [UInt8] = [], final: Bool = true, masked: Bool = false, reserved: Bool = false
    ) -> Frame {
        Frame(isFinal: final, opcode: opcode, isMasked: masked, hasReservedBits: reserved, payload: payload)
    }

    private func assembler(limit: Int = 10) -> WebSocketMessageAssembler {
        WebSocketMessageAssembler(expectsMask: false, maximumMessageBytes: limit)
    }

    private func violation(_ outcome: WebSocketMessageAssembler.Outcome) -> UInt16? {
        guard case .violation(let code, _) = outcome else { return nil }
        return code
    }

    @Test("Fragments are joined, control frames may stand between them (RFC 6455 §5.4)")
    func fragments() {
        var machine = assembler()
        #expect(machine.receive(frame(1, [0x61], final: false)) == .none)
        #expect(machine.receive(frame(9, [1, 2])) == .ping([1, 2]))
        #expect(machine.receive(frame(0, [0x62], final: false)) == .none)
        #expect(machine.receive(frame(0, [0x63])) == .message(.text(Array("abc".utf8))))
        #expect(machine.receive(frame(2, [0xFF])) == .message(.binary([0xFF])))
    }

    @Test("A character may be split over fragments; a text that is not UTF-8 fails with 1007 (§8.1)")
    func utf8() {
        var machine = assembler()
        #expect(machine.receive(frame(1, [0xC3], final: false)) == .none)
        #expect(machine.receive(frame(0, [0xA4])) == .message(.text([0xC3, 0xA4])))
        #expect(violation(machine.receive(frame(1, [0xC3]))) == 1007)
    }

    @Test("What the standard forbids fails with 1002")
    func violations() {
        var machine = assembler()
        #expect(violation(machine.receive(frame(0))) == 1002)
        #expect(violation(machine.receive(frame(1, masked: true))) == 1002)
        #expect(violation(machine.receive(frame(1, reserved: true))) == 1002)
        #expect(violation(machine.receive(frame(3))) == 1002)
        #expect(violation(machine.receive(frame(8, [3]))) == 1002)
        #expect(violation(machine.receive(frame(8, [0x03, 0xED]))) == 1002)
        #expect(machine.receive(frame(1, final: false)) == .none)
        #expect(violation(machine.receive(frame(1))) == 1002)
    }

    @Test("The size limit counts all fragments together, and fails with 1009")
    func limit() {
        var machine = assembler(limit: 4)
        #expect(violation(machine.receive(frame(2, [1, 2, 3, 4, 5]))) == 1009)
        #expect(machine.receive(frame(2, [1, 2, 3], final: false)) == .none)
        #expect(violation(machine.receive(frame(0, [4, 5]))) == 1009)
    }

    @Test("Close codes and reasons are read (§7.4)")
    func close() {
        var machine = assembler()
        #expect(machine.receive(frame(8)) == .close(code: nil, reason: ""))
        #expect(machine.receive(frame(8, [0x0B, 0xB8, 0x6F, 0x6B])) == .close(code: 3000, reason: "ok"))
        #expect(violation(machine.receive(frame(8, [0x0B, 0xB8, 0xFF]))) == 1007)
    }

    @Test("Random frames never trap", arguments: 0..<20 as Range<UInt64>)
    func random(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var machine = assembler(limit: 64)
        for _ in 0..<500 {
            let payload = (0..<Int.random(in: 0...20, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            let outcome = machine.receive(
                frame(
                    UInt8.random(in: 0...15, using: &random), payload, final: random.chance(0.6),
                    masked: random.chance(0.05), reserved: random.chance(0.05)))
            if case .message(.text(let bytes)) = outcome { #expect(bytes.count <= 64) }
        }
    }
}
