private let openBrace = UInt8(ascii: "{")
private let closeBrace = UInt8(ascii: "}")
private let openBracket = UInt8(ascii: "[")
private let closeBracket = UInt8(ascii: "]")

/// Reads a template from left to right (SPEC.md, section 3).
struct TemplateParser {
    private let name: String
    private let text: ByteText
    private let bytes: [UInt8]
    private var outer: [Template.Part] = []
    private var inner: [Template.Part]?
    private var opened = 0
    private var pending = 0

    init(_ text: ByteText, name: String) {
        self.name = name
        self.text = text
        bytes = text.bytes
    }

    mutating func parts() throws -> [Template.Part] {
        var at = 0
        while at < bytes.count { at = try step(at) }
        if inner != nil { throw error(opened, "'[[' is never closed", "add ]]") }
        addWords(upTo: bytes.count)
        return outer
    }

    /// Where reading goes on after what stands at a place.
    private mutating func step(_ at: Int) throws -> Int {
        let end: Int
        switch bytes[at] {
        case openBrace: end = try closing(at) + 1
        case closeBrace: throw error(at, "'}' without its other half")
        case openBracket, closeBracket:
            if at + 1 >= bytes.count || bytes[at + 1] != bytes[at] { return at + 1 }
            end = at + 2
        default: return at + 1
        }
        addWords(upTo: at)
        switch bytes[at] {
        case openBracket: try open(at)
        case closeBracket: try close(at)
        default: add(.field(try field(bytes[at + 1..<end - 1], at)))
        }
        pending = end
        return end
    }

    private func closing(_ at: Int) throws -> Int {
        for place in at + 1..<max(bytes.count, at + 1) {
            if bytes[place] == closeBrace { return place }
            if bytes[place] == openBrace { break }
        }
        throw error(at, "'{' without its other half")
    }

    private mutating func addWords(upTo end: Int) {
        if end > pending { add(.words(Array(bytes[pending..<end]))) }
    }

    private mutating func add(_ part: Template.Part) {
        if inner == nil { outer.append(part) } else { inner?.append(part) }
    }

    private mutating func open(_ at: Int) throws {
        if inner != nil { throw error(at, "a group inside a group", "close the first with ]]") }
        inner = []
        opened = at
    }

    private mutating func close(_ at: Int) throws {
        guard let parts = inner else { throw error(at, "']]' closes no group") }
        let hasField = parts.contains { if case .field = $0 { true } else { false } }
        if !hasField { throw error(opened, "a group without a field") }
        outer.append(.group(parts))
        inner = nil
    }

    private func field(_ body: ArraySlice<UInt8>, _ at: Int) throws -> Template.Field {
        let halves = body.split(separator: UInt8(ascii: "|"), maxSplits: 1, omittingEmptySubsequences: false)
        let path = ByteText(halves[0])
        if !isFieldName(path) { throw error(at, "'\(shown(path))' is not a field name", "letters, digits and _") }
        let column = column(at)
        if halves.count == 1 { return Template.Field(name: path, column: column, filter: nil, arguments: []) }
        let call = halves[1].split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false).map { ByteText($0) }
        guard let filter = Filter.allCases.first(where: { ByteText($0.rawValue) == call[0] }) else {
            let known = Filter.allCases.map(\.rawValue).joined(separator: ", ")
            throw error(at, "unknown filter '\(shown(call[0]))'", known)
        }
        if call.count - 1 != filter.arguments {
            throw error(at, "filter '\(filter.rawValue)' takes \(filter.arguments) arguments, got \(call.count - 1)")
        }
        return Template.Field(name: path, column: column, filter: filter, arguments: Array(call.dropFirst()))
    }

    private func column(_ at: Int) -> Int { codePointCount(bytes[..<at]) + 1 }

    private func error(_ at: Int, _ problem: String, _ fix: String = "") -> EdgeError {
        templateError(name, text, column(at), problem, fix)
    }
}

/// [A-Za-z_][A-Za-z0-9_]*
private func isFieldName(_ name: ByteText) -> Bool {
    guard let first = name.bytes.first, !isDigit(first) else { return false }
    return name.bytes.allSatisfy { byte in
        let letter = byte | 0x20
        return isDigit(byte) || byte == UInt8(ascii: "_") || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(letter)
    }
}
