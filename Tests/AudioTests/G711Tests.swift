import Audio
import SansIO
import Testing

@Suite("G.711")
struct G711Tests {
    @Test(
        "Every octet survives decoding and encoding, but for µ-law's negative zero (G.711 §3)",
        arguments: G711.Law.allCases)
    func roundTrip(law: G711.Law) {
        for byte in UInt8.min...UInt8.max {
            let expected = law == .mu && byte == 0x7F ? 0xFF : byte
            #expect(G711.encode(G711.decode(byte, law), law) == expected, "octet \(byte)")
        }
    }

    @Test("µ-law's levels are those of table 2a, scaled to 16 bits")
    func muLevels() {
        let levels: [(UInt8, Int16)] = [
            (0xFF, 0), (0xFE, 8), (0xFD, 16), (0xF0, 120), (0xEF, 132), (0xDF, 396), (0xCF, 924), (0xBF, 1_980),
            (0xAF, 4_092), (0x9F, 8_316), (0x8F, 16_764), (0x80, 32_124), (0x7F, 0), (0x7E, -8), (0x00, -32_124),
        ]
        for (byte, level) in levels {
            #expect(G711.decode(byte, .mu) == level)
        }
    }

    @Test("A-law's levels are those of table 1a, scaled to 16 bits")
    func aLevels() {
        let levels: [(UInt8, Int16)] = [
            (0xD5, 8), (0xD4, 24), (0xDA, 248), (0xC5, 264), (0xF5, 528), (0xE5, 1_056), (0x95, 2_112),
            (0x85, 4_224), (0xB5, 8_448), (0xA5, 16_896), (0xAA, 32_256), (0x55, -8), (0x2A, -32_256),
        ]
        for (byte, level) in levels {
            #expect(G711.decode(byte, .a) == level)
        }
    }

    @Test("No sample below the clipping level is further from its octet's level than half an interval (G.711 §3)")
    func halfInterval() {
        for sample in Int16.min...Int16.max {
            let magnitude = Int(sample.magnitude)
            let muError = abs(Int(G711.decode(G711.encode(sample, .mu), .mu)) - Int(sample))
            #expect(muError <= max((magnitude + 132) / 32, magnitude - 32_124), "\(sample)")
            let aError = abs(Int(G711.decode(G711.encode(sample, .a), .a)) - Int(sample))
            #expect(aError <= max(8, magnitude / 32), "\(sample)")
        }
    }

    @Test("Encoding never falls when the sample rises", arguments: G711.Law.allCases)
    func monotone(law: G711.Law) {
        var last = Int16.min
        for sample in Int16.min...Int16.max {
            let level = G711.decode(G711.encode(sample, law), law)
            #expect(level >= last)
            last = level
        }
    }

    @Test("Silence is the octet of the smallest level")
    func silence() {
        #expect(G711.silence(.mu) == 0xFF)
        #expect(G711.silence(.a) == 0xD5)
        for law in G711.Law.allCases {
            #expect(G711.encode(0, law) == G711.silence(law))
        }
    }

    @Test(
        "Transcoding is decoding and encoding, and loses at most one step on the way back", arguments: G711.Law.allCases
    )
    func transcoding(law: G711.Law) {
        let other: G711.Law = law == .mu ? .a : .mu
        for byte in UInt8.min...UInt8.max {
            let there = G711.transcode(byte, from: law)
            #expect(there == G711.encode(G711.decode(byte, law), other))
            let original = Int(G711.decode(byte, law))
            let back = Int(G711.decode(G711.transcode(there, from: other), law))
            #expect(abs(back - original) <= max(16, abs(original) / 16))
        }
    }

    @Test("Runs of samples come out as the single samples do, and buffers of unlike length are filled to the shorter")
    func runs() {
        var random = SeededRandom(seed: 711)
        let samples = (0..<500).map { _ in Int16.random(in: .min ... .max, using: &random) }
        for law in G711.Law.allCases {
            let bytes = G711.encode(samples, law)
            #expect(bytes == samples.map { G711.encode($0, law) })
            var decoded = [Int16](repeating: 1, count: 600)
            let count = bytes.withUnsafeBufferPointer { source in
                decoded.withUnsafeMutableBufferPointer { G711.decode(source, law, into: $0) }
            }
            #expect(count == 500)
            #expect(Array(decoded[..<500]) == G711.decode(bytes, law))
            #expect(decoded[500...].allSatisfy { $0 == 1 })

            var encoded = [UInt8](repeating: 1, count: 160)
            let encodedCount = samples.withUnsafeBufferPointer { source in
                encoded.withUnsafeMutableBufferPointer { G711.encode(source, law, into: $0) }
            }
            #expect(encodedCount == 160)
            #expect(encoded == Array(bytes[..<160]))

            encoded.withUnsafeMutableBufferPointer { G711.transcode($0, from: law) }
            #expect(encoded == bytes[..<160].map { G711.transcode($0, from: law) })
        }
    }
}
