import CONNX
import EdgeRanker

/// ONNX Runtime's library, found when the first model is opened, and its environment.
final class ONNXRuntime {
    let pointer: OpaquePointer

    /// `library`: a path; nil if the app is linked with it. Errors: it is not there, or too old.
    init(_ library: String?) throws {
        var reason = Reason()
        guard let pointer = edge_onnx_open(library, &reason.bytes) else {
            throw EdgeError("ONNX Runtime is not in this app", evidence: reason.text, fix: "add onnxruntime to it")
        }
        self.pointer = pointer
    }

    deinit { edge_onnx_close(pointer) }
}

/// A tensor of ONNX Runtime's, over memory of its own, or over memory that must live as long.
final class ONNXValue {
    let pointer: OpaquePointer
    private let runtime: ONNXRuntime

    init(_ pointer: OpaquePointer, _ runtime: ONNXRuntime) {
        self.pointer = pointer
        self.runtime = runtime
    }

    deinit { edge_onnx_free(runtime.pointer, pointer) }

    /// So many floats from a place on. Errors: there are fewer, or no floats.
    func read(from place: Int = 0, count: Int) throws -> [Float] {
        var size = 0
        guard let floats = edge_onnx_floats(runtime.pointer, pointer, &size), place + count <= size else {
            throw EdgeError("ONNX Runtime gives \(size) floats, not \(place + count)", fix: "export the bundle again")
        }
        return Array(UnsafeBufferPointer(start: floats + place, count: count))
    }
}

/// Where C writes why something failed.
struct Reason {
    var bytes = [CChar](repeating: 0, count: Int(EDGE_ONNX_TEXT))

    var text: String {
        let line = bytes.prefix { $0 != 0 && $0 != 0x0A }
        return String(decoding: line.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
