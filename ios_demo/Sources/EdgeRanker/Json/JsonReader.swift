/// JSON as the texts of the project read it: no key twice, nothing after the value.
///
/// `strict` refuses NaN, infinities, 1e999 and halves of surrogate pairs. Without it they are read as values, so that a
/// request can name their path.
struct JsonReader {
    private static let mostDepth = 100
    private let bytes: [UInt8]
    private let strict: Bool
    private var at = 0

    /// A request: what is no number, and half of a character, is left to whoever knows its path.
    static func read(_ bytes: [UInt8]) throws -> JsonValue { try whole(bytes, strict: false) }

    /// A file of a bundle.
    static func readStrictly(_ bytes: [UInt8]) throws -> JsonValue { try whole(bytes, strict: true) }

    private static func whole(_ bytes: [UInt8], strict: Bool) throws -> JsonValue {
        try checkUtf8(bytes)
        var reader = JsonReader(bytes: bytes, strict: strict)
        let value = try reader.value(0)
        reader.skipSpace()
        if reader.at < bytes.count { throw JsonError("something follows the value at byte \(reader.at)") }
        return value
    }

    private init(bytes: [UInt8], strict: Bool) {
        self.bytes = bytes
        self.strict = strict
    }

    private mutating func value(_ depth: Int) throws -> JsonValue {
        if depth > Self.mostDepth { throw JsonError("it is nested too deeply") }
        skipSpace()
        switch try peek() {
        case UInt8(ascii: "{"): return try .object(object(depth))
        case UInt8(ascii: "["): return try .list(list(depth))
        case UInt8(ascii: "\""): return try .text(string())
        case UInt8(ascii: "t"): return try word("true", .flag(true))
        case UInt8(ascii: "f"): return try word("false", .flag(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "N"): return try .number(constant("NaN", .nan))
        case UInt8(ascii: "I"): return try .number(constant("Infinity", .infinity))
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default: throw unexpected()
        }
    }

    private mutating func object(_ depth: Int) throws -> JsonObject {
        var object = JsonObject()
        at += 1
        skipSpace()
        if take("}") { return object }
        while true {
            skipSpace()
            if try peek() != UInt8(ascii: "\"") { throw unexpected() }
            let key = try string()
            if object[key] != nil { throw JsonError("the key '\(shown(key))' stands twice in one object") }
            skipSpace()
            if !take(":") { throw unexpected() }
            _ = object.add(key, try value(depth + 1))
            skipSpace()
            if take("}") { return object }
            if !take(",") { throw unexpected() }
        }
    }

    private mutating func list(_ depth: Int) throws -> [JsonValue] {
        var values: [JsonValue] = []
        at += 1
        skipSpace()
        if take("]") { return values }
        while true {
            values.append(try value(depth + 1))
            skipSpace()
            if take("]") { return values }
            if !take(",") { throw unexpected() }
        }
    }

    private mutating func string() throws -> ByteText {
        at += 1
        var text: [UInt8] = []
        while true {
            let begin = at
            while try isPlain(peek()) { at += 1 }
            text.append(contentsOf: bytes[begin..<at])
            let byte = bytes[at]
            if byte < 0x20 { throw unexpected() }
            at += 1
            if byte == UInt8(ascii: "\"") { break }
            try escape(&text)
        }
        let result = ByteText(text)
        if strict && result.hasHalfOfPair {
            throw JsonError("a string holds half of a surrogate pair, before byte \(at)")
        }
        return result
    }

    private func isPlain(_ byte: UInt8) -> Bool {
        byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\") && byte >= 0x20
    }

    private mutating func escape(_ text: inout [UInt8]) throws {
        let byte = try peek()
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"): return append(try escapedPoint(), to: &text)
        default: throw unexpected()
        }
        at += 1
    }

    /// The code point of one escape, or of two that are the halves of a pair.
    private mutating func escapedPoint() throws -> UInt32 {
        let first = try unit()
        let isHigh = (0xD800...0xDBFF).contains(first)
        let another = at + 1 < bytes.count && bytes[at] == UInt8(ascii: "\\") && bytes[at + 1] == UInt8(ascii: "u")
        if !isHigh || !another { return first }
        let before = at
        at += 1
        let second = try unit()
        if (0xDC00...0xDFFF).contains(second) { return 0x10000 + (first - 0xD800) << 10 + (second - 0xDC00) }
        at = before
        return first
    }

    /// The four digits after `u`, on which the reader stands.
    private mutating func unit() throws -> UInt32 {
        at += 1
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = hexDigit(try peek()) else { throw unexpected() }
            unit = unit * 16 + UInt32(digit)
            at += 1
        }
        return unit
    }

    private mutating func number() throws -> JsonValue {
        let begin = at
        let negative = take("-")
        if negative && at < bytes.count && bytes[at] == UInt8(ascii: "I") {
            return try .number(-constant("Infinity", .infinity))
        }
        if !take("0") { try digits() }
        var integer = true
        if take(".") {
            try digits()
            integer = false
        }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            try digits()
            integer = false
        }
        let text = String(decoding: bytes[begin..<at], as: UTF8.self)
        if integer, let value = Int64(text) { return .integer(value) }
        guard let value = Double(text) else { throw JsonError("the number before byte \(at) cannot be read") }
        if strict && value.isInfinite { throw JsonError("the number before byte \(at) is too large") }
        return .number(value)
    }

    private mutating func digits() throws {
        if !isDigit(try peek()) { throw unexpected() }
        while at < bytes.count && isDigit(bytes[at]) { at += 1 }
    }

    private mutating func constant(_ name: StaticString, _ value: Double) throws -> Double {
        _ = try word(name, .null)
        if strict { throw JsonError("\(name) is no number of JSON") }
        return value
    }

    private mutating func word(_ name: StaticString, _ value: JsonValue) throws -> JsonValue {
        let matches = name.withUTF8Buffer { bytes[at...].starts(with: $0) }
        if !matches { throw unexpected() }
        at += name.utf8CodeUnitCount
        return value
    }

    private mutating func skipSpace() {
        while at < bytes.count {
            let byte = bytes[at]
            if byte != 0x20 && byte != 0x0A && byte != 0x0D && byte != 0x09 { return }
            at += 1
        }
    }

    private func peek() throws -> UInt8 {
        if at < bytes.count { return bytes[at] }
        throw JsonError("it ends too early")
    }

    private mutating func take(_ byte: Unicode.Scalar) -> Bool {
        if at >= bytes.count || bytes[at] != UInt8(ascii: byte) { return false }
        at += 1
        return true
    }

    private func unexpected() -> JsonError { JsonError("unexpected text at byte \(at)") }
}

func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

/// The value of a digit of either case, or nil.
func hexDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
}
