/// A text for an error: printable ASCII, and not long.
func shown(_ text: ByteText) -> String {
    let cut = text.bytes.prefix(57).map { (0x20...0x7E).contains($0) ? $0 : UInt8(ascii: "?") }
    return String(decoding: cut, as: UTF8.self) + (text.bytes.count > 57 ? "..." : "")
}

/// A value for an error.
func shown(_ value: JsonValue?) -> String {
    guard let value else { return "nothing" }
    switch value {
    case .text(let text): return "'\(shown(text))'"
    case .list: return "a list"
    case .object: return "an object"
    case .number(let number) where !number.isFinite: return number.isNaN ? "NaN" : "an infinity"
    default: return writeJson(value)
    }
}
