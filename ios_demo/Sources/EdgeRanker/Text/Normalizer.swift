private let hangul: ClosedRange<UInt32> = 0xAC00...0xD7A3

/// Normalisation and the split into words (SPEC.md, sections 5 and 6).
struct Normalizer: Sendable {
    private let lowercase: Bool
    private let table: CharacterTable

    /// Errors: the table of characters is not that of this version.
    init(lowercase: Bool) throws {
        self.lowercase = lowercase
        table = try CharacterTable.shared.get()
    }

    func normalize(_ text: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            let (point, next) = codePoint(text, at: index)
            index = next
            if point == 0x20 || (0x61...0x7A).contains(point) { out.append(UInt8(point)) } else { replace(point, &out) }
        }
        return lowercase ? ordered(out) : out
    }

    private func replace(_ point: UInt32, _ out: inout [UInt8]) {
        if table.removed.contains(point) { return wall(point, &out) }
        if table.spaces.contains(point) { return out.append(0x20) }
        if lowercase, let replacement = table.fold(point) { return out.append(contentsOf: replacement) }
        if table.ideographs.contains(point) {
            out.append(0x20)
            append(point, to: &out)
            out.append(0x20)
        } else if lowercase && hangul.contains(point) {
            letters(point - hangul.lowerBound, &out)
        } else if lowercase && table.dropped.contains(point) {
            wall(point, &out)
        } else {
            append(point, to: &out)
        }
    }

    /// A character of `walls` leaves U+0000 until marks are ordered.
    private func wall(_ point: UInt32, _ out: inout [UInt8]) {
        if lowercase && table.walls.contains(point) { out.append(0) }
    }

    private func letters(_ syllable: UInt32, _ out: inout [UInt8]) {
        append(0x1100 + syllable / 588, to: &out)
        append(0x1161 + syllable % 588 / 28, to: &out)
        if syllable % 28 != 0 { append(0x11A7 + syllable % 28, to: &out) }
    }

    /// Each run of marks sorted by their groups, equal ones as they were; walls end a run and go.
    private func ordered(_ text: [UInt8]) -> [UInt8] {
        if text.allSatisfy({ $0 != 0 && $0 < 0x80 }) { return text }
        var out: [UInt8] = []
        out.reserveCapacity(text.count)
        var run: [(point: UInt32, group: Int)] = []
        var index = 0
        while index < text.count {
            let (point, next) = codePoint(text, at: index)
            if point >= 0x80, let group = table.group(point) {
                run.append((point, group))
            } else {
                flush(&run, &out)
                if point != 0 { out.append(contentsOf: text[index..<next]) }
            }
            index = next
        }
        flush(&run, &out)
        return out
    }

    /// By place among equals: the sort of the standard library does not promise to be stable.
    private func flush(_ run: inout [(point: UInt32, group: Int)], _ out: inout [UInt8]) {
        if run.isEmpty { return }
        let sorted = run.enumerated().sorted { ($0.element.group, $0.offset) < ($1.element.group, $1.offset) }
        for mark in sorted { append(mark.element.point, to: &out) }
        run.removeAll(keepingCapacity: true)
    }

    /// The words of a normalised text: split at spaces, each character of `punctuation` alone.
    func words(_ normalized: [UInt8]) -> [ArraySlice<UInt8>] {
        var words: [ArraySlice<UInt8>] = []
        var begin = 0
        var index = 0
        while index < normalized.count {
            let (point, next) = codePoint(normalized, at: index)
            if point == 0x20 || table.punctuation.contains(point) {
                if index > begin { words.append(normalized[begin..<index]) }
                if point != 0x20 { words.append(normalized[index..<next]) }
                begin = next
            }
            index = next
        }
        if normalized.count > begin { words.append(normalized[begin...]) }
        return words
    }
}
