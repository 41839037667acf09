private let mostKept = 4_096
private let longestKept = 64

/// A text to token ids (SPEC.md, sections 5 and 6). Ids of what stands between spaces are kept.
///
/// Not to be used by two threads at once: whoever owns it keeps calls apart.
final class TextEncoder {
    private let wordPiece: WordPiece
    private let normalizer: Normalizer
    private var newer: [ArraySlice<UInt8>: [Int32]] = [:]
    private var older: [ArraySlice<UInt8>: [Int32]] = [:]
    var vocabulary: Int { wordPiece.count }

    init(_ wordPiece: WordPiece, lowercase: Bool) throws {
        self.wordPiece = wordPiece
        normalizer = try Normalizer(lowercase: lowercase)
    }

    /// At most the first `most` ids.
    func encode(_ text: ByteText, most: Int = .max) -> [Int32] {
        var ids: [Int32] = []
        for part in text.bytes.split(separator: 0x20) {
            if ids.count >= most { break }
            ids.append(contentsOf: self.ids(part))
        }
        if ids.count > most { ids.removeLast(ids.count - most) }
        return ids
    }

    /// Two generations of at most `mostKept` / 2 parts: a part that is used again moves from the older to the newer.
    private func ids(_ part: ArraySlice<UInt8>) -> [Int32] {
        if let kept = newer[part] { return kept }
        let ids = older[part] ?? computed(part)
        if part.count <= longestKept {
            if newer.count >= mostKept / 2 {
                older = newer
                newer.removeAll(keepingCapacity: true)
            }
            newer[ArraySlice(Array(part))] = ids
        }
        return ids
    }

    private func computed(_ part: ArraySlice<UInt8>) -> [Int32] {
        var ids: [Int32] = []
        for word in normalizer.words(normalizer.normalize(Array(part))) { wordPiece.encode(word, &ids) }
        return ids
    }
}
