/// The attributes of a record in the order in which they were given, none of them twice.
struct Attributes: Hashable, Sendable {
    private(set) var names: [ByteText] = []
    private(set) var values: [Attribute] = []
    private var places: [ByteText: Int] = [:]

    init() {}

    /// In the order of their names, so that of several faults always the same one is named.
    init(_ attributes: [String: Attribute]) {
        let named = attributes.map { (ByteText($0.key), $0.value) }
        for (name, value) in named.sorted(by: { $0.0.bytes.lexicographicallyPrecedes($1.0.bytes) }) { add(name, value) }
    }

    var count: Int { names.count }

    subscript(name: ByteText) -> Attribute { places[name].map { values[$0] } ?? .nothing }

    /// The name is one that is not there.
    mutating func add(_ name: ByteText, _ value: Attribute) {
        places[name] = names.count
        names.append(name)
        values.append(value)
    }

    static func == (left: Attributes, right: Attributes) -> Bool {
        left.count == right.count && left.names.allSatisfy { right.places[$0] != nil && left[$0] == right[$0] }
    }

    func hash(into hasher: inout Hasher) { hasher.combine(Set(names)) }
}
