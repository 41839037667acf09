private let mostCharacters = 100
private let unknown: Int32 = 1
let specialTokens: [ByteText] = ["[PAD]", "[UNK]", "[MASK]", "[BOS']", "[EOS']", "[BOS]", "[EOS]"]

/// Words to token ids: the longest piece first, no way back (SPEC.md, section 6).
struct WordPiece: Sendable {
    private let starts: Pieces
    private let rests: Pieces
    let count: Int

    /// Errors: an empty or repeated token, other special tokens.
    init(_ tokens: [ByteText]) throws {
        var seen = Set<ByteText>(minimumCapacity: tokens.count)
        for (id, token) in tokens.enumerated() {
            if token.isEmpty { throw EdgeError("the vocabulary's line \(id + 1) is empty") }
            if !seen.insert(token).inserted {
                throw EdgeError("the vocabulary's line \(id + 1) repeats a token: '\(shown(token))'")
            }
        }
        if Array(tokens.prefix(specialTokens.count)) != specialTokens {
            let expected = specialTokens.map(\.description).joined(separator: " ")
            throw EdgeError("the vocabulary does not begin with the special tokens", evidence: expected)
        }
        let numbered = tokens.enumerated().map { (bytes: $0.element.bytes[...], id: Int32($0.offset)) }
        starts = Pieces(numbered)
        let marked = numbered.filter { $0.bytes.starts(with: [0x23, 0x23]) }
        rests = Pieces(marked.map { ($0.bytes.dropFirst(2), $0.id) })
        count = tokens.count
    }

    /// From `vocab.txt`: only U+000A ends a line. Errors: no UTF-8, an empty or repeated token.
    init(reading file: [UInt8]) throws {
        do {
            try checkUtf8(file)
        } catch let error as JsonError {
            throw EdgeError("vocab.txt cannot be read", evidence: error.reason)
        }
        let text = file.last == 0x0A ? file.dropLast() : file[...]
        try self.init(text.split(separator: 0x0A, omittingEmptySubsequences: false).map { ByteText($0) })
    }

    /// Adds the ids of a word's pieces.
    func encode(_ word: ArraySlice<UInt8>, _ ids: inout [Int32]) {
        if word.count > mostCharacters && codePointCount(word) > mostCharacters { return ids.append(unknown) }
        let before = ids.count
        var rest = word
        while !rest.isEmpty {
            let pieces = rest.startIndex == word.startIndex ? starts : rests
            guard let (id, length) = pieces.longestPrefix(of: rest) else {
                ids.removeSubrange(before...)
                return ids.append(unknown)
            }
            ids.append(id)
            rest = rest.dropFirst(length)
        }
    }
}

/// Pieces in the order of their bytes: each further byte of a word narrows the range of those that begin like it.
private struct Pieces: Sendable {
    private let pieces: [ArraySlice<UInt8>]
    private let ids: [Int32]

    init(_ numbered: [(bytes: ArraySlice<UInt8>, id: Int32)]) {
        let sorted = numbered.filter { !$0.bytes.isEmpty }.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
        pieces = sorted.map { $0.bytes }
        ids = sorted.map { $0.id }
    }

    /// The id and the bytes of the longest piece that the text begins with.
    func longestPrefix(of text: ArraySlice<UInt8>) -> (id: Int32, length: Int)? {
        var longest: (id: Int32, length: Int)?
        var range = 0..<pieces.count
        for (length, byte) in text.enumerated() {
            let low = first(in: range) { self.byte($0, length) >= Int(byte) }
            let high = first(in: low..<range.upperBound) { self.byte($0, length) > Int(byte) }
            if low == high { break }
            range = low..<high
            if pieces[low].count == length + 1 { longest = (ids[low], length + 1) }
        }
        return longest
    }

    /// The byte of a piece at a place, -1 where it has ended: it stands before the longer ones.
    private func byte(_ piece: Int, _ place: Int) -> Int {
        let bytes = pieces[piece]
        return place < bytes.count ? Int(bytes[bytes.startIndex + place]) : -1
    }

    private func first(in range: Range<Int>, where reached: (Int) -> Bool) -> Int {
        var (low, high) = (range.lowerBound, range.upperBound)
        while low < high {
            let middle = (low + high) / 2
            if reached(middle) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
