/// JSON in ASCII: strings with escapes, numbers as the shortest decimal that parses to the same double.
func writeJson(_ value: JsonValue) -> String {
    var out = ""
    write(value, &out)
    return out
}

private func write(_ value: JsonValue, _ out: inout String) {
    switch value {
    case .null: out += "null"
    case .flag(let flag): out += flag ? "true" : "false"
    case .integer(let integer): out += String(integer)
    case .number(let number): out += number.isFinite ? number.description : "null"
    case .text(let text): write(text, &out)
    case .list(let values):
        out += "["
        for (index, value) in values.enumerated() {
            if index > 0 { out += ", " }
            write(value, &out)
        }
        out += "]"
    case .object(let object):
        out += "{"
        for (index, key) in object.keys.enumerated() {
            if index > 0 { out += ", " }
            write(key, &out)
            out += ": "
            write(object.values[index], &out)
        }
        out += "}"
    }
}

private func write(_ text: ByteText, _ out: inout String) {
    out += "\""
    var index = 0
    while index < text.bytes.count {
        let (point, next) = codePoint(text.bytes, at: index)
        index = next
        switch point {
        case 0x22, 0x5C: out += "\\" + String(UnicodeScalar(UInt8(point)))
        case 0x20...0x7E: out.unicodeScalars.append(UnicodeScalar(UInt8(point)))
        case 0x10000...:
            out += unit(0xD800 + (point - 0x10000) >> 10) + unit(0xDC00 + (point - 0x10000) & 0x3FF)
        default: out += unit(point)
        }
    }
    out += "\""
}

private func unit(_ unit: UInt32) -> String {
    let digits = String(unit, radix: 16)
    return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
}
