import CONNX
import EdgeRanker

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// The graph of an entry point, and the names of its arrays as C reads them.
final class ONNXSession {
    private let name: String
    private let runtime: ONNXRuntime
    private let session: OpaquePointer
    private let inputs: [String]
    private let outputs: [String]
    private let inputNames: [UnsafePointer<CChar>?]
    private let outputNames: [UnsafePointer<CChar>?]

    /// Errors: ONNX Runtime refuses the file, or it is another model than the manifest describes.
    init(_ name: String, in folder: String, _ wanted: Signature, _ runtime: ONNXRuntime, threads: Int) throws {
        var reason = Reason()
        guard let session = edge_onnx_session(runtime.pointer, "\(folder)/\(name).onnx", Int32(threads), &reason.bytes) else {
            let problem = "\(name).onnx is not a model that ONNX Runtime reads"
            throw EdgeError(problem, evidence: reason.text, fix: "export the bundle again")
        }
        self.name = name
        self.runtime = runtime
        self.session = session
        inputs = wanted.inputs.keys.sorted()
        outputs = wanted.outputs.keys.sorted()
        inputNames = inputs.map { UnsafePointer(strdup($0)) }
        outputNames = outputs.map { UnsafePointer(strdup($0)) }
        try check(wanted.inputs, output: false)
        try check(wanted.outputs, output: true)
    }

    deinit {
        for name in inputNames + outputNames { free(UnsafeMutablePointer(mutating: name)) }
        edge_onnx_end(runtime.pointer, session)
    }

    /// Runs the graph; returns the outputs by name. Inputs come from `kept`, but `hidden` from the call before, if
    /// given.
    func run(_ kept: ONNXInputs, hidden: ONNXValue? = nil) throws -> [String: ONNXValue] {
        let values = try inputs.map { input in
            if input == "hidden", let hidden { return OpaquePointer?(hidden.pointer) }
            return try kept.pointer(input)
        }
        var results = [OpaquePointer?](repeating: nil, count: outputs.count)
        var reason = Reason()
        let status = edge_onnx_run(
            runtime.pointer, session, inputNames, values, values.count, outputNames, &results, results.count, &reason.bytes)
        if status != 0 { throw EdgeError("ONNX Runtime fails in \(name)", evidence: reason.text) }
        let made = results.compactMap { $0.map { ONNXValue($0, runtime) } }
        return Dictionary(uniqueKeysWithValues: zip(outputs, made))
    }

    /// Refuses a graph whose arrays differ: its scores would be wrong.
    private func check(_ wanted: [String: [Int]], output: Bool) throws {
        var found: [String: [Int]] = [:]
        for index in 0..<edge_onnx_arrays(runtime.pointer, session, output ? 1 : 0) {
            var array = EdgeOnnxArray()
            let isRead = edge_onnx_array(runtime.pointer, session, output ? 1 : 0, index, &array) == 0
            let name = withUnsafeBytes(of: array.name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            let element = Signature.integers.contains(name) ? EDGE_ONNX_INTEGER : EDGE_ONNX_FLOAT
            let extents = withUnsafeBytes(of: array.extents) { Array($0.bindMemory(to: Int64.self).prefix(array.rank)) }
            found[name] = isRead && array.element == Int32(element) ? extents.map { Int($0) } : []
        }
        for array in Set(found.keys).union(wanted.keys).sorted() where found[array] != wanted[array] {
            func shown(_ extents: [Int]?) -> String { extents.map { "\($0)" } ?? "absent" }
            let evidence = "\(output ? "output" : "input") \(array): \(shown(found[array])), not \(shown(wanted[array]))"
            let problem = "\(name).onnx is not the model that the manifest describes"
            throw EdgeError(problem, evidence: evidence, fix: "export the bundle again")
        }
    }
}
