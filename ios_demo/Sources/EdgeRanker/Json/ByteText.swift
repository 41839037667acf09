/// A text as its UTF-8 bytes, equal to the same code points and to nothing else.
///
/// `String` compares by canonical equivalence, for which it reads the platform's Unicode data; SPEC.md compares code
/// points. Half of a surrogate pair is kept in the form of its code point, so that a request can name its path.
struct ByteText: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    var bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    init(_ bytes: ArraySlice<UInt8>) { self.bytes = Array(bytes) }

    init(_ text: String) { bytes = Array(text.utf8) }

    init(stringLiteral text: String) { self.init(text) }

    var isEmpty: Bool { bytes.isEmpty }

    var description: String { String(decoding: bytes, as: UTF8.self) }

    /// How many code points.
    var length: Int { codePointCount(bytes[...]) }

    /// Whether the text holds half of a surrogate pair.
    var hasHalfOfPair: Bool {
        for (index, byte) in bytes.enumerated() where byte == 0xED {
            if index + 1 < bytes.count, bytes[index + 1] >= 0xA0 { return true }
        }
        return false
    }

    func hasPrefix(_ prefix: ByteText) -> Bool { bytes.starts(with: prefix.bytes) }

    func dropping(_ count: Int) -> ByteText { ByteText(bytes[count...]) }
}

/// How many code points begin in the bytes.
func codePointCount(_ bytes: ArraySlice<UInt8>) -> Int {
    var count = 0
    for byte in bytes where byte & 0xC0 != 0x80 { count += 1 }
    return count
}

/// The code point that begins at a place, and the place after it. The bytes are those of a `ByteText`.
func codePoint(_ bytes: [UInt8], at index: Int) -> (point: UInt32, next: Int) {
    let first = UInt32(bytes[index])
    if first < 0x80 { return (first, index + 1) }
    let second = UInt32(bytes[index + 1]) & 0x3F
    if first < 0xE0 { return ((first & 0x1F) << 6 | second, index + 2) }
    let third = UInt32(bytes[index + 2]) & 0x3F
    if first < 0xF0 { return ((first & 0x0F) << 12 | second << 6 | third, index + 3) }
    return ((first & 0x07) << 18 | second << 12 | third << 6 | UInt32(bytes[index + 3]) & 0x3F, index + 4)
}

/// Appends the bytes of a code point, halves of surrogate pairs included.
func append(_ point: UInt32, to bytes: inout [UInt8]) {
    if point < 0x80 {
        bytes.append(UInt8(point))
    } else if point < 0x800 {
        bytes.append(UInt8(0xC0 | point >> 6))
        bytes.append(UInt8(0x80 | point & 0x3F))
    } else if point < 0x10000 {
        bytes.append(UInt8(0xE0 | point >> 12))
        bytes.append(UInt8(0x80 | point >> 6 & 0x3F))
        bytes.append(UInt8(0x80 | point & 0x3F))
    } else {
        bytes.append(UInt8(0xF0 | point >> 18))
        bytes.append(UInt8(0x80 | point >> 12 & 0x3F))
        bytes.append(UInt8(0x80 | point >> 6 & 0x3F))
        bytes.append(UInt8(0x80 | point & 0x3F))
    }
}
