import CSpeexDSP

/// Converts one mono stream of linear samples from one rate to another, chunk by chunk.
///
/// A windowed-sinc interpolator (speexdsp, quality 5: images and aliases at least 100 dB down, about 5 ms of delay
/// between 8 and 16 kHz). The filter's memory spans chunks, so that how a stream is cut does not change its sound.
/// Owned by one task or thread at a time.
public final class Resampler {
    /// Why a resampler can't be made.
    public enum Failure: Error, Equatable {
        /// A rate outside ``Resampler/supportedRates``. [Hz]
        case unsupportedRate(Int)
        case outOfMemory
    }

    /// Rates that telephony, speech libraries and sound files use. [Hz]
    public static let supportedRates = 1_000...384_000
    /// Quality that a telephone line can't tell from a perfect one, at 5 µs per 20 ms.
    public static let defaultQuality = 5

    /// Rate of the samples that go in. [Hz]
    public let inputRate: Int
    /// Rate of the samples that come out. [Hz]
    public let outputRate: Int

    /// `nil` when both rates are equal: samples pass unchanged.
    private let state: OpaquePointer?

    /// - Parameters:
    ///   - inputRate: Rate of the samples that go in. [Hz]
    ///   - outputRate: Rate of the samples that come out. [Hz]
    ///   - quality: 0…10; values outside are clamped.
    /// - Throws: ``Failure``.
    public init(from inputRate: Int, to outputRate: Int, quality: Int = defaultQuality) throws(Failure) {
        for rate in [inputRate, outputRate] where !Self.supportedRates.contains(rate) {
            throw .unsupportedRate(rate)
        }
        self.inputRate = inputRate
        self.outputRate = outputRate
        if inputRate == outputRate {
            state = nil
        } else {
            let clamped = CInt(min(max(quality, 0), 10))
            state = speex_resampler_init(1, UInt32(inputRate), UInt32(outputRate), clamped, nil)
            if state == nil { throw .outOfMemory }
        }
    }

    deinit {
        if let state { speex_resampler_destroy(state) }
    }

    /// How far the output lags behind the input, in output samples.
    public var latency: Int {
        guard let state else { return 0 }
        return Int(speex_resampler_get_output_latency(state))
    }

    /// Converts what fits.
    ///
    /// - Returns: Samples taken from `input`, and samples written to `output`. Feed what was not taken again.
    /// - Complexity: O(n); does not allocate after the first call.
    public func process(
        _ input: UnsafeBufferPointer<Int16>, into output: UnsafeMutableBufferPointer<Int16>
    ) -> (consumed: Int, produced: Int) {
        guard let source = input.baseAddress, let target = output.baseAddress else { return (0, 0) }
        guard let state else {
            let count = min(input.count, output.count)
            target.update(from: source, count: count)
            return (count, count)
        }
        var consumed = UInt32(clamping: input.count)
        var produced = UInt32(clamping: output.count)
        speex_resampler_process_int(state, 0, source, &consumed, target, &produced)
        return (Int(consumed), Int(produced))
    }

    /// Converts a whole chunk, in a new array; at a fractional ratio, chunk lengths vary by one.
    public func process(_ input: [Int16]) -> [Int16] {
        guard state != nil else { return input }
        let capacity = input.count * outputRate / inputRate + 8
        return [Int16](unsafeUninitializedCapacity: capacity) { output, count in
            input.withUnsafeBufferPointer { samples in
                count = process(samples, into: output).produced
            }
        }
    }

    /// Forgets the stream so far; the next sample begins another one.
    public func reset() {
        if let state { speex_resampler_reset_mem(state) }
    }

    /// Converts a complete recording: the delay is cut off, and the result lasts exactly as long as `samples`.
    ///
    /// - Throws: ``Failure``.
    public static func convert(
        _ samples: [Int16], from inputRate: Int, to outputRate: Int, quality: Int = defaultQuality
    ) throws(Failure) -> [Int16] {
        let resampler = try Resampler(from: inputRate, to: outputRate, quality: quality)
        guard let state = resampler.state else { return samples }
        speex_resampler_skip_zeros(state)
        let tail = Int(speex_resampler_get_input_latency(state)) + 1
        let wanted = samples.count * outputRate / inputRate
        var converted = resampler.process(samples)
        while converted.count < wanted {
            let flushed = resampler.process([Int16](repeating: 0, count: tail))
            if flushed.isEmpty { break }
            converted += flushed
        }
        return Array(converted.prefix(wanted))
    }
}
