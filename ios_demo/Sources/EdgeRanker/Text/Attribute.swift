/// A value of a user, an item or an event: a string, a number, true, false, nothing, or a list of strings.
public struct Attribute: Hashable, Sendable {
    enum Value: Hashable, Sendable {
        case nothing
        case flag(Bool)
        case number(Double)
        case text(ByteText)
        case list([ByteText])
    }

    let value: Value

    init(_ value: Value) { self.value = value }

    /// A value that is known to be unknown.
    public static let nothing = Attribute(.nothing)

    public init(_ text: String) { value = .text(ByteText(text)) }

    public init(_ number: Double) { value = .number(number) }

    public init(_ number: Int) { value = .number(Double(number)) }

    public init(_ flag: Bool) { value = .flag(flag) }

    public init(_ list: [String]) { value = .list(list.map { ByteText($0) }) }

    /// The text of a string, for an app that shows it; nil of any other value.
    public var text: String? {
        if case .text(let text) = value { return text.description }
        return nil
    }

    /// Absent, null, NaN, an empty list, or text of spaces alone.
    var isMissing: Bool {
        switch value {
        case .nothing: true
        case .flag: false
        case .number(let number): number.isNaN
        case .text(let text): isBlank(text)
        case .list(let list): list.isEmpty
        }
    }
}

extension Attribute: ExpressibleByStringLiteral, ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByNilLiteral {
    public init(stringLiteral text: String) { self.init(text) }

    public init(floatLiteral number: Double) { self.init(number) }

    public init(integerLiteral number: Int) { self.init(number) }

    public init(booleanLiteral flag: Bool) { self.init(flag) }

    public init(arrayLiteral list: String...) { self.init(list) }

    public init(nilLiteral: ()) { self = .nothing }
}

/// Zero or more spaces.
func isBlank(_ text: ByteText) -> Bool { text.bytes.allSatisfy { $0 == 0x20 } }
