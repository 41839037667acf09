/// A value that does not fit its filter. The template adds its name and the column.
struct WordingError: Error {
    let reason: String

    init(_ reason: String) { self.reason = reason }
}

/// What a field of a template does with its value (SPEC.md, section 3).
enum Filter: String, CaseIterable, Sendable {
    case number, percent, top, ago, list, choose, lower

    var arguments: Int { self == .choose ? 2 : 0 }
}

/// The words of a value that is not missing, by a filter or without one.
func words(of attribute: Attribute, _ filter: Filter?, _ arguments: [ByteText]) throws -> [UInt8] {
    switch filter {
    case nil: return try plainWords(attribute)
    case .number: return try Array(numberWords(attribute).utf8)
    case .percent: return try Array(percentWords(attribute).utf8)
    case .top: return try Array(topWords(attribute).utf8)
    case .ago: return try Array(agoWords(attribute).utf8)
    case .list: return try listWords(attribute)
    case .choose:
        guard case .flag(let flag) = attribute.value else { throw WordingError("needs true or false") }
        return arguments[flag ? 0 : 1].bytes
    case .lower:
        return try plainWords(attribute).map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 + 32 : $0 }
    }
}

private func plainWords(_ attribute: Attribute) throws -> [UInt8] {
    switch attribute.value {
    case .text(let text): text.bytes
    case .number: try Array(numberWords(attribute).utf8)
    case .flag(let flag): Array((flag ? "yes" : "no").utf8)
    default: try listWords(attribute)
    }
}

private func numberWords(_ attribute: Attribute) throws -> String {
    let decimal = try decimal(attribute)
    let (whole, half) = decimal.units(places: 2)
    let hundredths = whole + (half ? 1 : 0)
    if hundredths == 0 { return "0" }
    let (units, rest) = hundredths.quotientAndRemainder(dividingBy: 100)
    var words = (decimal.negative ? "-" : "") + String(units)
    if rest > 0 { words += rest % 10 == 0 ? ".\(rest / 10)" : rest < 10 ? ".0\(rest)" : ".\(rest)" }
    return words
}

/// floor(20 s + 1/2) counts the steps (2 k - 1) / 40 that s reaches.
private func percentWords(_ attribute: Attribute) throws -> String {
    let share = try share(attribute)
    let steps = (1...20).filter { !share.isBelow(UInt64(25 * (2 * $0 - 1)), places: 3) }.count
    return "about \(5 * steps) percent"
}

private func topWords(_ attribute: Attribute) throws -> String {
    let share = try share(attribute)
    for bound in [1, 2, 5, 10, 20, 50] as [UInt64] where !share.isAbove(bound, places: 2) {
        return "the \(bound) percent most"
    }
    return ""
}

private func agoWords(_ attribute: Attribute) throws -> String {
    let decimal = try decimal(attribute)
    if decimal.negative { return "moments ago" }
    let seconds = decimal.units(places: 0).whole
    let units: [(String, UInt64)] = [
        ("year", 31_536_000), ("month", 2_592_000), ("week", 604_800), ("day", 86_400), ("hour", 3_600), ("minute", 60),
    ]
    for (unit, length) in units where seconds >= length {
        let count = seconds / length
        return count == 1 ? "1 \(unit) ago" : "\(count) \(unit)s ago"
    }
    return "moments ago"
}

private func listWords(_ attribute: Attribute) throws -> [UInt8] {
    guard case .list(let list) = attribute.value else { throw WordingError("needs a list") }
    return Array(list.map(\.bytes).joined(separator: [UInt8(ascii: ","), UInt8(ascii: " ")]))
}

private func share(_ attribute: Attribute) throws -> Decimal {
    let decimal = try decimal(attribute)
    let isNegative = decimal.negative && decimal.significand > 0
    if isNegative || decimal.isAbove(1, places: 0) { throw WordingError("needs a share from 0 to 1") }
    return decimal
}

private func decimal(_ attribute: Attribute) throws -> Decimal {
    guard case .number(let number) = attribute.value, number.isFinite else { throw WordingError("needs a number") }
    if abs(number) > Limits.number { throw WordingError("needs a number between -1e15 and 1e15") }
    return Decimal(number)
}
