import EdgeCoreML
import EdgeLiteRT
import EdgeONNX
import EdgeRanker
import EdgeReference

/// The engine with a name, which is the same as in Python. Errors: no engine has it, or this system lacks the engine.
package func engine(_ name: String, library: String?) throws -> EngineChoice {
    if library != nil && !["litert", "onnx"].contains(name) {
        throw EdgeError("the engine \(name) has no library", fix: "leave out --library, or add --engine litert")
    }
    switch name {
    case "reference": return .reference
    case "litert": return .liteRT(library: library)
    case "onnx": return .onnx(library: library)
    case "coreml":
        #if canImport(CoreML)
            if #available(iOS 18, macOS 15, tvOS 18, visionOS 2, watchOS 11, *) { return .coreML() }
        #endif
        throw EdgeError("this system has no Core ML with functions", fix: "macOS 15, or another engine")
    default: throw EdgeError("there is no engine \(name)", fix: "use one of: litert, onnx, reference, coreml")
    }
}
