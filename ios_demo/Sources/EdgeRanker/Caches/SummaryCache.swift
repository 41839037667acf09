private let tokenBytes = 8

/// The key of a summary: its encode depth, and the token ids of its text.
struct SummaryKey: Hashable, Sendable {
    let depth: Int
    let tokens: [Int32]
}

/// Summaries as float16 within a budget of bytes; the least recently used are removed first (PLAN.md, section 2).
struct SummaryCache {
    private struct Kept {
        var halves: [UInt16]
        var use: Int
    }

    private let hidden: Int
    private let budget: Int
    private var kept: [SummaryKey: Kept] = [:]
    /// Every use, in order. A use is skipped if there is a later one of the same key.
    private var uses: [(key: SummaryKey, use: Int)] = []
    private var oldest = 0
    private var use = 0
    private(set) var bytes = 0

    init(hidden: Int, budget: Int) {
        self.hidden = hidden
        self.budget = budget
    }

    /// Whether an entry is kept. This does not count as a use.
    func has(_ key: SummaryKey) -> Bool { kept[key] != nil }

    /// Writes the summary into a row, which counts as a use. False if it is not kept.
    mutating func read(_ key: SummaryKey, into matrix: inout Matrix, row: Int) -> Bool {
        guard let place = kept.index(forKey: key) else { return false }
        noteUse(key, at: place)
        let begin = row * hidden
        let halves = kept.values[place].halves
        for index in 0..<hidden { matrix.values[begin + index] = float(ofHalf: halves[index]) }
        return true
    }

    /// Rounds a summary to float16 and keeps it if the budget allows. Returns the rounded summary, which requests use.
    mutating func write(_ key: SummaryKey, _ summary: [Float]) -> [Float] {
        let halves = summary.map { halfBits($0) }
        keep(key, halves)
        return halves.map { float(ofHalf: $0) }
    }

    /// Keeps a summary that was computed before, as its float16 bits.
    mutating func keep(_ key: SummaryKey, _ halves: [UInt16]) {
        let size = size(key)
        if size <= budget {
            if kept.updateValue(Kept(halves: halves, use: use), forKey: key) == nil { bytes += size }
            if let place = kept.index(forKey: key) { noteUse(key, at: place) }
            trim(toBytes: budget)
        }
    }

    /// Removes the least recently used until at most so many bytes are left.
    mutating func trim(toBytes most: Int) {
        while bytes > most, oldest < uses.count {
            let (key, use) = uses[oldest]
            oldest += 1
            if kept[key]?.use != use { continue }
            kept[key] = nil
            bytes -= size(key)
        }
    }

    mutating func clear() {
        kept = [:]
        uses = []
        oldest = 0
        bytes = 0
    }

    /// Least recently used first.
    var keys: [SummaryKey] { entries.map(\.key) }

    /// Every key with the bits of its summary, least recently used first.
    var entries: [(key: SummaryKey, halves: [UInt16])] {
        kept.sorted { $0.value.use < $1.value.use }.map { ($0.key, $0.value.halves) }
    }

    private mutating func noteUse(_ key: SummaryKey, at place: Dictionary<SummaryKey, Kept>.Index) {
        use += 1
        kept.values[place].use = use
        uses.append((key, use))
        if uses.count > 2 * kept.count + 1_024 { forgetReplacedUses() }
    }

    private mutating func forgetReplacedUses() {
        uses = uses[oldest...].filter { kept[$0.key]?.use == $0.use }
        oldest = 0
    }

    private func size(_ key: SummaryKey) -> Int { 2 * hidden + tokenBytes * key.tokens.count }
}
