/// Errors: bytes that are not UTF-8, or start with a byte order mark.
func checkUtf8(_ bytes: [UInt8]) throws {
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { throw JsonError("it starts with a byte order mark") }
    var index = 0
    while index < bytes.count {
        let byte = bytes[index]
        if byte < 0x80 {
            index += 1
            continue
        }
        let length = lengthOfSequence(bytes, at: index)
        if length == 0 { throw JsonError("it is not UTF-8 text (byte \(index))") }
        index += length
    }
}

/// The length of the well-formed sequence of several bytes at a place, or 0 (Unicode, table 3-7).
private func lengthOfSequence(_ bytes: [UInt8], at index: Int) -> Int {
    let first = bytes[index]
    let length: Int
    var second: ClosedRange<UInt8> = 0x80...0xBF
    switch first {
    case 0xC2...0xDF: length = 2
    case 0xE0: (length, second) = (3, 0xA0...0xBF)
    case 0xED: (length, second) = (3, 0x80...0x9F)
    case 0xE1...0xEF: length = 3
    case 0xF0: (length, second) = (4, 0x90...0xBF)
    case 0xF1...0xF3: length = 4
    case 0xF4: (length, second) = (4, 0x80...0x8F)
    default: return 0
    }
    if index + length > bytes.count || !second.contains(bytes[index + 1]) { return 0 }
    for place in index + 2..<max(index + length, index + 2) where bytes[place] & 0xC0 != 0x80 { return 0 }
    return length
}
