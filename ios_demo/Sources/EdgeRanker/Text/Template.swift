/// A parsed template (SPEC.md, section 3). Every error names the template and a column, in code points from 1.
struct Template: Sendable {
    enum Part: Sendable {
        case words([UInt8])
        case field(Field)
        case group([Part])
    }

    struct Field: Sendable {
        let name: ByteText
        let column: Int
        let filter: Filter?
        let arguments: [ByteText]
    }

    private let name: String
    private let text: ByteText
    private let parts: [Part]

    /// Errors: unclosed or nested braces and groups, a bad field name, filter or number of arguments.
    init(_ text: ByteText, name: String) throws {
        self.name = name
        self.text = text
        var parser = TemplateParser(text, name: name)
        parts = try parser.parts()
    }

    /// The text for a scope of names and values. Errors: a field outside a group has no value, a filter does not fit.
    func render(_ scope: Attributes) throws -> ByteText {
        var joined: [UInt8] = []
        for part in parts {
            switch part {
            case .words(let words): joined.append(contentsOf: words)
            case .field(let field): joined.append(contentsOf: try required(field, scope[field.name]))
            case .group(let parts): joined.append(contentsOf: try group(parts, scope))
            }
        }
        return ByteText(singleSpaces(joined))
    }

    private func required(_ field: Field, _ value: Attribute) throws -> [UInt8] {
        if !value.isMissing { return try words(field, value) }
        let problem = "'\(field.name)' has no value"
        let fix = "give the record that attribute, or put it into [[ ]]"
        throw templateError(name, text, field.column, problem, fix)
    }

    private func group(_ parts: [Part], _ scope: Attributes) throws -> [UInt8] {
        var joined: [UInt8] = []
        for part in parts {
            if case .words(let words) = part { joined.append(contentsOf: words) }
            guard case .field(let field) = part else { continue }
            let value = scope[field.name]
            let found = value.isMissing ? [] : try words(field, value)
            if found.isEmpty { return [] }
            joined.append(contentsOf: found)
        }
        return joined
    }

    private func words(_ field: Field, _ value: Attribute) throws -> [UInt8] {
        do {
            return try EdgeRanker.words(of: value, field.filter, field.arguments)
        } catch let error as WordingError {
            let what = field.filter.map { "filter '\($0.rawValue)' of '\(field.name)'" } ?? "'\(field.name)'"
            throw templateError(name, text, field.column, "\(what) \(error.reason)")
        }
    }
}

func templateError(_ name: String, _ text: ByteText, _ column: Int, _ problem: String, _ fix: String = "") -> EdgeError {
    EdgeError("template '\(name)' column \(column): \(problem)", evidence: text.description, fix: fix)
}

private func singleSpaces(_ text: [UInt8]) -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(text.count)
    for byte in text where byte != 0x20 || (!out.isEmpty && out.last != 0x20) { out.append(byte) }
    if out.last == 0x20 { out.removeLast() }
    return out
}
