/// Bytes as lower-case hex digits.
func hex(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
}

/// The bytes of lower-case hex digits, or nil if they are anything else.
func bytes(ofHex text: some Collection<UInt8>) -> [UInt8]? {
    let digits = text.map { hexDigit($0) }
    let isLower = text.allSatisfy { isDigit($0) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0) }
    if !isLower || digits.count % 2 != 0 { return nil }
    return stride(from: 0, to: digits.count, by: 2).map { digits[$0]! << 4 | digits[$0 + 1]! }
}
