import CLiteRT
import EdgeRanker

/// A `model.tflite`, its signatures, and a buffer for each of their arrays.
final class LiteRTModel: BucketModel {
    private let file: FileBytes
    private let model: OpaquePointer
    private var signatures: [String: Int] = [:]
    private var graphs: [String: LiteRTGraph] = [:]

    /// Errors: LiteRT is not in the program, or refuses the file.
    init(_ file: FileBytes, library: String?, threads: Int) throws {
        self.file = file
        let bytes = file.bytes
        var reason = [CChar](repeating: 0, count: Int(EDGE_LITERT_ERROR))
        guard let model = edge_litert_open(library, bytes.baseAddress, bytes.count, Int32(threads), &reason) else {
            let text = String(decoding: reason.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            throw EdgeError("LiteRT cannot open the model", evidence: text, fix: "add LiteRT to the app, or export again")
        }
        self.model = model
        for index in 0..<edge_litert_signatures(model) {
            if let name = edge_litert_signature(model, index) { signatures[String(cString: name)] = Int(index) }
        }
    }

    deinit {
        graphs = [:]
        edge_litert_close(model)
    }

    /// Errors: the model has no such signature.
    func graph(_ name: String) throws -> any BucketGraph {
        if let graph = graphs[name] { return graph }
        guard let signature = signatures[name] else {
            let problem = "model.tflite is not the model that the manifest describes"
            throw EdgeError(problem, evidence: "it has no signature \(name)", fix: "export the bundle again")
        }
        let graph = try LiteRTGraph(model, signature, name)
        graphs[name] = graph
        return graph
    }
}

/// A signature of a model, with its buffers by name. The model outlives it.
final class LiteRTGraph: BucketGraph {
    private let name: String
    private let model: OpaquePointer
    private let signature: Int
    private let inputNames: [String]
    private let outputNames: [String]
    private let inputs: [OpaquePointer?]
    private let outputs: [OpaquePointer?]

    init(_ model: OpaquePointer, _ signature: Int, _ name: String) throws {
        self.name = name
        self.model = model
        self.signature = signature
        (inputNames, inputs) = arrays(model, signature, output: false)
        (outputNames, outputs) = arrays(model, signature, output: true)
        if (inputs + outputs).contains(where: { $0 == nil }) { throw EdgeError("LiteRT gives no buffers for \(name)") }
    }

    deinit {
        for buffer in inputs + outputs { if let buffer { edge_litert_free(buffer) } }
    }

    func takes(_ input: String) -> Bool { inputNames.contains(input) }

    func write(_ input: String, _ parts: [[Float]]) throws { try writeParts(input, parts) }

    func write(_ input: String, _ values: [Int32]) throws { try writeParts(input, [values]) }

    private func writeParts<Number>(_ input: String, _ parts: [[Number]]) throws {
        guard let index = inputNames.firstIndex(of: input), let buffer = inputs[index] else { return }
        var offset = 0
        for part in parts {
            let status = part.withUnsafeBytes { edge_litert_write(buffer, $0.baseAddress, offset, $0.count) }
            if status != 0 { throw wrongSize(input) }
            offset += part.count * MemoryLayout<Number>.stride
        }
        if offset != edge_litert_size(buffer) { throw wrongSize(input) }
    }

    func read(_ output: String, from place: Int, count: Int) throws -> [Float] {
        if count == 0 { return [] }
        guard let index = outputNames.firstIndex(of: output), let buffer = outputs[index] else { throw wrongSize(output) }
        return try [Float](unsafeUninitializedCapacity: count) { values, initialized in
            if edge_litert_read(buffer, values.baseAddress, 4 * place, 4 * count) != 0 { throw wrongSize(output) }
            initialized = count
        }
    }

    func run() throws {
        if edge_litert_run(model, signature, inputs, inputs.count, outputs, outputs.count) != 0 {
            throw EdgeError("LiteRT fails in \(name)")
        }
    }

    private func wrongSize(_ array: String) -> EdgeError {
        let problem = "model.tflite is not the model that the manifest describes"
        return EdgeError(problem, evidence: "the size of \(array) of \(name)", fix: "export the bundle again")
    }
}

private func arrays(_ model: OpaquePointer, _ signature: Int, output: Bool) -> ([String], [OpaquePointer?]) {
    let count = edge_litert_arrays(model, signature, output ? 1 : 0)
    let names = (0..<count).map { array in
        edge_litert_array(model, signature, output ? 1 : 0, array).map { String(cString: $0) } ?? ""
    }
    return (names, (0..<count).map { edge_litert_buffer(model, signature, output ? 1 : 0, $0) })
}
