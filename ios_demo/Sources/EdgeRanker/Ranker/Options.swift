/// What computes the model. Each engine's module has one, such as `.reference` of `EdgeReference`.
public struct EngineChoice: Sendable {
    let name: String
    /// What its costs depend on besides its name, such as the number of threads.
    let variant: String
    let make: @Sendable (EdgeBundle) throws -> any Engine

    package init(_ name: String, variant: String = "1", make: @escaping @Sendable (EdgeBundle) throws -> any Engine) {
        self.name = name
        self.variant = variant
        self.make = make
    }
}

/// How a bundle is opened. With a public key, a bundle that was not signed with the matching private key is refused.
public struct Options: Sendable {
    /// Where a ranker keeps what the next opening need not make again: the bundle's files, costs, summaries of items.
    public enum Directory: Sendable {
        /// `EDGE_CACHE` if it is set; otherwise `edge-ranker` in Application Support, excluded from backups, or
        /// `~/.cache/edge-ranker` on Linux.
        case standard
        /// A folder that only this library uses, and that the system does not empty while the app runs.
        case path(String)
        /// Nowhere: models are held in memory, and each opening measures. ONNX Runtime and Core ML refuse it.
        case memory
    }

    let engine: EngineChoice
    let directory: Directory
    let keepsSummaries: Bool
    let publicKey: PublicKey?
    let memoryMb: Double
    let logRows: Int

    /// `keepsSummaries`: whether `prepare` writes summaries to a file, which the next opening reads. `memoryMb`: MB of
    /// 10^6 bytes for summaries between requests; 0 keeps none. `logRows`: how many candidates the served log keeps; 0
    /// logs nothing. Errors: a number out of range.
    public init(
        engine: EngineChoice, publicKey: PublicKey? = nil, directory: Directory = .standard, keepsSummaries: Bool = true,
        memoryMb: Double = 64, logRows: Int = 1_000
    ) throws {
        if !(0...1e6).contains(memoryMb) { throw EdgeError("memoryMb is \(memoryMb)", fix: "0 to 1000000") }
        if !(0...1_000_000).contains(logRows) { throw EdgeError("logRows is \(logRows)", fix: "0 to 1000000") }
        self.engine = engine
        self.directory = directory
        self.keepsSummaries = keepsSummaries
        self.publicKey = publicKey
        self.memoryMb = memoryMb
        self.logRows = logRows
    }
}

/// The limits of a request, or the exit that it names. With neither, the best exit answers.
public struct Budget: Sendable {
    let milliseconds: Double?
    let minAuc: Double?
    let exit: Exit?

    /// No limit and no exit.
    public static let none = Budget()

    private init() {
        milliseconds = nil
        minAuc = nil
        exit = nil
    }

    /// Errors: a number out of range.
    public init(milliseconds: Double? = nil, minAuc: Double? = nil) throws {
        if let milliseconds, !(milliseconds > 0 && milliseconds.isFinite) {
            throw EdgeError("milliseconds is \(milliseconds)", fix: "above 0")
        }
        if let minAuc, !(minAuc > 0 && minAuc <= 1) { throw EdgeError("minAuc is \(minAuc)", fix: "above 0, at most 1") }
        self.milliseconds = milliseconds
        self.minAuc = minAuc
        exit = nil
    }

    public init(exit: Exit) {
        milliseconds = nil
        minAuc = nil
        self.exit = exit
    }
}
