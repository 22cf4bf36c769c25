import CFlite
import Synchronization

/// flite's process-wide state: its voices, each set up on first use, and its lexicon.
struct FliteLibrary: ~Copyable {
    private var voices: [SpeechSynthesizer.Voice: UnsafeMutablePointer<cst_voice>] = [:]
    private var lexicon: UnsafeMutablePointer<cst_lexicon>?
    private var isInitialized = false

    private static let shared = Mutex(FliteLibrary())

    private init() {}

    /// Runs `body` while nobody else in the process uses flite.
    static func withLock<Result: Sendable, Failure: Error>(
        _ body: (inout FliteLibrary) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try shared.withLock { library throws(Failure) in try body(&library) }
    }

    /// The voice, set up if it is not yet; `nil` when that fails. Lives as long as the process.
    mutating func voice(_ name: SpeechSynthesizer.Voice) -> UnsafeMutablePointer<cst_voice>? {
        if let voice = voices[name] { return voice }
        initialize()
        let voice =
            switch name {
            case .awb: register_cmu_us_awb(nil)
            case .slt: register_cmu_us_slt(nil)
            case .rms: register_cmu_us_rms(nil)
            case .kal16: register_cmu_us_kal16(nil)
            }
        voices[name] = voice
        return voice
    }

    /// How flite says a word, from its lexicon or by its letter-to-sound rules, in CMU's phones without stress.
    ///
    /// - Parameter word: Lower-case letters and apostrophes.
    /// - Returns: Phones such as `M UW N L AY N`; empty when there is no pronunciation.
    mutating func phones(of word: String) -> [String] {
        initialize()
        if lexicon == nil { lexicon = cmu_lex_init() }
        guard let lexicon, let phones = lex_lookup(lexicon, word, nil, nil) else { return [] }
        defer { delete_val(phones) }
        var result: [String] = []
        var cell: UnsafePointer<cst_val>? = UnsafePointer(phones)
        while let current = cell {
            if let name = val_car(current).flatMap({ val_string($0) }) {
                let phone = String(cString: name).uppercased().filter { $0.isLetter }
                result.append(phone == "AX" ? "AH" : phone)
            }
            cell = val_cdr(current)
        }
        return result
    }

    private mutating func initialize() {
        if isInitialized { return }
        flite_init()
        isInitialized = true
    }
}
