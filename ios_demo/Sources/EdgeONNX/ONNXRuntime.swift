import CONNX
import EdgeRanker

/// ONNX Runtime's library, which is looked up when a model is opened, and its environment.
final class ONNXRuntime {
    let pointer: OpaquePointer

    /// `library`: a path; nil if the app links it. Errors: it is missing or too old.
    init(_ library: String?) throws {
        var reason = Reason()
        guard let pointer = edge_onnx_open(library, &reason.bytes) else {
            throw EdgeError("ONNX Runtime is not in this app", evidence: reason.text, fix: "add onnxruntime to it")
        }
        self.pointer = pointer
    }

    deinit { edge_onnx_close(pointer) }
}

/// A tensor of ONNX Runtime, over memory of its own or over memory of ours, which must live as long as the tensor.
final class ONNXValue {
    let pointer: OpaquePointer
    private let runtime: ONNXRuntime

    init(_ pointer: OpaquePointer, _ runtime: ONNXRuntime) {
        self.pointer = pointer
        self.runtime = runtime
    }

    deinit { edge_onnx_free(runtime.pointer, pointer) }

    /// Reads `count` floats from `place` on. Errors: there are fewer, or the elements are not floats.
    func read(from place: Int = 0, count: Int) throws -> [Float] {
        var size = 0
        guard let floats = edge_onnx_floats(runtime.pointer, pointer, &size), place + count <= size else {
            throw EdgeError("ONNX Runtime gives \(size) floats, not \(place + count)", fix: "export the bundle again")
        }
        return Array(UnsafeBufferPointer(start: floats + place, count: count))
    }
}

/// The text in which C code says why a call failed.
struct Reason {
    var bytes = [CChar](repeating: 0, count: Int(EDGE_ONNX_TEXT))

    var text: String {
        let line = bytes.prefix { $0 != 0 && $0 != 0x0A }
        return String(decoding: line.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
