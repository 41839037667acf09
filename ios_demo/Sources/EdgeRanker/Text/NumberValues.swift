private let largestUnit = 2_147_483_648.0
let unitsToOne = 65_536.0

/// An attribute as a number; nil where it is missing. Errors: text and lists, with the path of the value.
func number(_ attributes: Attributes, _ name: ByteText, _ path: String) throws -> Double? {
    let attribute = attributes[name]
    if attribute.isMissing { return nil }
    switch attribute.value {
    case .number(let number): return number
    case .flag(let flag): return flag ? 1 : 0
    default:
        let kind = if case .list = attribute.value { "a list" } else { "text" }
        throw EdgeError("\(path).\(name) must be a number, not \(kind)", fix: "send a number, or leave it out")
    }
}

/// What a history reads of an event by `X` or `item.X`.
func number(of event: Event, _ field: ByteText, _ path: String) throws -> Double? {
    if field.hasPrefix("item.") { return try number(event.item.attributes, field.dropping(5), path + ".item") }
    return try number(event.attributes, field, path)
}

/// The distinct values of an item's attribute, in order: a string in a list equals the same string alone.
func distinctValues(_ item: Item, _ name: ByteText) -> [Attribute] {
    let attribute = item.attributes[name]
    if attribute.isMissing { return [] }
    guard case .list(let list) = attribute.value else { return [attribute] }
    var values: [Attribute] = []
    for text in list where !isBlank(text) && !values.contains(Attribute(.text(text))) {
        values.append(Attribute(.text(text)))
    }
    return values
}

/// v in units of 2^-16, limited and rounded, halves to even.
func units(of value: Double) -> Int64 {
    Int64((min(max(value, -largestUnit), largestUnit) * unitsToOne).rounded(.toNearestOrEven))
}
