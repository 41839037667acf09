import EdgeRanker

/// Makes each function of a package a graph of static shape, whose arrays must be those that ENGINE.md lists.
package final class CoreMLModel: BucketModel {
    private let functions: any CoreMLFunctions
    private let shape: ModelShape
    private var graphs: [String: CoreMLGraph] = [:]

    package init(_ functions: any CoreMLFunctions, _ shape: ModelShape) {
        self.functions = functions
        self.shape = shape
    }

    package func graph(_ name: String) throws -> any BucketGraph {
        if let graph = graphs[name] { return graph }
        guard let signature = Signature(bucket: name, shape) else { throw otherModel("it has no function \(name)") }
        let graph = CoreMLGraph(name, signature, functions)
        graphs[name] = graph
        return graph
    }
}

/// A function, with the inputs that were last written and the outputs of the last call.
private final class CoreMLGraph: BucketGraph {
    private let name: String
    private let signature: Signature
    private let functions: any CoreMLFunctions
    private var inputs: [String: CoreMLArray] = [:]
    private var outputs: [String: [Float]] = [:]

    init(_ name: String, _ signature: Signature, _ functions: any CoreMLFunctions) {
        self.name = name
        self.signature = signature
        self.functions = functions
    }

    func takes(_ input: String) -> Bool { signature.inputs[input] != nil }

    func write(_ input: String, _ parts: [[Float]]) throws {
        guard let extents = signature.inputs[input] else { return }
        let values = parts.count == 1 ? parts[0] : Array(parts.joined())
        try check(values.count, input, extents)
        inputs[input] = .floats(values, extents: extents)
    }

    func write(_ input: String, _ values: [Int32]) throws {
        guard let extents = signature.inputs[input] else { return }
        try check(values.count, input, extents)
        inputs[input] = .integers(values, extents: extents)
    }

    func run() throws {
        for input in signature.inputs.keys where inputs[input] == nil {
            throw EdgeError("nothing was written to \(input) of \(name)")
        }
        outputs = try functions.predict(name, inputs)
        for (output, extents) in signature.outputs { try check(outputs[output]?.count ?? 0, output, extents) }
    }

    func read(_ output: String, from place: Int, count: Int) throws -> [Float] {
        if count == 0 { return [] }
        guard let values = outputs[output], place + count <= values.count else {
            throw otherModel("\(name) has no \(place + count) values of \(output)")
        }
        return Array(values[place..<place + count])
    }

    private func check(_ count: Int, _ array: String, _ extents: [Int]) throws {
        if count != extents.reduce(1, *) { throw otherModel("\(array) of \(name) has \(count) values, not those of \(extents)") }
    }
}

private func otherModel(_ evidence: String) -> EdgeError {
    let problem = "Model.mlpackage is not the model that the manifest describes"
    return EdgeError(problem, evidence: evidence, fix: "export the bundle again")
}
