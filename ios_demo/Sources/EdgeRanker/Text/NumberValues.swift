private let largestUnit = 2_147_483_648.0
let unitsToOne = 65_536.0

/// An attribute as a number; nil where it is missing. Errors: text and lists, with the path of the value.
func number(_ attributes: Attributes, _ name: ByteText, _ path: @autoclosure () -> String) throws -> Double? {
    let attribute = attributes[name]
    if attribute.isMissing { return nil }
    switch attribute.value {
    case .number(let number): return number
    case .flag(let flag): return flag ? 1 : 0
    default:
        let kind = if case .list = attribute.value { "a list" } else { "text" }
        throw EdgeError("\(path()).\(name) must be a number, not \(kind)", fix: "send a number, or leave it out")
    }
}

/// What a history reads of an event by `X` or `item.X`.
func number(of event: Event, _ field: ByteText, _ path: @autoclosure () -> String) throws -> Double? {
    if field.hasPrefix("item.") { return try number(event.item.attributes, field.dropping(5), path() + ".item") }
    return try number(event.attributes, field, path())
}

/// Calls `take` with the distinct values of an item's attribute, in order: a string in a list equals the same string alone.
func eachDistinctValue(_ item: Item, _ name: ByteText, _ take: (Attribute) -> Void) {
    let attribute = item.attributes[name]
    if attribute.isMissing { return }
    guard case .list(let list) = attribute.value else { return take(attribute) }
    for (place, text) in list.enumerated() where !isBlank(text) && !list[..<place].contains(text) {
        take(Attribute(.text(text)))
    }
}

/// v in units of 2^-16, limited and rounded, halves to even.
func units(of value: Double) -> Int64 {
    Int64((min(max(value, -largestUnit), largestUnit) * unitsToOne).rounded(.toNearestOrEven))
}
