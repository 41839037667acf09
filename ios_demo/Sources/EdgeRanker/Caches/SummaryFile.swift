private let fileName = "summaries.bin"
private let digestBytes = 32
private let magic = Array("edge-ranker/swift/1\n".utf8)
/// A ranker with more profiles serves many users, and writes no summaries.
private let mostProfiles = 10_000

/// The file that keeps summaries of items and phrases, never of profiles, after the process ends (PLAN.md, section 2).
/// A file that is damaged, belongs to other weights or cannot be written counts as absent.
struct SummaryFile {
    private let folder: Folder
    private let weights: [UInt8]
    private let hidden: Int
    private var saved: Set<SummaryKey> = []
    private var profiles: Set<[Int32]> = []

    /// Nil for a bundle without `weights.bin`: `weights` is the SHA-256 of that file.
    init?(weights: String, hidden: Int, in folder: Folder) {
        if weights.isEmpty { return nil }
        self.folder = folder
        self.weights = Array(weights.utf8)
        self.hidden = hidden
    }

    /// Excludes a profile: its summary is never written.
    mutating func leaveOut(_ profile: [Int32]) {
        if profiles.count <= mostProfiles { profiles.insert(profile) }
    }

    /// Adds the summaries of the file to a cache.
    mutating func load(into cache: inout SummaryCache) {
        guard let bytes = folder.read(fileName), let entries = entries(of: bytes) else { return }
        for (key, halves) in entries { cache.keep(key, halves) }
        saved = Set(cache.keys)
    }

    /// Writes what a cache keeps, if some of it is new.
    mutating func save(_ cache: SummaryCache) {
        let entries = cache.entries.filter { !profiles.contains($0.key.tokens) }
        if profiles.count > mostProfiles || entries.allSatisfy({ saved.contains($0.key) }) { return }
        do {
            try folder.replace(fileName, with: bytes(of: entries))
            saved = Set(entries.map(\.key))
        } catch {}  // the next call tries again
    }

    /// Errors: the file exists and cannot be removed.
    mutating func remove() throws {
        saved = []
        do {
            try folder.removeFile(fileName)
        } catch let error as DiskError {
            throw EdgeError("\(error.path) cannot be removed", evidence: error.reason, fix: "remove it")
        }
    }

    /// The layout: the SHA-256 of all that follows; the name of the layout; the SHA-256 of the weights in hex; the
    /// width and the number of entries; then for each entry its depth, its number of tokens, the tokens, and the
    /// summary as float16 bits. Numbers have 32 bits, lowest byte first.
    private func bytes(of entries: [(key: SummaryKey, halves: [UInt16])]) -> [UInt8] {
        var content = magic + weights
        func add(_ number: Int) { for shift in stride(from: 0, to: 32, by: 8) { content.append(UInt8(number >> shift & 255)) } }
        add(hidden)
        add(entries.count)
        for (key, halves) in entries {
            add(key.depth)
            add(key.tokens.count)
            for token in key.tokens { add(Int(token)) }
            for half in halves {
                content.append(UInt8(truncatingIfNeeded: half))
                content.append(UInt8(half >> 8))
            }
        }
        return sha256(content) + content
    }

    /// Nil if the bytes are damaged or belong to other weights.
    private func entries(of bytes: [UInt8]) -> [(key: SummaryKey, halves: [UInt16])]? {
        let head = magic + weights
        let content = Array(bytes.dropFirst(digestBytes))
        if !content.starts(with: head) || sha256(content) != Array(bytes.prefix(digestBytes)) { return nil }
        var reader = NumberReader(bytes: content, at: head.count)
        guard reader.next() == hidden, let count = reader.next() else { return nil }
        var entries: [(key: SummaryKey, halves: [UInt16])] = []
        for _ in 0..<count {
            guard let depth = reader.next(), let length = reader.next(), let tokens = reader.next(length),
                let halves = reader.halves(hidden)
            else { return nil }
            entries.append((SummaryKey(depth: depth, tokens: tokens.map { Int32($0) }), halves))
        }
        return reader.isAtEnd ? entries : nil
    }
}

/// Reads numbers of 32 and 16 bits from bytes, lowest byte first; nil beyond the end, and for invalid tokens and
/// summaries.
private struct NumberReader {
    let bytes: [UInt8]
    var at: Int
    var isAtEnd: Bool { at == bytes.count }

    mutating func next() -> Int? {
        if bytes.count - at < 4 { return nil }
        defer { at += 4 }
        var number = 0
        for byte in bytes[at..<at + 4].reversed() { number = number << 8 | Int(byte) }
        return number <= Int(Int32.max) ? number : nil
    }

    mutating func next(_ count: Int) -> [Int]? {
        if count > (bytes.count - at) / 4 { return nil }
        let numbers = (0..<count).compactMap { _ in next() }
        return numbers.count == count ? numbers : nil
    }

    mutating func halves(_ count: Int) -> [UInt16]? {
        if count > (bytes.count - at) / 2 { return nil }
        defer { at += 2 * count }
        return finiteHalves(bytes[at..<at + 2 * count])
    }
}
