private let mostCharacters = 200
private let mostComponents = 12
private let reserved: Set<String> = Set(
    ["con", "prn", "aux", "nul"] + (0...9).flatMap { ["com\($0)", "lpt\($0)"] })

/// Whether a name is a plain relative path on every system (BUNDLE.md, section 4).
func isFileName(_ name: [UInt8]) -> Bool {
    let components = name.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    return name.count <= mostCharacters && components.count <= mostComponents && components.allSatisfy(isComponent)
}

private func isComponent(_ part: ArraySlice<UInt8>) -> Bool {
    guard let first = part.first, part.last != UInt8(ascii: ".") else { return false }
    if !part.allSatisfy({ isWord($0) || ".@+-".utf8.contains($0) }) || !isWord(first) { return false }
    return !reserved.contains(String(decoding: part.prefix { $0 != UInt8(ascii: ".") }.map(lowered), as: UTF8.self))
}

private func isWord(_ byte: UInt8) -> Bool {
    isDigit(byte) || byte == UInt8(ascii: "_") || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(lowered(byte))
}

/// Whether two names are equal without regard to case, or one is a directory of another.
func clash(_ names: [[UInt8]]) -> Bool {
    let seen = Set(names.map { $0.map(lowered) })
    if seen.count < names.count { return true }
    return seen.contains { name in
        name.indices.contains { name[$0] == UInt8(ascii: "/") && seen.contains(Array(name[..<$0])) }
    }
}

/// A-Z as a-z; names are ASCII.
private func lowered(_ byte: UInt8) -> UInt8 {
    (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte + 32 : byte
}
